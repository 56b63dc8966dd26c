"""The noise scale beside the one that numpy computes from every example's own gradient."""

import numpy as np
import pytest

import chainrule
from chainrule import nn
from chainrule.data import as_arrays
from chainrule.doctor.symptoms import Course
from chainrule.doctor.symptoms.noise import gradient_noise, noise_scale
from chainrule.training import Programs, Recipe, RunState, Supervised
from chainrule.training.attending import Patient
from chainrule.training.fitting import starting_tree_of
from chainrule.training.supply import supply_of

ROWS = 4000


def course(noise: float, rows: int, score: float = 1.0) -> tuple[Course, np.ndarray]:
    """A linear model at weights of 0, and the gradient of every example by hand: -2 y (x, 1)."""
    random = np.random.default_rng(0)
    x = random.normal(size=(ROWS, 3)).astype(np.float32)
    y = (x @ [1.0, -2.0, 0.5] + noise * random.normal(size=ROWS)).astype(np.float32)[:, None]
    recipe = Recipe(
        Supervised(nn.Dense(1, weight=nn.zeros), nn.MeanSquaredError()), nn.sgd(0.01), batch_size=rows
    )
    programs = Programs(recipe, "native")
    patient = Patient(recipe, supply_of(programs, as_arrays((x, y), np.float32)), None)
    state = RunState(starting_tree_of(recipe, patient.data, programs))
    each = -2 * y * np.hstack([x, np.ones((ROWS, 1))])
    return Course(patient, state, ((1, score),), 1.0, patient.data.sample, np.ones(ROWS)), each


@pytest.mark.parametrize("noise", [0.0, 1.0, 5.0])
def test_the_noise_scale_is_that_of_every_example_s_own_gradient(noise):
    seen, each = course(noise, 1000)
    wanted = each.var(0, ddof=1).sum() / (each.mean(0) ** 2).sum()
    assert noise_scale(seen) == pytest.approx(wanted, rel=0.25)


def test_batches_are_too_large_where_a_tenth_of_them_would_do():
    found = list(gradient_noise(course(0.0, 1000)[0]))
    assert [*found[0].causes] == ["batch_size_too_large"]
    assert found[0].evidence["rows"] == 1000
    assert not list(gradient_noise(course(0.0, 32)[0]))
    assert not list(gradient_noise(course(30.0, 200)[0]))
    assert not list(gradient_noise(course(0.0, 1000, score=0.1)[0]))  # it has learned what there is


def test_a_training_in_whole_batches_is_suspected(digits):
    network = nn.Sequential([nn.Dense(32, "relu"), nn.Dense(10)])
    run = chainrule.train(
        network, digits, loss="cross_entropy", batch_size=1400, epochs=8, validation=0.2, doctor="watch",
        progress=False,
    )  # fmt: skip
    assert "gradient_noise" in [each.symptom for each in run.diagnosis]
