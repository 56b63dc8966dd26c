"""What the losses of classes, counts, masks, boxes and embeddings refuse, and what they predict."""

from typing import Any, cast

import numpy as np
import pytest

from chainrule import nn
from chainrule.errors import ConfigError, DataError, DTypeError, ShapeError
from chainrule.program import Trace


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.BinaryFocal(-1), "BinaryFocal: gamma is -1; it must be at least 0"),
        (lambda: nn.BinaryFocal(alpha=1.0), "BinaryFocal: alpha is 1.0; it must be above 0 and below 1"),
        (
            lambda: nn.SoftmaxFocal(cast(Any, "2")),
            "SoftmaxFocal: gamma is '2'; it must be a finite number at",
        ),
        (
            lambda: nn.SoftmaxFocal(label_smoothing=1),
            "SoftmaxFocal: label_smoothing is 1; it must be at least 0 and below 1",
        ),
        (lambda: nn.Quantile(()), "Quantile: quantiles is (); it must hold at least one number"),
        (lambda: nn.Quantile((0.5, 1.0)), "Quantile: quantiles is 1.0; it must be above 0 and below 1"),
        (
            lambda: nn.GaussianNegativeLogLikelihood(0),
            "GaussianNegativeLogLikelihood: least_variance is 0; it must be above 0",
        ),
        (lambda: nn.CosineEmbedding(1), "CosineEmbedding: margin is 1; it must be at least -1 and below 1"),
        (lambda: nn.Contrastive(0), "Contrastive: margin is 0; it must be above 0"),
        (lambda: nn.Triplet(-0.1), "Triplet: margin is -0.1; it must be above 0"),
        (lambda: nn.Dice(-1), "Dice: smooth is -1; it must be at least 0"),
        (lambda: nn.CTC(-1), "CTC: blank is -1; it must be a whole number, at least 0"),
        (lambda: nn.CTC(padded=cast(Any, 1)), "CTC: padded is 1; it must be True or False"),
        (lambda: nn.SoftIoU(-1), "SoftIoU: smooth is -1; it must be at least 0"),
        (
            lambda: nn.ClassWeighted(nn.SoftmaxCrossEntropy(), (1.0,)),
            "ClassWeighted: weights is (1.0,); give a number for each class, at least 2",
        ),
        (
            lambda: nn.ClassWeighted(nn.SoftmaxCrossEntropy(), (1.0, 0.0)),
            "ClassWeighted: weights is 0.0; it must be above 0",
        ),
        (
            lambda: nn.ClassWeighted(nn.Triplet(), (1.0, 1.0)),
            "ClassWeighted: loss is Triplet(); give a loss of single examples",
        ),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value).startswith(message)


PAIRS = "make the outputs pairs, (rows, 2, features), and the targets labels of shape (rows,)"


