"""What every loss promises: the value of its formula, its slope, sample weights, dtypes, and both executors.

The formulas are written from the definitions in NumPy and know nothing of the code under test.
"""

import itertools
import json
import tomllib

import numpy as np
import pytest
import tomli_w
from scipy.stats import norm, poisson

from chainrule import nn
from chainrule.backprop import check_direction, differentiate
from chainrule.errors import DataError
from chainrule.executors.native import available, compile_native
from chainrule.nn import Loss
from chainrule.nn.metrics import measure, metrics_of
from chainrule.nn.tree import from_plain, to_plain
from chainrule.program import Trace

BATCH, CLASSES = 6, 4
RANDOM = np.random.default_rng(3)
OUTPUTS = RANDOM.normal(size=(BATCH, CLASSES)) * 2
NUMBERS = RANDOM.normal(size=(BATCH, CLASSES)) * 2
LABELS = RANDOM.integers(0, 2, size=(BATCH, CLASSES))
CLASS = RANDOM.integers(0, CLASSES, size=BATCH)
SOFT = RANDOM.dirichlet(np.ones(CLASSES), size=BATCH)
CLASS_WEIGHTS = (0.5, 3.0, 1.0, 0.25)
WEIGHT = np.array([1.0, 0.0, 2.5, 0.5, 3.0, 1.0])


def binary(z, t, smoothing=0.0):
    """From probabilities, as the definition has it."""
    p, t = 1 / (1 + np.exp(-z)), t * (1 - smoothing) + smoothing / 2
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(axis=1)


def softmax(z, t, smoothing=0.0):
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    t = np.eye(z.shape[-1])[t] if t.ndim < z.ndim else t
    t = t * (1 - smoothing) + smoothing / z.shape[-1]
    losses = -(t * np.log(p)).sum(axis=-1)
    return losses.reshape(len(z), -1).mean(axis=1)


def huber(y, t, threshold):
    e = np.abs(y - t)
    return np.where(e <= threshold, e**2 / 2, threshold * (e - threshold / 2)).mean(axis=1)


PAIRS = RANDOM.normal(size=(BATCH, 2, 5))
ALIKE = np.array([1, 0, 1, 0, 0, 1])
LOW = RANDOM.uniform(0, 2, size=(BATCH, 3, 2))
BOXES = np.concatenate([LOW, LOW + RANDOM.uniform(0.5, 3, size=LOW.shape)], axis=-1)
NEAR = BOXES + RANDOM.normal(size=BOXES.shape) * 0.2
FAR = NEAR + np.array([4, 0, 4, 0])
IMAGES = RANDOM.normal(size=(BATCH, 3, 2, 4)) * 2
MASKS = RANDOM.integers(0, 2, size=IMAGES.shape)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def focal(z, t, gamma, alpha=(1, 1), smoothing=0.0):
    """By label, from probabilities; a label between is the mean of both."""
    t = t * (1 - smoothing) + smoothing / 2
    p = sigmoid(z)
    ones, zeros = -alpha[0] * (1 - p) ** gamma * np.log(p), -alpha[1] * p**gamma * np.log(1 - p)
    return (t * ones + (1 - t) * zeros).mean(axis=1)


def softmax_focal(z, t, gamma, smoothing=0.0):
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    t = np.eye(z.shape[-1])[t] if t.ndim < z.ndim else t
    t = t * (1 - smoothing) + smoothing / z.shape[-1]
    return -(t * (1 - p) ** gamma * np.log(p)).sum(axis=-1)


def divergence(z, t):
    p = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    return np.where(t > 0, t * np.log(np.maximum(t, 1e-300) / p), 0).sum(axis=-1)


def pinball(y, t, quantiles):
    e = t.reshape(*y.shape[:-1], 1) - y
    return np.where(e > 0, np.array(quantiles) * e, (np.array(quantiles) - 1) * e).mean(axis=-1)


