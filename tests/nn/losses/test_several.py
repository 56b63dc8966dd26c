"""The loss of several heads: the weighted sum of each one's, and what does not fit is named."""

import re

import numpy as np
import pytest

from chainrule import nn
from chainrule.errors import ConfigError, DataError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Trace

RANDOM = np.random.default_rng(0)
LOGITS, KIND = RANDOM.normal(size=(5, 3)), np.array([0, 2, 1, 1, 0], np.int32)
SIZE, TRUE_SIZE = RANDOM.normal(size=(5, 1)), RANDOM.normal(size=5)
WEIGHT = np.array([1.0, 0.0, 2.0, 0.5, 3.0])
CROSS_ENTROPY = np.log(np.exp(LOGITS).sum(1)) - LOGITS[np.arange(5), KIND]
SQUARED = (SIZE[:, 0] - TRUE_SIZE) ** 2
LOSS = nn.MultiOutputLoss({"kind": nn.SoftmaxCrossEntropy(), "size": nn.MeanSquaredError()}, {"size": 0.25})


def evaluated(loss, outputs, targets, weight=None):
    """The loss of float64 arrays in a structure of one level."""
    trace, given = Trace(), {}

    def inputs(name, structure):
        if not isinstance(structure, dict | tuple):
            given[name] = structure
            return trace.input(name, structure.shape, structure.dtype.name)
        if isinstance(structure, tuple):
            return tuple(inputs(f"{name}{i}", part) for i, part in enumerate(structure))
        return {key: inputs(f"{name}{key}", part) for key, part in structure.items()}

    weights = None if weight is None else inputs("weight", weight)
    value = loss(inputs("outputs", outputs), inputs("targets", targets), weights)
    return float(compile_numpy(trace.program({"loss": value})).run({}, given)["loss"])


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_it_is_the_weighted_sum_of_the_heads(weight):
    outputs, targets = {"kind": LOGITS, "size": SIZE}, {"kind": KIND, "size": TRUE_SIZE}
    expected = np.average(CROSS_ENTROPY + 0.25 * SQUARED, weights=weight)
    assert evaluated(LOSS, outputs, targets, weight) == pytest.approx(expected, rel=1e-12)


def test_heads_may_be_a_tuple_and_hold_heads():
    loss = nn.MultiOutputLoss((nn.MultiOutputLoss({"a": nn.MeanSquaredError()}), nn.SoftmaxCrossEntropy()))
    value = evaluated(loss, ({"a": SIZE}, LOGITS), ({"a": TRUE_SIZE}, KIND))
    assert value == pytest.approx((CROSS_ENTROPY + SQUARED).mean(), rel=1e-12)


def test_targets_are_checked_head_by_head():
    shapes = {"kind": (9, 3), "size": (9, 1), "more": (9, 4)}
    LOSS.check(shapes, {"kind": KIND, "size": TRUE_SIZE})
    with pytest.raises(DataError, match=r"^head 'kind': SoftmaxCrossEntropy: .*row 1"):
        LOSS.check(shapes, {"kind": KIND + 1, "size": TRUE_SIZE})
    with pytest.raises(DataError, match="there is a loss for 'size', and no targets; they are kind"):
        LOSS.check(shapes, {"kind": KIND})
    with pytest.raises(DataError, match="there is a loss for 'size', and no outputs; they are kind"):
        LOSS.check({"kind": (9, 3)}, {"kind": KIND, "size": TRUE_SIZE})
    with pytest.raises(DataError, match="the targets 'colour' have no loss"):
        LOSS.check(shapes, {"kind": KIND, "size": TRUE_SIZE, "colour": KIND})
    with pytest.raises(DataError, match="the outputs are one array, not one for each head"):
        LOSS.check((9, 3), {"kind": KIND, "size": TRUE_SIZE})
    with pytest.raises(DataError, match="the targets are one array, not one for each head"):
        LOSS.check(shapes, KIND)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (({},), "MultiOutputLoss has no losses; give one for each head"),
        ((3,), "losses is 3; give a mapping or a tuple of losses"),
        (({"kind": "hinge"},), "the loss of 'kind' is 'hinge'; give a loss, such as"),
        (({"kind": nn.Hinge()}, {"size": 1}), "a weight for 'size', and no loss; its heads are kind"),
        (({"kind": nn.Hinge()}, {"kind": -1}), "the weight of 'kind' is -1; it must be"),
    ],
)
def test_settings_are_checked(given, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        nn.MultiOutputLoss(*given)
