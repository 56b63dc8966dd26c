"""The loss of masks with several classes: what void does, and what does not fit."""

import numpy as np
import pytest

from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import CrossEntropyDice
from chainrule.program import Trace

VOID = 9
RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(size=(3, 4, 5, 3))
MASKS = RANDOM.integers(0, 3, (3, 4, 5)).astype(np.uint8)
MASKS[0, :2] = VOID
MASKS[1, 2:, 1] = VOID


def program(loss, logits=LOGITS, masks=MASKS):
    trace = Trace()
    outputs = trace.input("outputs", logits.shape, "float64")
    targets = trace.input("targets", masks.shape, masks.dtype.name)
    return trace.program({"loss": loss(outputs, targets)})


def value(loss, logits=LOGITS, masks=MASKS):
    return float(
        compile_numpy(program(loss, logits, masks)).run({}, {"outputs": logits, "targets": masks})["loss"]
    )


def test_void_alone_has_no_loss():
    masks = np.full_like(MASKS, VOID)
    assert value(CrossEntropyDice(void=VOID), masks=masks) == 0
    moved = LOGITS + (MASKS == VOID)[..., None] * RANDOM.normal(size=LOGITS.shape)
    assert value(CrossEntropyDice(void=VOID), moved) == value(CrossEntropyDice(void=VOID))


def test_what_does_not_fit_is_named():
    with pytest.raises(DataError, match=r"row 0 is 9; there are 3 classes"):
        CrossEntropyDice().check(LOGITS.shape, MASKS)
    CrossEntropyDice(void=VOID).check(LOGITS.shape, MASKS)
    with pytest.raises(ShapeError, match="void is 2, and there are 3 classes"):
        value(CrossEntropyDice(void=2))
    with pytest.raises(ShapeError, match="with 2 class weights"):
        value(CrossEntropyDice(class_weights=(1.0, 2.0)))
    with pytest.raises(ConfigError, match="class_weights"):
        CrossEntropyDice(class_weights=())
