"""Choosing the list, with made-up measurements: the unhealthy and the harmless are left out."""

from dataclasses import replace
from typing import Any

import pytest
from benchmarks.doctor.choose import Bench, faulty, healthy_bases, imperfect, measure, settled, told
from benchmarks.doctor.measuring import Kept
from benchmarks.doctor.programs import Program, written
from benchmarks.progress import Progress

from benchmarks.doctor import choose
from chainrule import nn

BASES = [("digits", "shallow", 0), ("digits", "shallow", 1), ("digits", "middle", 0)]


def figure(program: Program) -> float:
    """Learning rates of 3 times the usual one are best; one base is worse; what faults hurt is made up."""
    usual = 0.01 if program.optimizer == "momentum" else 0.001
    good = 0.95 if 2 * usual < program.rate < 4 * usual else 0.7
    if program.network.depth > 4:
        return 0.5
    if program.batch_size > 700:
        return 0.3  # half of the examples, and all of them
    return 0.6 if "constant" in repr(program.network.bias) else good


@pytest.fixture
def bench(tmp_path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    def made_up(program: Program) -> dict[str, Any]:
        return {"figure": figure(program), "loss": 1.0, "seconds": 2.0, "busy": 2.0, "refused": ""}

    monkeypatch.setattr(choose, "measure", made_up)
    monkeypatch.setattr(choose, "bases", lambda: BASES)
    return Bench(Kept(tmp_path / "choosing.jsonl"), 1, Progress())


def test_programs_are_chosen_by_what_is_measured(bench):
    entries = settled(bench)
    assert [entry.rate for entry in entries] == [0.003, 0.003, 0.01]  # the last is no better with any
    good = healthy_bases(bench, entries)
    assert [entry.family for entry in good] == ["shallow", "shallow"]
    assert good[0].figures == good[0].twin_figures == (0.95, 0.95, 0.95)
    assert good[0].seconds == 2.0

    with_flaws = imperfect(bench, good)
    assert {entry.imperfection for entry in with_flaws}.isdisjoint({"rate_higher", "rate_lower"})

    bad = faulty(bench, good)
    by_cause = {(entry.cause, entry.grade) for entry in bad}
    assert {grade for cause, grade in by_cause if cause == "batch_size_too_large"} == {3}
    assert "momentum_too_high" not in {cause for cause, _ in by_cause}
    assert all(min(entry.twin_figures) - max(each or 0 for each in entry.figures) > 0.05 for entry in bad)
    assert len({entry.name for entry in bad}) == len(bad)

    text = told([*good, *with_flaws, *bad])
    assert f"{len(bad)} programs with a fault, {len(good) + len(with_flaws)} healthy" in text
    assert "momentum_too_high" in text.splitlines()[-1]


def test_what_is_measured_is_what_training_gives():
    program = replace(written("sine", "shallow", 0), epochs=1)
    line = measure(program)
    assert 0 < line["figure"] < 2
    assert line["seconds"] > 0
    refused = measure(replace(program, loss=nn.Poisson()))
    assert (refused["figure"], bool(refused["refused"])) == (None, True)