def normal(y, t, least=1e-6):
    half = y.shape[-1] // 2
    deviation = np.sqrt(np.exp(y[:, half:]) + least)
    return -norm.logpdf(t.reshape(len(y), half), y[:, :half], deviation).mean(axis=1)


def counts(z, t):
    """scipy's likelihood without its term for t!."""
    return -(poisson.logpmf(t, np.exp(z)) - poisson.logpmf(t, 1.0) - 1.0).mean(axis=1)


def cosine(y, t, margin):
    cos = np.array([a @ b / np.sqrt(a @ a * (b @ b)) for a, b in y])
    return np.where(t == 1, 1 - cos, np.maximum(0, cos - margin))


def contrastive(y, t, margin):
    d = np.linalg.norm(y[:, 0] - y[:, 1], axis=-1)
    return np.where(t == 1, d**2, np.maximum(0, margin - d) ** 2) / 2


def triplet(y, t, margin):
    """Every anchor by itself, with loops."""
    losses = []
    for i in range(len(y)):
        d = [float(np.linalg.norm(y[i] - y[j])) for j in range(len(y))]
        near = [d[j] for j in range(len(y)) if t[j] != t[i]]
        far = [d[j] for j in range(len(y)) if t[j] == t[i] and j != i]
        losses.append(max(0.0, margin + max(far) - min(near)) if near and far else 0.0)
    return np.array(losses)


def large_margin(y, t, margin, scale):
    """Every example by itself, from the exponentials of the definition."""
    losses = []
    for cosines, own in zip(y, t, strict=True):
        powers = [np.exp(scale * (each - margin * (c == own))) for c, each in enumerate(cosines)]
        losses.append(-np.log(powers[own] / sum(powers)))
    return np.array(losses)


MEMBERS = RANDOM.normal(size=(BATCH, 3, CLASSES)) * 2


def by_member(formula, y, t):
    return np.mean([formula(y[:, m], t) for m in range(y.shape[1])], axis=0)


def dice(z, t, smooth, axes=(1, 2, 3)):
    p = sigmoid(z)
    ratio = (2 * (p * t).sum(axes) + smooth) / (p.sum(axes) + t.sum(axes) + smooth)
    return 1 - ratio.reshape(len(z), -1).mean(axis=1)


def cross_entropy_dice(z, t, share, smooth):
    """Cross-entropy of the pixels, and Dice over the classes that an example shows."""
    losses = []
    for logits, true in zip(z, t, strict=True):
        p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)  # (pixels, classes)
        ratios = [
            1 - (2 * p[true == c, c].sum() + smooth) / (p[:, c].sum() + (true == c).sum() + smooth)
            for c in sorted({*true})
        ]
        losses.append(-np.log(p[np.arange(len(true)), true]).mean() + share * np.mean(ratios))
    return np.array(losses)


def jaccard(z, t, smooth, axes=(1, 2, 3)):
    p = sigmoid(z)
    both = (p * t).sum(axes)
    ratio = (both + smooth) / (p.sum(axes) + t.sum(axes) - both + smooth)
    return 1 - ratio.reshape(len(z), -1).mean(axis=1)


def boxes(y, t, generalized):
    """Box by box, as one would on paper."""

    def one(a, b):
        wide = max(0, min(a[2], b[2]) - max(a[0], b[0]))
        high = max(0, min(a[3], b[3]) - max(a[1], b[1]))
        union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - wide * high
        around = (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))
        return 1 - wide * high / union + (around - union) / around * generalized

    rows = zip(y.reshape(-1, 4), t.reshape(-1, 4), strict=True)
    return np.array([one(a, b) for a, b in rows]).reshape(len(y), -1).mean(axis=1)


