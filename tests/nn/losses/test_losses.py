"""The first losses: their textbook deltas, extreme outputs, and what they refuse."""

import math
from typing import Any, cast

import numpy as np
import pytest

from chainrule.errors import ConfigError, DataError, DTypeError, ShapeError
from chainrule.nn.losses import (
    BinaryCrossEntropy,
    BinaryCrossEntropyOfProbabilities,
    CategoricalCrossEntropyOfProbabilities,
    HalfSquaredError,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    SoftmaxCrossEntropy,
)
from chainrule.program import Trace

BATCH, CLASSES = 6, 4
RANDOM = np.random.default_rng(3)
OUTPUTS = RANDOM.normal(size=(BATCH, CLASSES)) * 2
NUMBERS = RANDOM.normal(size=(BATCH, CLASSES)) * 2
LABELS = RANDOM.integers(0, 2, size=(BATCH, CLASSES))
CLASS = RANDOM.integers(0, CLASSES, size=BATCH)


def softmax(z, t, smoothing=0.0):
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    t = np.eye(z.shape[-1])[t] if t.ndim < z.ndim else t
    t = t * (1 - smoothing) + smoothing / z.shape[-1]
    losses = -(t * np.log(p)).sum(axis=-1)
    return losses.reshape(len(z), -1).mean(axis=1)


REGRESSIONS = [MeanSquaredError(), HalfSquaredError(), MeanAbsoluteError(), Huber()]


def test_deltas_of_the_textbook(gradient):
    one, target = OUTPUTS[:1], NUMBERS[:1]
    np.testing.assert_allclose(gradient(HalfSquaredError(), one, target), one - target, rtol=1e-13)
    probability = 1 / (1 + np.exp(-one))
    delta = gradient(BinaryCrossEntropy(), one, LABELS[:1])
    np.testing.assert_allclose(delta, (probability - LABELS[:1]) / CLASSES, rtol=1e-12)
    delta = gradient(SoftmaxCrossEntropy(), one, CLASS[:1])
    expected = np.exp(one) / np.exp(one).sum() - np.eye(CLASSES)[CLASS[:1]]
    np.testing.assert_allclose(delta, expected, rtol=1e-12)


def test_huber_at_the_threshold_has_the_slope_of_both_branches(gradient, evaluate):
    y, t = np.array([[2.0], [-2.0]]), np.zeros((2, 1))
    np.testing.assert_allclose(gradient(Huber(2.0).each, y, t), [[2.0], [-2.0]])
    np.testing.assert_allclose(evaluate(Huber(2.0).each, y, t), [2, 2])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extreme_logits(dtype, evaluate, gradient):
    z = np.array([[1e4], [-1e4], [1e4], [-1e4]], dtype)
    t = np.array([1, 0, 0, 1])
    np.testing.assert_allclose(evaluate(BinaryCrossEntropy().each, z, t), [0, 0, 1e4, 1e4], rtol=1e-6)
    np.testing.assert_allclose(gradient(BinaryCrossEntropy().each, z, t), [[0], [0], [1], [-1]], atol=1e-6)
    smooth = evaluate(BinaryCrossEntropy(0.1).each, z, t)
    np.testing.assert_allclose(smooth, [500, 500, 9500, 9500], rtol=1e-5)
    z = np.array([[1e4, -1e4, 0.0], [1e4, 1e4, -1e4], [-1e4, -1e4, -1e4]], dtype)
    t = np.array([0, 2, 1])
    expected = [0, 2e4 + math.log(2), math.log(3)]
    np.testing.assert_allclose(evaluate(SoftmaxCrossEntropy().each, z, t), expected, rtol=1e-6, atol=1e-6)
    slopes = [[0, 0, 0], [0.5, 0.5, -1], [1 / 3, -2 / 3, 1 / 3]]
    np.testing.assert_allclose(gradient(SoftmaxCrossEntropy().each, z, t), slopes, atol=1e-6)
    smooth = evaluate(SoftmaxCrossEntropy(0.3).each, z, t)
    np.testing.assert_allclose(smooth, [0.1 * 3e4, 0.8 * 2e4 + math.log(2), math.log(3)], rtol=1e-5)


@pytest.mark.parametrize("loss", REGRESSIONS)
def test_extreme_errors_stay_finite(loss, gradient):
    outputs = np.array([[1e4], [-1e4]], np.float32)
    assert np.isfinite(gradient(loss, outputs, np.zeros((2, 1), np.float32))).all()


