"""What the doctor judges by: what trials may cost, and what is a problem."""

import numpy as np
import pytest

from chainrule import nn
from chainrule.data import as_arrays, split
from chainrule.doctor import judging
from chainrule.doctor.journal import Journal
from chainrule.doctor.judging import BUDGET, Judge
from chainrule.doctor.trials import Verdict
from chainrule.training import Programs, Recipe, Supervised
from chainrule.training.attending import Patient
from chainrule.training.findings import Trial
from chainrule.training.supply import supply_of

CONSTANT = 1.0


def patient() -> Patient:
    model = nn.Sequential([nn.Dense(16, "tanh"), nn.Dense(1)])
    recipe = Recipe(Supervised(model, nn.MeanSquaredError()), nn.adam(0.001), epochs=50, batch_size=30)
    x = np.random.default_rng(0).normal(size=(400, 4))
    training, held_out = split(as_arrays((x, x[:, :1]), np.float32), 0.25, 0)
    programs = Programs(recipe, "native")
    return Patient(recipe, supply_of(programs, training), supply_of(programs, held_out))


def judge(*visits: tuple[int, float], repaired: bool = False) -> Judge:
    journal = Journal([])
    if repaired:
        journal.repaired(
            0, 0, Trial("a repair", "dead_units", 10, 1.0, 0.5, 0.0, helped=True), {"epochs": 50}
        )
    for step, score in visits:
        journal.visited(step, score)
    return Judge(patient(), journal, CONSTANT)


def verdict(unchanged: float, end: float) -> Verdict:
    trial = Trial("a repair", "dead_units", 10, unchanged, end, 0.0, helped=True)
    return Verdict((trial,), (end,), unchanged, 0, 10)


@pytest.fixture(autouse=True)
def nothing_is_free(monkeypatch):
    monkeypatch.setattr(judging, "cheap_steps", lambda patient: 0)


def test_trials_cost_a_share_of_the_training():
    assert judge((0, 1.0), (50, 0.9)).left(BUDGET) == BUDGET * 500


def test_where_training_goes_well_they_cost_a_share_of_what_is_sure_to_be_trained():
    """Early stopping may end it long before the last epoch that was planned."""
    assert judge((0, 1.0), (50, 0.1)).left(BUDGET) == BUDGET * 50
    assert judge((0, 1.0), (500, 0.1)).left(BUDGET) == BUDGET * 500


def test_after_a_repair_a_smaller_gain_is_worth_more_epochs():
    healthy, repaired = judge((0, 1.0), (250, 0.2)), judge((0, 1.0), (250, 0.2), repaired=True)
    gained = verdict(0.2, 0.17)
    assert not healthy.is_problem(gained, healthy.enough(0.2))
    assert repaired.is_problem(gained, repaired.enough(0.2))
    assert not healthy.is_far_above(gained)
    assert repaired.is_far_above(gained)
    assert not repaired.is_problem(gained)  # a further repair is judged as the first one was


def test_before_the_first_step_what_learns_by_itself_has_no_problem_yet():
    """Trials as short as that can't tell how it will end."""
    before, later = judge((0, 1.0)), judge((0, 1.0), (25, 0.9), (50, 0.8))
    learns, stands_still = verdict(0.3, 0.1), verdict(0.9, 0.7)
    assert not before.is_problem(learns)
    assert before.is_problem(stands_still)
    assert later.is_problem(learns)