SEQUENCES = RANDOM.normal(size=(BATCH, 5, CLASSES)) * 2
SPELLED = np.array([[1, 2, 3], [3, 3, 0], [2, 0, 0], [0, 0, 0], [1, 2, 1], [2, 2, 0]])
PIXELS = np.array(
    [[0, 1, 2, 3, 0], [1, 1, 1, 1, 1], [2, 0, 0, 2, 2], [3, 3, 1, 0, 2], [0] * 5, [1, 2, 3, 3, 3]]
)
TIMES = np.array([[5], [4], [1], [3], [3], [5]])


def paths(z, t, blank, times=None):
    """By the definition: one class for each time, in every way."""
    every = np.array(list(itertools.product(range(CLASSES), repeat=z.shape[1])))

    def spells(path):
        merged = [label for i, label in enumerate(path) if i == 0 or label != path[i - 1]]
        return [label for label in merged if label != blank]

    def one(z, labels, time):
        p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
        fits = [
            path for path in every[:, :time] if spells(path) == [each for each in labels if each != blank]
        ]
        different = {tuple(path) for path in fits}
        return -np.log(sum(p[np.arange(time), list(path)].prod() for path in different))

    times = [z.shape[1]] * len(z) if times is None else times
    return np.array([one(*each) for each in zip(z, t, times, strict=True)])


MAP = RANDOM.normal(size=(BATCH, 4, 5, 2 + 4))
OBJECTS = np.concatenate(
    [
        np.concatenate([LOW * 8, LOW * 8 + RANDOM.uniform(4, 30, size=LOW.shape)], axis=-1),
        RANDOM.integers(-1, 2, size=(BATCH, 3, 1)),
    ],
    axis=-1,
)
OBJECTS[0, :, 4] = -1
OBJECTS[1, 0, :4] += 40  # out of the map: its centre is the last place


def center_map(y, t, stride, unit, spread, weight):
    """Place by place and object by object, in the words of the docstring."""

    def deviation(side):
        return (spread * side / stride + 1) / 6

    def gaussian(box, i, j):
        exponent = 0.0
        for place, low, high, length in ((j, box[0], box[2], y.shape[2]), (i, box[1], box[3], y.shape[1])):
            middle = min(max(np.floor((low + high) / 2 / stride), 0), length - 1)
            exponent += (place - middle) ** 2 / (2 * deviation(high - low) ** 2)
        return np.exp(-exponent)

    def one(z, objects):
        objects = [box for box in objects if box[4] >= 0]
        total = 0.0
        for i, j in np.ndindex(*z.shape[:2]):
            near = [gaussian(box, i, j) for box in objects]
            best, own = max(near, default=0.0), objects[int(np.argmax(near))] if near else None
            for number, p in enumerate(sigmoid(z[i, j, :-4])):
                true = best if own is not None and own[4] == number else 0.0
                total -= (1 - p) ** 2 * np.log(p) if true == 1 else (1 - true) ** 4 * p**2 * np.log(1 - p)
            if own is not None and best > np.exp(-4.5):
                x, down = (j + 0.5) * stride, (i + 0.5) * stride
                box = np.array([x, down] * 2) + [-unit, -unit, unit, unit] * np.exp(z[i, j, -4:])
                area = 2 * np.pi * deviation(own[2] - own[0]) * deviation(own[3] - own[1])
                total += weight * best / area * boxes(box[None], own[None, :4], True)[0]
        return total / max(len(objects), 1)

    return np.array([one(*each) for each in zip(y, t, strict=True)])


def ordinal(y, t):
    """Example by example, from the probabilities of larger classes."""
    losses = []
    for row, own in zip(y, t, strict=True):
        z = [row[0]]
        for step in row[1:]:
            z.append(z[-1] - np.log1p(np.exp(step)))
        larger = [1.0, *(sigmoid(each) for each in z), 0.0]
        losses.append(-np.log(larger[own] - larger[own + 1]))
    return np.array(losses)


SURVIVAL = np.array([[3.0, 1], [1, 1], [4, 0], [3, 1], [5, 1], [2, 0]])


