import numpy as np
import pytest
from sklearn import datasets
from tests.doctor.programs import D, S, arrays, cancer, examined, friedman, uneven, wine

from chainrule import nn
from chainrule.doctor.checks.targets import class_balance, target_scale


def numbers(y, **settings):
    model = S([D(32, "relu"), D(1)])
    return examined((model, (friedman()[0], y), {"loss": "mean_squared_error", "epochs": 60} | settings))


def test_large_targets_are_a_problem_where_scaling_helps():
    (found,) = target_scale(numbers(1e4 + 500 * friedman()[1]))
    assert found.severity == "problem"
    assert found.causes[0] == "unscaled_targets"
    assert found.evidence["mean"] == pytest.approx(1e4, rel=0.01)
    assert found.evidence["learned_mended"] > 0.5 > found.evidence["learned"]


def test_the_same_targets_do_no_harm_where_the_network_gets_there():
    assert target_scale(numbers(12 + 3 * friedman()[1], optimizer=nn.adam(0.01), epochs=300)) == []


def test_targets_of_a_raw_table_are_a_problem():
    data = arrays(datasets.load_diabetes(return_X_y=True))
    patient = examined((S([D(16, "relu"), D(1)]), data, {"loss": "mean_squared_error"}))
    assert [each.severity for each in target_scale(patient)] == ["problem"]


def test_a_bounded_output_is_told_elsewhere():
    model = S([D(8, "relu"), D(1, "sigmoid")])
    assert target_scale(examined((model, (friedman()[0], 1e4 + friedman()[1]), {"loss": "huber"}))) == []


def rare(share: float):
    x, y = cancer()
    kept = (y == 0) | (np.cumsum(y) <= share * (y == 0).sum())
    return examined((S([D(2)]), (x[kept], y[kept]), {"loss": "cross_entropy"}))


def test_rare_classes_are_noted_and_hardly_any_are_a_problem():
    (found,) = class_balance(rare(0.05))
    assert found.severity == "note"
    (found,) = class_balance(rare(0.015))
    assert found.severity == "problem"
    assert found.evidence["rarest"] == pytest.approx(3 / 215)
    assert class_balance(rare(0.25)) == []


def test_weights_make_up_for_it():
    x, y = uneven(wine(), 30)
    weight = 1 / np.bincount(y)[y]
    program = (S([D(3)]), (x, y), {"loss": "cross_entropy"})
    assert [each.severity for each in class_balance(examined(program))] == ["note"]
    assert class_balance(examined(program, data=(x, y, weight))) == []


def test_labels_are_classes_in_every_form():
    x, y = uneven(wine(), 30)
    for targets, loss in ((np.eye(3)[y], "cross_entropy"), ((y == 0).astype(float), "binary_cross_entropy")):
        units = 3 if targets.ndim == 2 else 1
        assert class_balance(examined((S([D(units)]), (x, targets), {"loss": loss})))
