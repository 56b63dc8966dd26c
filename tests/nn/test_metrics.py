"""Metrics against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from chainrule import nn
from chainrule.nn.metrics import MEASURED, METRICS, measure, metric_of, metrics_of

RANDOM = np.random.default_rng(8)
N = 40
WEIGHTS = [None, RANDOM.uniform(0, 3, size=N), (np.arange(N) % 3 == 0).astype(np.float32)]
PROBABILITIES = RANDOM.dirichlet(np.ones(4), size=N).astype(np.float32)
CLASSES = RANDOM.integers(0, 4, size=N).astype(np.int32)
TARGETS = RANDOM.normal(size=(N, 2)) * [1.0, 20.0] + 5
ESTIMATES = (TARGETS + RANDOM.normal(size=(N, 2)) * 3).astype(np.float32)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_accuracy(weight):
    expected = oracle.accuracy_score(CLASSES, PROBABILITIES.argmax(1), sample_weight=weight)
    assert measure("accuracy", PROBABILITIES, CLASSES, weight) == pytest.approx(expected, rel=1e-12)
    assert measure("accuracy", PROBABILITIES, np.eye(4)[CLASSES], weight) == pytest.approx(
        expected, rel=1e-12
    )


@pytest.mark.parametrize("weight", WEIGHTS)
def test_binary_accuracy(weight):
    yes, truth = PROBABILITIES[:, 0] * 2, CLASSES % 2
    expected = oracle.accuracy_score(truth, yes >= 0.5, sample_weight=weight)
    assert measure("binary_accuracy", yes, truth, weight) == pytest.approx(expected, rel=1e-12)
    assert measure("binary_accuracy", yes[:, None], truth, weight) == pytest.approx(expected, rel=1e-12)


def test_binary_accuracy_of_several_answers_counts_each_and_says_yes_from_a_half():
    assert measure("binary_accuracy", np.array([[0.5, 0.4], [0.9, 0.9]]), np.array([[1, 0], [1, 0]])) == 0.75


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("columns", [slice(0, 1), slice(0, 2)])
def test_errors_of_numbers(weight, columns):
    truth, guess = TARGETS[:, columns], ESTIMATES[:, columns]
    expected = {
        "mean_absolute_error": oracle.mean_absolute_error(truth, guess, sample_weight=weight),
        "root_mean_squared_error": np.sqrt(oracle.mean_squared_error(truth, guess, sample_weight=weight)),
        "r2": oracle.r2_score(truth, guess, sample_weight=weight, multioutput="variance_weighted"),
    }
    for name, value in expected.items():
        assert measure(name, guess, truth, weight) == pytest.approx(value, rel=1e-9), name


def test_a_column_of_predictions_goes_with_a_row_of_targets():
    """Broadcast against each other they would be compared all with all."""
    expected = oracle.mean_absolute_error(TARGETS[:, 0], ESTIMATES[:, 0])
    got = measure("mean_absolute_error", ESTIMATES[:, :1], TARGETS[:, 0])
    assert got == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("value", [0.1, 7.0, -1e-3, 1e9])
@pytest.mark.parametrize("weight", [None, np.linspace(0.1, 1, 37)])
def test_r2_of_constant_targets_is_zero_whatever_their_mean_rounds_to(value, weight):
    assert measure("r2", np.full((37, 1), value + 1), np.full(37, value, np.float32), weight) == 0.0
    assert measure("r2", np.full(37, value), np.full(37, value), weight) == 0.0


def test_r2_looks_only_at_examples_that_count():
    targets, weight = np.array([1.0, 1.0, 5.0]), np.array([1.0, 1.0, 0.0])
    assert measure("r2", np.array([1.0, 2.0, 3.0]), targets, weight) == 0.0


def test_large_float32_numbers_do_not_overflow():
    targets = np.array([1e30, -1e30, 2e30, 0], np.float32)
    guess = (targets * np.float32(0.5)).astype(np.float32)
    expected = np.sqrt(oracle.mean_squared_error(targets.astype(np.float64), guess.astype(np.float64)))
    assert measure("root_mean_squared_error", guess, targets) == pytest.approx(expected, rel=1e-6)
    assert measure("r2", guess, targets) == pytest.approx(
        oracle.r2_score(targets.astype(float), guess), rel=1e-6
    )


def test_metrics_need_targets():
    with pytest.raises(ValueError, match="accuracy needs targets"):
        measure("accuracy", PROBABILITIES, None)


@pytest.mark.parametrize(
    ("loss", "names"),
    [
        (nn.SoftmaxCrossEntropy(), ("accuracy",)),
        (nn.BinaryCrossEntropy(), ("binary_accuracy",)),
        (nn.MeanOfMembers(nn.BinaryCrossEntropy()), ("binary_accuracy",)),
        *[
            (loss, ("r2", "mean_absolute_error", "root_mean_squared_error"))
            for loss in (nn.MeanSquaredError(), nn.HalfSquaredError(), nn.MeanAbsoluteError(), nn.Huber())
        ],
    ],
)
def test_every_loss_has_metrics(loss, names):
    assert metrics_of(loss) == names
    assert set(names) <= set(MEASURED)


def test_the_table_says_of_every_metric_what_is_better():
    for name, metric in METRICS.items():
        lower = (
            "error" in name
            or "loss" in name
            or name in ("mase", "pinball", "bits_per_character", "perplexity", "wrong_texts")
        )
        # A band may hold too few values, and too many.
        assert metric.lower_is_better is (None if name == "coverage" else lower)
        assert metric_of(f"validation_{name}") is metric
    assert metric_of("within_a_tenth").label == "within a tenth"
    assert metric_of("within_a_tenth").lower_is_better is None