def cox(z, t):
    """Event by event."""
    losses = []
    for score, (time, seen) in zip(z.reshape(-1), t, strict=True):
        risk = sum(np.exp(other) for other, (until, _) in zip(z.reshape(-1), t, strict=True) if until >= time)
        losses.append(-np.log(np.exp(score) / risk) if seen else 0.0)
    return np.array(losses)


def tversky(z, t, a, b, smooth, axes=(1, 2, 3)):
    p = sigmoid(z)
    hit, extra, missed = ((each).sum(axes) for each in (p * t, p * (1 - t), (1 - p) * t))
    ratio = (hit + smooth) / (hit + a * extra + b * missed + smooth)
    return 1 - ratio.reshape(len(z), -1).mean(axis=1)


# name: (loss, outputs, targets, formula of the loss of each example).
CASES = {
    "mean_squared": (nn.MeanSquaredError(), OUTPUTS, NUMBERS, lambda y, t: ((y - t) ** 2).mean(axis=1)),
    "mean_squared_whole": (nn.MeanSquaredError(), OUTPUTS, LABELS, lambda y, t: ((y - t) ** 2).mean(axis=1)),
    "half_squared": (nn.HalfSquaredError(), OUTPUTS, NUMBERS, lambda y, t: ((y - t) ** 2).sum(axis=1) / 2),
    "mean_absolute": (nn.MeanAbsoluteError(), OUTPUTS, NUMBERS, lambda y, t: np.abs(y - t).mean(axis=1)),
    "huber": (nn.Huber(), OUTPUTS, NUMBERS, lambda y, t: huber(y, t, 1.0)),
    "huber_wide": (nn.Huber(2.5), OUTPUTS, NUMBERS, lambda y, t: huber(y, t, 2.5)),
    "binary": (nn.BinaryCrossEntropy(), OUTPUTS, LABELS, binary),
    "binary_bool": (nn.BinaryCrossEntropy(), OUTPUTS, LABELS.astype(bool), binary),
    "binary_soft": (nn.BinaryCrossEntropy(), OUTPUTS, SOFT, binary),
    "binary_smooth": (nn.BinaryCrossEntropy(0.1), OUTPUTS, LABELS, lambda z, t: binary(z, t, 0.1)),
    "softmax": (nn.SoftmaxCrossEntropy(), OUTPUTS, CLASS, softmax),
    "softmax_int32": (nn.SoftmaxCrossEntropy(), OUTPUTS, CLASS.astype(np.int32), softmax),
    "softmax_bool": (nn.SoftmaxCrossEntropy(), OUTPUTS, CLASS > 1, lambda z, t: softmax(z, t.astype(int))),
    "softmax_one_hot": (nn.SoftmaxCrossEntropy(), OUTPUTS, np.eye(CLASSES)[CLASS], softmax),
    "softmax_one_hot_whole": (
        nn.SoftmaxCrossEntropy(),
        OUTPUTS,
        np.eye(CLASSES, dtype=np.int64)[CLASS],
        softmax,
    ),
    "softmax_soft": (nn.SoftmaxCrossEntropy(), OUTPUTS, SOFT, softmax),
    "softmax_smooth": (nn.SoftmaxCrossEntropy(0.2), OUTPUTS, CLASS, lambda z, t: softmax(z, t, 0.2)),
    "softmax_one_hot_smooth": (
        nn.SoftmaxCrossEntropy(0.2),
        OUTPUTS,
        np.eye(CLASSES)[CLASS],
        lambda z, t: softmax(z, t, 0.2),
    ),
    "binary_of_probabilities": (
        nn.BinaryCrossEntropyOfProbabilities(),
        0.5 + 0.4 * np.tanh(OUTPUTS),
        LABELS,
        lambda p, t: (-t * np.log(p) - (1 - t) * np.log(1 - p)).mean(axis=1),
    ),
    "binary_of_probabilities_soft": (
        nn.BinaryCrossEntropyOfProbabilities(),
        0.5 + 0.4 * np.tanh(OUTPUTS),
        SOFT,
        lambda p, t: (-t * np.log(p) - (1 - t) * np.log(1 - p)).mean(axis=1),
    ),
    "categorical_of_probabilities": (
        nn.CategoricalCrossEntropyOfProbabilities(),
        np.exp(OUTPUTS / 2),
        CLASS,
        lambda y, t: -np.log(y / y.sum(1, keepdims=True))[np.arange(len(t)), t],
    ),
    "categorical_of_probabilities_soft": (
        nn.CategoricalCrossEntropyOfProbabilities(),
        np.exp(OUTPUTS / 2),
        SOFT,
        lambda y, t: (-t * np.log(y / y.sum(1, keepdims=True))).sum(1),
    ),
    "binary_focal": (nn.BinaryFocal(), OUTPUTS, LABELS, lambda z, t: focal(z, t, 2)),
    "binary_focal_soft": (nn.BinaryFocal(1.5), OUTPUTS, SOFT, lambda z, t: focal(z, t, 1.5)),
    "binary_focal_0": (nn.BinaryFocal(0), OUTPUTS, LABELS, binary),
    "binary_focal_half": (nn.BinaryFocal(0.5), OUTPUTS, LABELS, lambda z, t: focal(z, t, 0.5)),
    "binary_focal_balanced": (
        nn.BinaryFocal(3, alpha=0.25, label_smoothing=0.1),
        OUTPUTS,
        LABELS,
        lambda z, t: focal(z, t, 3, (0.25, 0.75), 0.1),
    ),
    "softmax_focal": (nn.SoftmaxFocal(), OUTPUTS, CLASS, lambda z, t: softmax_focal(z, t, 2)),
    "softmax_focal_0": (nn.SoftmaxFocal(0), OUTPUTS, CLASS, softmax),
    "softmax_focal_half": (nn.SoftmaxFocal(0.5), OUTPUTS, CLASS, lambda z, t: softmax_focal(z, t, 0.5)),
    "softmax_focal_smooth": (
        nn.SoftmaxFocal(3, label_smoothing=0.2),
        OUTPUTS,
        SOFT,
        lambda z, t: softmax_focal(z, t, 3, 0.2),
    ),
    "divergence": (nn.KLDivergence(), OUTPUTS, SOFT, divergence),
    "divergence_one_hot": (nn.KLDivergence(), OUTPUTS, np.eye(CLASSES)[CLASS], divergence),
    "hinge": (nn.Hinge(), OUTPUTS, LABELS, lambda y, t: np.maximum(0, 1 - (2 * t - 1) * y).mean(axis=1)),
    "squared_hinge": (
        nn.SquaredHinge(),
        OUTPUTS,
        LABELS,
        lambda y, t: (np.maximum(0, 1 - (2 * t - 1) * y) ** 2).mean(axis=1),
    ),
    "log_cosh": (nn.LogCosh(), OUTPUTS, NUMBERS, lambda y, t: np.log(np.cosh(y - t)).mean(axis=1)),
    "squared_logarithmic": (
        nn.MeanSquaredLogarithmicError(),
        OUTPUTS,
        abs(NUMBERS),
        lambda y, t: ((np.log(1 + np.maximum(y, 0)) - np.log(1 + t)) ** 2).mean(axis=1),
    ),
    "absolute_percentage": (
        nn.MeanAbsolutePercentageError(),
        OUTPUTS,
        NUMBERS,
        lambda y, t: (100 * np.abs((y - t) / t)).mean(axis=1),
    ),
    "ordinal": (nn.Ordinal(), OUTPUTS[:, :3], CLASS, ordinal),
    "ordinal_two": (nn.Ordinal(), OUTPUTS[:, :1], LABELS[:, 0], ordinal),
    "margin_ranking": (
        nn.MarginRanking(),
        OUTPUTS[:, :2],
        ALIKE,
        lambda y, t: np.maximum(0, 1 - np.where(t == 1, 1, -1) * (y[:, 0] - y[:, 1])),
    ),
    "cox": (nn.CoxPartialLikelihood(), OUTPUTS[:, :1], SURVIVAL, cox),
    "cox_flat": (nn.CoxPartialLikelihood(), OUTPUTS[:, 0], SURVIVAL, cox),
    "tversky": (nn.Tversky(), IMAGES, MASKS, lambda z, t: tversky(z, t, 0.3, 0.7, 1)),
    "tversky_by_channel": (
        nn.Tversky(0.5, 0.5, 0.25, True),
        IMAGES,
        MASKS,
        lambda z, t: dice(z, t, 0.5, (1, 2)),
    ),
    "poisson": (nn.Poisson(), OUTPUTS / 2, RANDOM.poisson(3, size=OUTPUTS.shape), counts),
    "quantile": (nn.Quantile(), OUTPUTS[:, :3], NUMBERS[:, 0], lambda y, t: pinball(y, t, (0.1, 0.5, 0.9))),
    "quantile_one": (nn.Quantile((0.7,)), OUTPUTS[:, :1], NUMBERS[:, :1], lambda y, t: pinball(y, t, (0.7,))),
    "normal": (nn.GaussianNegativeLogLikelihood(), OUTPUTS[:, :2], NUMBERS[:, 0], normal),
    "normal_two": (
        nn.GaussianNegativeLogLikelihood(0.3),
        OUTPUTS,
        NUMBERS[:, :2],
        lambda y, t: normal(y, t, 0.3),
    ),
    "cosine": (nn.CosineEmbedding(), PAIRS, ALIKE, lambda y, t: cosine(y, t, 0)),
    "cosine_margin": (nn.CosineEmbedding(-0.3), PAIRS, ALIKE, lambda y, t: cosine(y, t, -0.3)),
    "contrastive": (nn.Contrastive(4.0), PAIRS, ALIKE, lambda y, t: contrastive(y, t, 4)),
    "triplet": (nn.Triplet(), OUTPUTS, np.array([1, 0, 1, 2, 0, 1]), lambda y, t: triplet(y, t, 0.2)),
    "triplet_wide": (nn.Triplet(9.0), OUTPUTS, CLASS, lambda y, t: triplet(y, t, 9)),
    "large_margin": (
        nn.LargeMarginCosine(),
        np.tanh(OUTPUTS),
        CLASS,
        lambda y, t: large_margin(y, t, 0.35, 30),
    ),
    "large_margin_soft": (
        nn.LargeMarginCosine(0.1, 4.0),
        np.tanh(OUTPUTS),
        CLASS,
        lambda y, t: large_margin(y, t, 0.1, 4),
    ),
    "dice": (nn.Dice(), IMAGES, MASKS, lambda z, t: dice(z, t, 1)),
    "dice_by_channel": (nn.Dice(0.5, True), IMAGES, MASKS, lambda z, t: dice(z, t, 0.5, (1, 2))),
    "soft_iou": (nn.SoftIoU(), IMAGES, MASKS, lambda z, t: jaccard(z, t, 1)),
    "soft_iou_by_channel": (nn.SoftIoU(0, True), IMAGES, MASKS, lambda z, t: jaccard(z, t, 0, (1, 2))),
    "cross_entropy_dice": (
        nn.CrossEntropyDice(0.5, 2.0),
        SEQUENCES,
        PIXELS,
        lambda z, t: cross_entropy_dice(z, t, 0.5, 2.0),
    ),
    "ctc": (nn.CTC(), SEQUENCES, SPELLED, lambda z, t: paths(z, t, 0)),
    "ctc_last": (nn.CTC(blank=3), SEQUENCES, (SPELLED - 1) % 4, lambda z, t: paths(z, t, 3)),
    "ctc_padded": (
        nn.CTC(padded=True),
        SEQUENCES,
        np.concatenate([TIMES, SPELLED], axis=1),
        lambda z, t: paths(z, t[:, 1:], 0, t[:, 0]),
    ),
    "box_iou": (nn.BoxIoU(), NEAR, BOXES, lambda y, t: boxes(y, t, False)),
    "box_iou_one": (nn.BoxIoU(), NEAR[:, 0], BOXES[:, 0], lambda y, t: boxes(y, t, False)),
    "box_giou": (nn.BoxGIoU(), NEAR, BOXES, lambda y, t: boxes(y, t, True)),
    "box_giou_apart": (nn.BoxGIoU(), FAR, BOXES, lambda y, t: boxes(y, t, True)),
    "center_map": (
        nn.CenterMap(8, 12.0),
        MAP,
        OBJECTS,
        lambda y, t: center_map(y, t, 8, 12.0, 0.54, 2.0),
    ),
    "center_map_wide": (
        nn.CenterMap(6, 10.0, spread=1.2, box_weight=0.5),
        MAP,
        OBJECTS.astype(np.float32),
        lambda y, t: center_map(y, t.astype(np.float64), 6, 10.0, 1.2, 0.5),
    ),
    "class_weighted": (
        nn.ClassWeighted(nn.SoftmaxCrossEntropy(), CLASS_WEIGHTS),
        OUTPUTS,
        CLASS,
        lambda z, t: np.array(CLASS_WEIGHTS)[t] * softmax(z, t),
    ),
    "class_weighted_soft": (
        nn.ClassWeighted(nn.SoftmaxCrossEntropy(), CLASS_WEIGHTS),
        OUTPUTS,
        SOFT,
        lambda z, t: t @ np.array(CLASS_WEIGHTS) * softmax(z, t),
    ),
    "class_weighted_binary": (
        nn.ClassWeighted(nn.BinaryCrossEntropy(), (0.5, 4.0)),
        OUTPUTS[:, :1],
        LABELS[:, :1].astype(bool),
        lambda z, t: np.where(t[:, 0], 4.0, 0.5) * binary(z, t),
    ),
    "members": (
        nn.MeanOfMembers(nn.SoftmaxCrossEntropy()),
        MEMBERS,
        CLASS,
        lambda z, t: by_member(softmax, z, t),
    ),
    "members_numbers": (
        nn.MeanOfMembers(nn.MeanSquaredError()),
        MEMBERS,
        NUMBERS,
        lambda y, t: by_member(lambda y, t: ((y - t) ** 2).mean(axis=1), y, t),
    ),
    "members_normal": (
        nn.MeanOfMembers(nn.GaussianNegativeLogLikelihood()),
        MEMBERS[..., :2],
        NUMBERS[:, 0],
        lambda y, t: by_member(normal, y, t),
    ),
}


