"""The loss of masks with several classes: beside numbers from NumPy, pixel by pixel."""

from typing import Any

import numpy as np
import pytest

from chainrule.backprop import check_direction
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
MASKS[1][MASKS[1] == 2] = 0  # the second shows two classes
WEIGHTS = (0.5, 1.0, 4.0)


def program(loss, logits=LOGITS, masks=MASKS):
    trace = Trace()
    outputs = trace.input("outputs", logits.shape, "float64")
    targets = trace.input("targets", masks.shape, masks.dtype.name)
    return trace.program({"loss": loss(outputs, targets)})


def value(loss, logits=LOGITS, masks=MASKS):
    return float(
        compile_numpy(program(loss, logits, masks)).run({}, {"outputs": logits, "targets": masks})["loss"]
    )


def expected(z, t, dice=1.0, smooth=1.0, weights=(1.0, 1.0, 1.0), smoothing=0.0):
    """Of one example."""
    z, t = z[t != VOID], t[t != VOID]
    p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    u = np.eye(3)[t]
    likely = (1 - smoothing) * u + smoothing / 3
    crossed = -(np.array(weights)[t] * (likely * np.log(p)).sum(-1)).mean()
    missed = [
        1 - (2 * p[:, k] @ u[:, k] + smooth) / (p[:, k].sum() + u[:, k].sum() + smooth)
        for k in range(3)
        if (t == k).any()
    ]
    return crossed + dice * np.mean(missed)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"dice": 0.0},
        {"dice": 0.3, "smooth": 0.1},
        {"weights": WEIGHTS},
        {"weights": WEIGHTS, "smoothing": 0.2, "dice": 0.5},
    ],
)
def test_cross_entropy_and_dice_are_their_equations(how: dict[str, Any]):
    names: dict[str, str] = {"weights": "class_weights", "smoothing": "label_smoothing"}
    given: dict[str, Any] = {names.get(name, name): each for name, each in how.items()}
    loss = CrossEntropyDice(**given, void=VOID)
    mean = np.mean([expected(z, t, **how) for z, t in zip(LOGITS, MASKS, strict=True)])
    assert value(loss) == pytest.approx(mean, rel=1e-12)


def test_its_slope_is_the_numerical_one():
    loss = CrossEntropyDice(dice=0.7, class_weights=WEIGHTS, void=VOID, label_smoothing=0.1)
    check_direction(loss, [LOGITS, MASKS], lambda made, given: compile_numpy(made).run({}, given))


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
