"""What is compared: random search keeps to its budget, and our doctor's findings are read as they are."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from benchmarks.doctor.methods import ours, random_search, unrepaired
from benchmarks.doctor.outcome import Found
from benchmarks.doctor.programs import bases, written
from benchmarks.doctor.repairs import REPAIRS, drawn
from benchmarks.doctor.training import Measured, Trained

from benchmarks.doctor import methods
from chainrule import nn

PROGRAM = replace(written("sine", "shallow", 0), epochs=10, rate=0.001)
PER_EPOCH = PROGRAM.steps // 10


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Training is made up: its loss is the distance of the rate from 0.1; gives what was trained."""
    calls: list[Any] = []

    def trained(program, **more):
        calls.append((program, more))
        history = [{"step": program.steps, "epoch": program.epochs}]
        finding = SimpleNamespace(
            symptom="slow_loss",
            severity="note",
            causes=["learning_rate_too_low"],
            trials=[SimpleNamespace(steps=30), SimpleNamespace(steps=20)],
        )
        run: Any = SimpleNamespace(history=history, rate=program.rate, diagnosis=[finding])
        return Trained(run, 2.0 if more else 1.0, "")

    def measured(run, program, rows):
        return Measured(run.rate, abs(run.rate - 0.1))

    monkeypatch.setattr(methods, "trained", trained)
    monkeypatch.setattr(methods, "measured", measured)
    return calls


@pytest.mark.parametrize(
    ("budget", "trainings"), [(0, 1), (PER_EPOCH, 2), (10 * PER_EPOCH, 2), (25 * PER_EPOCH, 4)]
)
def test_random_search_begins_a_training_while_steps_are_left(made_up, budget, trainings):
    rates = iter([0.5, 0.09, 7.0])
    found = random_search(
        PROGRAM, PROGRAM, budget, lambda program, random: ("", replace(program, rate=next(rates)))
    )
    assert len(made_up) == trainings
    assert found.steps == (trainings - 1) * PROGRAM.steps
    assert found.figure == {1: 0.001, 2: 0.001, 4: 0.09}[trainings]


def test_a_longer_training_takes_no_more_than_the_budget_leaves(made_up):
    random_search(
        PROGRAM, PROGRAM, 14 * PER_EPOCH, lambda program, random: ("", replace(program, epochs=300))
    )
    assert [program.epochs for program, _ in made_up] == [10, 14]


def test_our_doctor_is_asked_to_repair_and_its_trials_count_as_steps(made_up):
    twin = replace(PROGRAM, rate=0.01)
    found = ours(PROGRAM, twin, 0)
    assert [(program.rate, program.epochs, more) for program, more in made_up] == [
        (0.01, 1, {}),
        (0.01, 10, {}),
        (0.001, 10, {"doctor": "repair"}),
    ]
    assert (found.seconds, found.twin_seconds, found.steps) == (2.0, 1.0, PROGRAM.steps + 80)
    assert found.findings == (Found("slow_loss", "note", ("learning_rate_too_low",)),)


def test_an_unrepaired_program_is_trained_and_watched_by_the_rules():
    found = unrepaired(replace(PROGRAM, epochs=2), PROGRAM, 0)
    assert found.steps == 2 * PER_EPOCH
    assert found.figure is not None
    faster = unrepaired(replace(PROGRAM, epochs=2, rate=3.0), PROGRAM, 0)
    assert "deep_diagnosis.dead_node" in [each.symptom for each in faster.findings]


def test_drawn_repairs_change_the_program_and_the_same_state_draws_the_same():
    for name in bases()[::7]:
        program = written(*name)
        draws = [drawn(program, np.random.default_rng(seed)) for seed in range(20)]
        assert all(repaired != program for _, repaired in draws)
        assert draws == [drawn(program, np.random.default_rng(seed)) for seed in range(20)]


@pytest.mark.parametrize("repair", REPAIRS)
def test_every_repair_is_drawn_for_some_program(repair):
    random = np.random.default_rng(0)
    broken = [
        replace(
            program,
            momentum=0.99,
            l2=0.1,
            batch_size=500,
            shuffle=False,
            network=replace(program.network, bias=nn.constant(-1.0)),
            examples=replace(program.examples, spread=3.0, target_scale=100.0),
        )
        for program in (written(*name) for name in bases()[::5])
    ]
    assert any(REPAIRS[repair](program, random) != program for program in broken)