@pytest.mark.parametrize(
    ("loss", "outputs", "targets", "message"),
    [
        (
            nn.BinaryFocal(),
            (8, 1),
            np.array([0, 2]),
            "BinaryFocal: the target in row 1 is 2; targets must be 0 or 1, or a probability between",
        ),
        (nn.SoftmaxFocal(), (8, 3), np.array([3]), "SoftmaxFocal: the target in row 0 is class 3, and the"),
        (
            nn.ClassWeighted(nn.SoftmaxCrossEntropy(), (1.0, 2.0)),
            (8, 3),
            np.array([0, 2]),
            "ClassWeighted: the target in row 1 is 2, and there are 2 weights",
        ),
        (
            nn.ClassWeighted(nn.BinaryCrossEntropy(), (1.0, 2.0)),
            (8, 3),
            np.array([[0, 1, 0]]),
            "ClassWeighted: targets have shape (1, 3), for 2 weights",
        ),
        (
            nn.KLDivergence(),
            (8, 3),
            np.array([1]),
            "KLDivergence: targets have shape (1,), outputs (rows, 3)",
        ),
        (
            nn.KLDivergence(),
            (8, 2),
            np.ones((1, 2)),
            "KLDivergence: the targets in row 0 are [1. 1.]; several labels",
        ),
        (nn.Hinge(), (8, 1), np.array([1, -1]), "Hinge: the target in row 1 is -1; targets must be labels 0"),
        (
            nn.SquaredHinge(),
            (8, 1),
            np.array([0.5]),
            "SquaredHinge: the target in row 0 is 0.5; targets must",
        ),
        (
            nn.Poisson(),
            (8, 1),
            np.array([3, -2]),
            "Poisson: the target in row 1 is -2; targets must be counts",
        ),
        (
            nn.CTC(4),
            (8, 5, 4),
            np.array([[1]]),
            "CTC: the network gives outputs of shape (8, 5, 4), and blank is 4; make the outputs (rows, time",
        ),
        (nn.CTC(), (8, 5, 4), np.array([1, 2]), "CTC: targets are int64 of shape (2,); make them whole num"),
        (nn.CTC(), (8, 5, 4), np.ones((1, 2)), "CTC: targets are float64 of shape (1, 2); make them whole"),
        (
            nn.CTC(),
            (8, 5, 4),
            np.array([[1], [4]]),
            "CTC: the target in row 1 has a label that is not one of",
        ),
        (nn.CTC(), (8, 5, 4), np.array([[1, -1]]), "CTC: the target in row 0 has a label that is not one of"),
        (nn.CTC(), (8, 5, 4), np.array([[1, 0, 2]]), "CTC: the target in row 0 has the blank 0 before a"),
        (nn.CTC(), (8, 3, 4), np.array([[1, 2, 2]]), "CTC: the target in row 0 has more labels than its"),
        (nn.CTC(padded=True), (8, 3, 4), np.array([[3, 1], [4, 1]]), "CTC: the target in row 1 counts a num"),
        (
            nn.CTC(padded=True),
            (8, 3, 4),
            np.array([[1, 1, 2]]),
            "CTC: the target in row 0 has more labels th",
        ),
        (
            nn.Quantile(),
            (8, 1),
            np.array([1.0]),
            "Quantile: the network gives outputs of shape (rows, 1); give the last layer one unit per",
        ),
        (
            nn.Quantile(),
            (8, 3),
            np.ones((4, 3)),
            "Quantile: targets have shape (4, 3), outputs (rows, 3); make the targets (rows,)",
        ),
        (
            nn.GaussianNegativeLogLikelihood(),
            (8, 1),
            np.ones(4),
            "GaussianNegativeLogLikelihood: the network gives outputs of shape (rows, 1); give the "
            "last layer two units per target",
        ),
        (
            nn.GaussianNegativeLogLikelihood(),
            (8, 4),
            np.ones((4, 4)),
            "GaussianNegativeLogLikelihood: targets have shape (4, 4), outputs (rows, 4); make the targets "
            "(rows, 2)",
        ),
        (
            nn.CosineEmbedding(),
            (8, 2, 5),
            np.array([1, -1]),
            "CosineEmbedding: the target in row 1 is -1; targets must be 1 for a pair that is alike and 0",
        ),
        (
            nn.Contrastive(),
            (8, 3, 5),
            np.array([1]),
            f"Contrastive: targets have shape (1,), outputs (rows, 3, 5); {PAIRS}",
        ),
        (nn.Triplet(), (8, 5), np.array([0.0]), "Triplet: class numbers are float64; cast them to int64"),
        (nn.Triplet(), (8, 5), np.array([[0]]), "Triplet: targets have shape (1, 1), outputs (rows, 5)"),
        (
            nn.Triplet(),
            (8, 5),
            np.array([2, 2 + 2**32]),
            "Triplet: class numbers reach from 2 to 4294967298; number the classes from 0",
        ),
        (
            nn.Dice(),
            (8, 2, 2),
            np.full((1, 2, 2), 7),
            "Dice: the target in row 0 is 7; a mask must be 0 or 1",
        ),
        (nn.SoftIoU(), (8, 2), np.array([[0, -1]]), "SoftIoU: the target in row 0 is -1; a mask must be"),
        (
            nn.BoxIoU(),
            (8, 4),
            np.array([[0, 0, 1, 1], [0, 2, 1, 1]]),
            "BoxIoU: the box in row 1 is [0 2 1 1]; boxes must be x1, y1, x2, y2 with x1 at most x2",
        ),
        (
            nn.BoxGIoU(),
            (8, 5),
            np.ones((3, 5)),
            "BoxGIoU: the network gives outputs of shape (rows, 5); give the last layer four units per box",
        ),
    ],
)
def test_check_names_the_row_and_the_remedy(loss, outputs, targets, message):
    with pytest.raises(DataError) as caught:
        loss.check(outputs, targets)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("loss", "outputs", "targets", "message"),
    [
        (nn.KLDivergence(), (6, 4), (6,), r"both must be \(batch, ..., classes\)"),
        (nn.SoftmaxFocal(), (6, 4), (5,), r"targets must be class numbers of shape \(6,\) or probabilities"),
        (nn.Hinge(), (6, 4), (6,), "make both equal"),
        (nn.CTC(), (6, 5, 4), (6,), r"outputs must be \(batch, time, classes\), targets \(batch, labels\)"),
        (nn.Quantile(), (6, 4), (6,), r"outputs of shape \(6, 4\); it needs \(batch, ..., 3\)"),
        (nn.Quantile(), (6, 3), (6, 3), r"targets must have shape \(6,\)"),
        (nn.GaussianNegativeLogLikelihood(), (6, 3), (6,), r"it needs \(batch, ..., 2 targets\)"),
        (nn.GaussianNegativeLogLikelihood(), (6, 4), (6, 3), "make both equal"),
        (nn.CosineEmbedding(), (6, 3, 4), (6,), "it needs pairs of shape"),
        (nn.Contrastive(), (6, 2, 4), (6, 1), "it needs pairs of shape"),
        (nn.Triplet(), (6, 2, 4), (6,), r"it needs \(batch, features\) and class numbers"),
        (nn.Dice(), (6,), (6,), r"it needs \(batch, ...\)"),
        (nn.SoftIoU(), (6, 3), (6, 2), "make both equal"),
        (nn.BoxIoU(), (6, 3), (6, 3), r"it needs \(batch, ..., 4\): x1, y1, x2, y2"),
        (nn.BoxGIoU(), (6, 2, 4), (6, 4), "make both equal"),
    ],
)
def test_shapes_that_do_not_fit(loss, outputs, targets, message):
    trace = Trace()
    with pytest.raises(ShapeError, match=rf"^{type(loss).__name__} got .*{message}"):
        loss(trace.input("y", outputs), trace.input("t", targets, "int32"))


