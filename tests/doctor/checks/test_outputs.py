import numpy as np
import pytest
from tests.doctor.programs import D, S, diabetes, digits, examined, friedman, iris, wine

from chainrule.doctor.checks.outputs import output_activation, output_width, unfit_loss

NUMBERS = friedman()[1]


def program(model, data, loss):
    return examined((model, data, {"loss": loss}))


@pytest.mark.parametrize(
    ("model", "data", "loss", "words"),
    [
        (S([D(10, "softmax")]), digits(), "cross_entropy", "applies softmax itself"),
        (S([D(3, "relu")]), wine(), "cross_entropy", "are at least 0"),
        (S([D(1, "softmax")]), friedman(), "mean_squared_error", "are always 1"),
        (S([D(1, "sigmoid")]), friedman(), "mean_squared_error", "lie from 0 to 1, and the targets of"),
        (S([D(1, "relu")]), friedman(), "mean_absolute_error", "are at least 0, and the targets of"),
        (S([D(3)]), wine(), "cross_entropy_of_probabilities", "takes probabilities"),
    ],
)
def test_outputs_that_the_loss_can_not_use_are_a_problem(model, data, loss, words):
    (found,) = output_activation(program(model, data, loss))
    assert found.severity == "problem"
    assert words in found.said
    assert found.layer == "dense_1"
    assert found.causes[0] == "output_activation"


def test_a_few_targets_just_out_of_reach_are_a_note():
    x, y = friedman()
    inside = np.clip(y / 3, -0.99, 0.99)
    inside[0] = 1.02
    (found,) = output_activation(program(S([D(1, "tanh")]), (x, inside), "mean_squared_error"))
    assert found.severity == "note"
    # (1.02 - 1)² / examples / variance, by hand
    assert found.evidence["lost"] == pytest.approx(0.02**2 / len(y) / inside.var(), rel=1e-3)


def test_more_units_than_classes_are_noted():
    (found,) = output_width(program(S([D(10)]), iris(), "cross_entropy"))
    assert (found.severity, found.evidence) == ("note", {"units": 10, "classes": 3})
    assert output_width(program(S([D(3)]), iris(), "cross_entropy")) == []


def test_a_class_that_only_validation_has_is_a_class():
    x, y = iris()
    patient = examined(
        (S([D(3)]), (x[:100], y[:100]), {"loss": "cross_entropy", "validation": (x[100:], y[100:])})
    )
    assert output_width(patient) == []


def test_classes_that_are_taken_for_numbers_are_a_problem():
    (found,) = unfit_loss(program(S([D(16, "relu"), D(1)]), digits(), "mean_squared_error"))
    assert found.severity == "problem"
    assert found.causes == ("unfit_loss",)
    assert found.evidence["right_as_classes"] > 0.8 > 0.5 > found.evidence["right_as_number"]
    (found,) = unfit_loss(
        program(S([D(16, "relu"), D(1)]), (digits()[0], digits()[1].astype(float)), "huber")
    )
    assert found.severity == "problem"


def test_numbers_that_are_taken_for_classes_are_a_problem():
    x, y = friedman()
    whole = (40 * (y - y.min())).astype(int)
    (found,) = unfit_loss(program(S([D(whole.max() + 1)]), (x, whole), "cross_entropy"))
    assert found.severity == "problem"
    assert "a linear model explains" in found.said


@pytest.mark.parametrize(
    ("data", "loss"),
    [
        (diabetes(), "mean_squared_error"),
        ((friedman()[0], np.round(2 * NUMBERS).astype(int)), "mean_squared_error"),  # ratings
        ((friedman()[0], np.random.default_rng(0).poisson(np.exp(NUMBERS))), "mean_squared_error"),
        (iris(), "mean_squared_error"),  # which happen to lie in order
        ((friedman()[0], (NUMBERS > 0).astype(float)), "mean_squared_error"),
    ],
)
def test_numbers_in_order_are_numbers(data, loss):
    assert unfit_loss(program(S([D(16, "relu"), D(1)]), data, loss)) == []


def test_a_squared_error_of_probabilities_is_noted():
    x, y = wine()
    (found,) = unfit_loss(program(S([D(3, "softmax")]), (x, np.eye(3)[y]), "mean_squared_error"))
    assert found.severity == "note"