def test_every_loss_is_tested():
    ours = {kind for kind in nn.KINDS if issubclass(kind, Loss)}
    assert {type(case[0]) for case in CASES.values()} == ours - {nn.MultiOutputLoss}  # see test_several


@pytest.mark.parametrize("name", CASES)
def test_value_equals_the_formula(name, evaluate):
    loss, outputs, targets, formula = CASES[name]
    expected = formula(outputs, targets)
    assert expected.shape == (BATCH,)
    np.testing.assert_allclose(evaluate(loss.each, outputs, targets), expected, rtol=1e-12, atol=1e-14)
    assert evaluate(loss, outputs, targets) == pytest.approx(expected.mean(), rel=1e-12)


@pytest.mark.parametrize("weight", [WEIGHT, np.array([1, 0, 2, 0, 3, 1])])
@pytest.mark.parametrize("name", CASES)
def test_sample_weights(name, weight, evaluate):
    loss, outputs, targets, formula = CASES[name]
    expected = np.average(formula(outputs, targets), weights=weight)
    assert evaluate(loss, outputs, targets, weight) == pytest.approx(expected, rel=1e-12)
    nothing = evaluate(loss, outputs, targets, np.zeros(BATCH))
    assert nothing == 0


@pytest.mark.parametrize("name", CASES)
def test_derivative_equals_the_slope(name, run):
    loss, outputs, targets, _ = CASES[name]
    check_direction(
        lambda y: loss(y, y.trace.constant(targets, targets.dtype.name)), [outputs], run, relative=1e-7
    )
    check_direction(
        lambda y, w: loss(y, y.trace.constant(targets, targets.dtype.name), w),
        [outputs, WEIGHT + 1],
        run,
        relative=1e-7,
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_the_loss_has_the_dtype_of_the_outputs(name, dtype, evaluate):
    loss, outputs, targets, formula = CASES[name]
    value = evaluate(loss, outputs.astype(dtype), targets, WEIGHT)
    assert (value.dtype, value.shape) == (dtype, ())
    assert value == pytest.approx(np.average(formula(outputs, targets), weights=WEIGHT), rel=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_check_accepts_what_the_loss_takes(name):
    loss, outputs, targets, _ = CASES[name]
    loss.check((32, *outputs.shape[1:]), targets)  # the batch length is not that of all targets


@pytest.mark.parametrize("name", CASES)
def test_check_refuses_what_is_missing(name):
    loss, outputs, targets, _ = CASES[name]
    missing = targets.astype(np.float64)
    missing.flat[0] = np.nan
    said_by = loss.of_one()
    with pytest.raises(DataError, match=rf"^{type(said_by).__name__}: the target in row 0 is nan; "):
        loss.check(outputs.shape, missing)


@pytest.mark.parametrize("name", CASES)
def test_comes_back_from_plain_data(name):
    loss = CASES[name][0]
    plain = to_plain(loss)
    assert from_plain(json.loads(json.dumps(plain)), nn.KINDS) == loss
    assert from_plain(tomllib.loads(tomli_w.dumps(plain)), nn.KINDS) == loss


@pytest.mark.parametrize("name", CASES)
def test_the_metrics_take_the_predictions(name, evaluate):
    loss, outputs, targets, _ = CASES[name]
    predictions = evaluate(loss.predict, outputs)
    for metric in metrics_of(loss):
        assert np.isfinite(measure(metric, predictions, targets, WEIGHT))


@pytest.mark.parametrize("size", [0.0, 1e-30, 80.0])
@pytest.mark.parametrize("name", CASES)
def test_derivatives_stay_finite_in_float32(name, size, gradient):
    """At outputs of 0, where lengths and areas vanish, and where the logits saturate."""
    loss, outputs, targets, _ = CASES[name]
    assert np.isfinite(gradient(loss, (size * np.sign(outputs)).astype(np.float32), targets)).all()


@pytest.mark.parametrize("name", CASES)
def test_an_empty_batch_has_loss_0(name, evaluate):
    loss, outputs, targets, _ = CASES[name]
    assert evaluate(loss, outputs[:0], targets[:0]) == 0


@pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
@pytest.mark.parametrize("name", CASES)
def test_the_native_executor_agrees(name, evaluate, gradient):
    loss, outputs, targets, _ = CASES[name]
    narrow = targets.astype(np.float32) if targets.dtype == np.float64 else targets
    given = {"y": outputs.astype(np.float32), "t": narrow}
    trace = Trace()
    y, t = (trace.input(key, array.shape, array.dtype.name) for key, array in given.items())
    value = loss(y, t)
    program = trace.program({"loss": value, "delta": differentiate(value, [y])[y.value]})
    results = compile_native(program).run({}, given)
    assert results["loss"] == pytest.approx(evaluate(loss, outputs, targets), rel=1e-5)
    slope = gradient(loss, outputs, targets)
    np.testing.assert_allclose(results["delta"], slope, rtol=1e-4, atol=1e-5 * np.abs(slope).max())