def test_labels_of_sequences_are_whole_numbers():
    trace = Trace()
    with pytest.raises(DTypeError, match="CTC got labels of float32; cast them to int32 or int64"):
        nn.CTC()(trace.input("y", (6, 5, 4)), trace.input("t", (6, 2)))


def test_triplets_need_whole_class_numbers():
    trace = Trace()
    with pytest.raises(DTypeError, match="Triplet got class numbers of float32; cast them to int32 or int64"):
        nn.Triplet()(trace.input("y", (6, 4)), trace.input("t", (6,)))


def test_a_triplet_needs_a_partner_and_a_stranger(evaluate):
    y = np.array([[0.0, 0], [3, 4], [0, 1]])
    assert evaluate(nn.Triplet().each, y, np.array([0, 0, 0])).tolist() == [0, 0, 0]
    assert evaluate(nn.Triplet().each, y, np.array([0, 1, 2])).tolist() == [0, 0, 0]
    # d(a, p) = 5; the strangers stand at 1 and √18.
    expected = [0.5 + 5 - 1, 0.5 + 5 - np.sqrt(18), 0]
    np.testing.assert_allclose(evaluate(nn.Triplet(0.5).each, y, np.array([0, 0, 1])), expected)


def test_boxes_that_are_turned_or_empty(evaluate, gradient):
    true = np.array([[0.0, 0, 2, 2]] * 3)
    given = np.array([[2.0, 2, 0, 0], [1, 1, 1, 1], [5, 5, 6, 6]])
    np.testing.assert_allclose(evaluate(nn.BoxIoU().each, given, true), [0, 1, 1])
    np.testing.assert_allclose(evaluate(nn.BoxGIoU().each, given, true), [0, 1, 1 + 31 / 36])
    assert (gradient(nn.BoxIoU(), given[2:], true[2:]) == 0).all()
    assert (gradient(nn.BoxGIoU(), given[2:], true[2:])[0, :2] > 0).all()  # pulled towards the other box
    nothing = np.ones((1, 4))
    assert evaluate(nn.BoxIoU(), nothing, nothing) == 1
    assert evaluate(nn.BoxGIoU(), nothing, nothing) == 1


def test_predictions(evaluate):
    y = np.array([[0.0, 2.0], [-1.0, 0.5]])
    np.testing.assert_allclose(evaluate(nn.Poisson().predict, y), np.exp(y))
    np.testing.assert_allclose(evaluate(nn.Hinge().predict, y), [[0, 1], [0, 1]])
    np.testing.assert_allclose(evaluate(nn.GaussianNegativeLogLikelihood().predict, y), [[0], [-1]])
    for loss in (nn.BinaryFocal(), nn.Dice(), nn.SoftIoU()):
        np.testing.assert_allclose(evaluate(loss.predict, y), 1 / (1 + np.exp(-y)))
    for loss in (nn.SoftmaxFocal(), nn.KLDivergence()):
        np.testing.assert_allclose(evaluate(loss.predict, y).sum(axis=1), [1, 1])


def test_saturated_logits_keep_the_focal_loss_exact(evaluate, gradient):
    z, t = np.array([[1e4], [-1e4], [1e4]], np.float32), np.array([[0], [1], [1]])
    np.testing.assert_allclose(evaluate(nn.BinaryFocal().each, z, t), [1e4, 1e4, 0])
    np.testing.assert_allclose(gradient(nn.BinaryFocal().each, z, t), [[1], [-1], [0]], atol=1e-6)


def test_a_normal_with_a_vanishing_variance_stays_finite(evaluate, gradient):
    y, t = np.array([[0.0, -1e4], [0.0, 1e4]]), np.array([0.0, 0.0])
    expected = [0.5 * np.log(2 * np.pi * 0.01), 0.5 * (np.log(2 * np.pi) + 1e4)]
    np.testing.assert_allclose(evaluate(nn.GaussianNegativeLogLikelihood(0.01).each, y, t), expected)
    assert np.isfinite(gradient(nn.GaussianNegativeLogLikelihood(0.01).each, y, t)).all()