def test_axes_between_batch_and_classes_are_averaged(evaluate):
    z, t = RANDOM.normal(size=(3, 5, CLASSES)), RANDOM.integers(0, CLASSES, size=(3, 5))
    np.testing.assert_allclose(evaluate(SoftmaxCrossEntropy().each, z, t), softmax(z, t), rtol=1e-12)
    one_hot = np.eye(CLASSES)[t]
    np.testing.assert_allclose(evaluate(SoftmaxCrossEntropy().each, z, one_hot), softmax(z, t), rtol=1e-12)
    y, t = RANDOM.normal(size=(3, 5, 2)), RANDOM.normal(size=(3, 5, 2))
    np.testing.assert_allclose(
        evaluate(MeanSquaredError().each, y, t), ((y - t) ** 2).mean((1, 2)), rtol=1e-12
    )
    np.testing.assert_allclose(
        evaluate(HalfSquaredError().each, y, t), ((y - t) ** 2).sum((1, 2)) / 2, rtol=1e-12
    )


@pytest.mark.parametrize("loss", [*REGRESSIONS, BinaryCrossEntropy()])
def test_one_output_takes_a_plain_list_of_targets(loss, evaluate):
    y, t = OUTPUTS[:, :1], LABELS[:, 0]
    expected = evaluate(loss, y, t[:, None])
    assert evaluate(loss, y, t) == expected
    loss.check(y.shape, t)
    assert evaluate(loss.each, y[:, 0], t).shape == (BATCH,)


def test_predictions(evaluate):
    z = np.array([[1e4, -1e4, 0.0], [1.0, 1.0, 1.0]])
    np.testing.assert_allclose(evaluate(SoftmaxCrossEntropy().predict, z), [[1, 0, 0], [1 / 3] * 3])
    np.testing.assert_allclose(evaluate(BinaryCrossEntropy().predict, z)[0], [1, 0, 0.5])
    y = Trace().input("y", (2, 3))
    assert all(loss.predict(y) is y for loss in REGRESSIONS)


def shapes(loss, outputs, targets, dtype="float32", weight=None):
    trace = Trace()
    y, t = trace.input("y", outputs), trace.input("t", targets, dtype)
    return loss(y, t, None if weight is None else trace.input("w", weight))


@pytest.mark.parametrize("loss", [*REGRESSIONS, BinaryCrossEntropy()])
@pytest.mark.parametrize(
    ("outputs", "targets"),
    [((6, 4), (6,)), ((6, 1), (6, 4)), ((6,), (6, 1)), ((6, 4), (1, 4)), ((6, 1), (1,))],
)
def test_nothing_is_broadcast_silently(loss, outputs, targets):
    name = type(loss).__name__
    with pytest.raises(ShapeError) as caught:
        shapes(loss, outputs, targets)
    assert (
        str(caught.value)
        == f"{name} got outputs of shape {outputs} and targets of shape {targets}; make both equal"
    )


@pytest.mark.parametrize("targets", [(6, 1), (6, 3), (5,), (), (6, 4, 1)])
def test_softmax_targets_that_do_not_fit(targets):
    with pytest.raises(
        ShapeError, match=r"targets must be class numbers of shape \(6,\) or probabilities of shape"
    ):
        shapes(SoftmaxCrossEntropy(), (6, 4), targets, "int32")


def test_other_refusals():
    with pytest.raises(DTypeError, match=r"class numbers of float32; cast them to int32 or int64"):
        shapes(SoftmaxCrossEntropy(), (6, 4), (6,))
    with pytest.raises(ShapeError, match=r"outputs of shape \(6,\); it needs \(batch, ..., classes\)"):
        shapes(SoftmaxCrossEntropy(), (6,), (6,), "int32")
    with pytest.raises(
        ShapeError, match=r"MeanSquaredError got outputs of shape \(\); it needs \(batch, ...\)"
    ):
        shapes(MeanSquaredError(), (), ())
    for weight in ((5,), (6, 1), ()):
        with pytest.raises(
            ShapeError, match=r"weights of shape .* for 6 examples; give one number per example"
        ):
            shapes(MeanSquaredError(), (6, 4), (6, 4), weight=weight)


