"""The yardstick by hand-worked numbers: classes, numbers, and what only the loss can measure."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from chainrule import nn
from chainrule.data import as_arrays
from chainrule.doctor import yardstick
from chainrule.training import Objective, Programs, Recipe, Recorded, Supervised
from chainrule.training.attending import Patient
from chainrule.training.supply import supply_of

X = np.arange(6.0).reshape(6, 1)


def patient(y, model, loss: Any = None, objective: Any = None) -> Patient:
    recipe = Recipe(objective or Supervised(model, loss))
    supply = supply_of(Programs(recipe, "numpy"), as_arrays((X, y), np.float32))
    return Patient(recipe, supply, None)


def scored(given: Patient, **tree) -> np.ndarray:
    names = (name if "." in name else f"dense_1.{name}" for name in tree)
    arrays = {name: np.asarray(each, np.float32) for name, each in zip(names, tree.values(), strict=True)}
    return yardstick.scores(given, arrays, given.data.sample)


DENSE = {"weight": np.zeros((1, 3)), "bias": np.log([0.5, 0.25, 0.25])}


def test_of_classes_it_is_the_negative_logarithm_of_their_probability_each_class_counting_alike():
    y = np.array([0, 1, 2, 0, 0, 1])
    given = patient(y, nn.Dense(3), nn.SoftmaxCrossEntropy())
    expected = -np.log([0.5, 0.25, 0.25, 0.5, 0.5, 0.25])
    weights = np.array([2 / 3, 1, 2, 2 / 3, 2 / 3, 1])  # 6 examples / (3 classes · 3, 2, 1 of the class)
    np.testing.assert_allclose(scored(given, **DENSE), weights * expected, rtol=1e-6)


def test_it_does_not_depend_on_the_loss_and_is_bounded():
    y = np.eye(3)[[0, 1, 2, 0, 0, 1]]
    given = patient(y, nn.Dense(3), nn.MeanSquaredError())
    found = scored(given, weight=np.zeros((1, 3)), bias=[0.5, 0.25, 0.25])
    weights = np.array([2 / 3, 1, 2, 2 / 3, 2 / 3, 1])
    np.testing.assert_allclose(found, -weights * np.log([0.5, 0.25, 0.25, 0.5, 0.5, 0.25]), rtol=1e-6)
    broken = scored(given, weight=np.full((1, 3), np.nan), bias=np.zeros(3))
    np.testing.assert_allclose(broken, -weights * np.log(0.01))


def test_of_numbers_it_is_the_squared_error_in_variances():
    y = np.array([0.0, 2, 0, 2, 0, 2]).reshape(6, 1)  # deviation 1
    given = patient(y, nn.Dense(1), nn.MeanAbsoluteError())
    np.testing.assert_allclose(scored(given, weight=[[0]], bias=[1]), np.ones(6), rtol=1e-6)
    np.testing.assert_allclose(scored(given, weight=[[0]], bias=[100]), np.full(6, 4.0))
    assert yardstick.constant_score(given, given.data.sample) == pytest.approx(1.0)


def test_the_best_constant_answer_gives_each_class_the_same_share():
    y = np.array([0, 0, 0, 1, 1, 2])
    given = patient(y, nn.Dense(3), nn.SoftmaxCrossEntropy())
    assert yardstick.constant_score(given, given.data.sample) == pytest.approx(np.log(3), rel=1e-6)
    even = scored(given, weight=np.zeros((1, 3)), bias=np.zeros(3))
    assert even.mean() == pytest.approx(np.log(3), rel=1e-6)


def test_many_whole_numbers_for_one_output_are_no_classes():
    y = np.arange(6) * 10
    assert yardstick.class_numbers(y, 3) is y
    assert yardstick.class_numbers(y, 1) is y
    assert yardstick.class_numbers(np.arange(30), 1) is None
    assert yardstick.class_numbers(y - 10, 1) is None


@dataclass(frozen=True)
class Own(Objective):
    """A loss without outputs to compare with targets."""

    model: nn.Layer

    def record(self, inputs):
        y = self.model(inputs["x"])
        return Recorded((y * y).mean(), y)


def test_an_objective_of_ones_own_is_measured_by_its_loss():
    given = patient(np.zeros((6, 1)), None, objective=Own(nn.Dense(1)))
    found = scored(given, **{"model.weight": [[1.0]], "model.bias": [0.0]})
    np.testing.assert_allclose(found, X[:, 0] ** 2)  # six groups of one
    assert yardstick.constant_score(given, given.data.sample) == 0


def test_a_quantile_is_measured_by_its_loss():
    y = np.array([0.0, 2, 0, 2, 0, 2]).reshape(6, 1)
    given = patient(y, nn.Dense(1), nn.Quantile((0.9,)))
    found = scored(given, weight=[[0]], bias=[1.0])  # too low by 1 costs 0.9, too high by 1 costs 0.1
    np.testing.assert_allclose(found, [0.1, 0.9] * 3, rtol=1e-6)
    assert yardstick.constant_score(given, given.data.sample) == 0