@pytest.mark.parametrize(
    ("loss", "outputs", "targets", "message"),
    [
        (
            SoftmaxCrossEntropy(),
            (8, 3),
            np.array([0, 1, 3, 4]),
            "SoftmaxCrossEntropy: the target in row 2 is class 3, and the network "
            "has 3 outputs; number the classes "
            "from 0 to 2, or give the last layer one unit per class",
        ),
        (
            SoftmaxCrossEntropy(),
            (8, 3),
            np.array([0, -1]),
            "SoftmaxCrossEntropy: the target in row 1 is class -1, and the network "
            "has 3 outputs; number the classes "
            "from 0 to 2, or give the last layer one unit per class",
        ),
        (
            SoftmaxCrossEntropy(),
            (8, 3),
            np.array([0.0, 1.0]),
            "SoftmaxCrossEntropy: class numbers are float64; cast them to int64",
        ),
        (
            SoftmaxCrossEntropy(),
            (8, 1),
            np.array([0, 1]),
            "SoftmaxCrossEntropy: the network gives outputs of shape (8, 1); give "
            "the last layer one unit per class, "
            "at least 2, or use BinaryCrossEntropy",
        ),
        (
            SoftmaxCrossEntropy(),
            (8, 3),
            np.array([[0], [1]]),
            "SoftmaxCrossEntropy: targets have shape (2, 1), outputs (rows, 3); "
            "targets must be class numbers of "
            "shape (rows,) or probabilities of shape (rows, 3)",
        ),
        (
            SoftmaxCrossEntropy(),
            (8, 3),
            np.array([[0.5, 0.5, 0.0], [0.5, 0.2, 0.1]]),
            "SoftmaxCrossEntropy: the targets in row 1 are [0.5 0.2 0.1]; "
            "probabilities must be at least 0 and sum to "
            "1",
        ),
        (
            SoftmaxCrossEntropy(),
            (8, 3),
            np.array([[1.5, -0.5, 0.0]]),
            "SoftmaxCrossEntropy: the targets in row 0 are [ 1.5 -0.5  0. ]; "
            "probabilities must be at least 0 and sum "
            "to 1",
        ),
        (
            BinaryCrossEntropy(),
            (8, 1),
            np.array([0, 1, 2]),
            "BinaryCrossEntropy: the target in row 2 is 2; targets must be 0 or 1, "
            "or a probability between; for more "
            "classes use SoftmaxCrossEntropy",
        ),
        (
            BinaryCrossEntropy(),
            (8, 1),
            np.array([-0.5]),
            "BinaryCrossEntropy: the target in row 0 is -0.5; targets must be 0 or "
            "1, or a probability between; for "
            "more classes use SoftmaxCrossEntropy",
        ),
        (
            MeanSquaredError(),
            (8, 1),
            np.array([1.0, np.nan]),
            "MeanSquaredError: the target in row 1 is nan; fill it in or leave the row out",
        ),
        (
            Huber(),
            (8, 2),
            np.array([[1.0, np.inf]]),
            "Huber: the target in row 0 is inf; fill it in or leave the row out",
        ),
        (
            MeanAbsoluteError(),
            (8, 3),
            np.ones((5, 2)),
            "MeanAbsoluteError: targets have shape (5, 2), outputs (rows, 3); make "
            "the targets (rows, 3), or give the "
            "last layer one unit per target",
        ),
        (
            HalfSquaredError(),
            (8, 3),
            np.ones(5),
            "HalfSquaredError: targets have shape (5,), outputs (rows, 3); make "
            "the targets (rows, 3), or give the "
            "last layer one unit per target",
        ),
        (
            MeanSquaredError(),
            (8, 1),
            np.array(["a", "b"]),
            "MeanSquaredError: targets are <U1; make them numbers",
        ),
    ],
)
def test_check_names_the_row_and_the_remedy(loss, outputs, targets, message):
    with pytest.raises(DataError) as caught:
        loss.check(outputs, targets)
    assert str(caught.value) == message


def test_an_empty_batch_has_loss_0(evaluate):
    for loss in (*REGRESSIONS, BinaryCrossEntropy()):
        assert evaluate(loss, np.zeros((0, 3)), np.zeros((0, 3))) == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Huber(0), "Huber: threshold is 0; it must be above 0"),
        (lambda: Huber(cast(Any, "1")), "Huber: threshold is '1'; it must be a finite number above 0"),
        (
            lambda: BinaryCrossEntropy(1),
            "BinaryCrossEntropy: label_smoothing is 1; it must be at least 0 and below 1",
        ),
        (
            lambda: SoftmaxCrossEntropy(-0.1),
            "SoftmaxCrossEntropy: label_smoothing is -0.1; it must be at least 0 and below 1",
        ),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_probabilities_are_clipped_where_keras_clips_them(dtype, evaluate):
    """-ln 1e-7 = 16.118…: nothing is infinite at 0 and 1, and there the derivative is 0."""
    p, t = np.array([[0.0], [1.0], [0.0], [1.0]], dtype), np.array([[1], [0], [0], [1]])
    each = evaluate(BinaryCrossEntropyOfProbabilities().each, p, t)
    tolerance = 0.2 if dtype == "float32" else 1e-6  # 1 - 1e-7 has few digits left in float32
    np.testing.assert_allclose(each, [16.118096, 16.118096, 1e-7, 1e-7], rtol=tolerance)
    rows = np.array([[0.0, 2.0], [0.0, 0.0], [3.0, 1.0]], dtype)
    each = evaluate(CategoricalCrossEntropyOfProbabilities().each, rows, np.array([0, 1, 0]))
    np.testing.assert_allclose(each, [16.118096, 16.118096, -np.log(0.75)], rtol=1e-6)
