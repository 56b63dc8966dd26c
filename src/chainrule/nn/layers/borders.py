"""Layers that add to the borders of sequences, images and volumes, or cut from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_space
from chainrule.nn.settings import check_choice
from chainrule.program import Tensor
from chainrule.program import functions as f

Sides = int | Sequence[Sequence[int]]
MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""Ways to go on beyond the border, and NumPy's names of them."""


@dataclass(frozen=True)
class Pad(Layer):
    """y = x with more positions before and after it along every spatial axis.

    sides: how many, at least 0: a number for all sides, or (before, after) for each axis.
    mode: what they hold: 'zeros'; 'reflect', x mirrored at its outermost element, which is not repeated;
    'replicate', the outermost element; 'circular', the other end of x.
    x: float (batch, *space, channels), with one to three axes of space -> the same axes, longer.
    Raises ConfigError for a bad setting; while recording, ShapeError for another rank, sides for another
    number of axes, or an empty axis to go on from, and DTypeError unless x is float.
    """

    sides: Sides
    mode: str = "zeros"

    def __post_init__(self) -> None:
        object.__setattr__(self, "sides", _checked_sides(self, self.sides))
        check_choice(self, "mode", self.mode, MODES)

    def __call__(self, x: Tensor) -> Tensor:
        pairs = _pairs(self, x)
        if self.mode == "zeros":
            low, high = zip((0, 0), *pairs, (0, 0), strict=True)
            return f.pad(x, low, high)
        for axis, pair in enumerate(pairs, start=1):
            length = x.shape[axis]
            if not any(pair):
                continue
            if not length or (self.mode == "reflect" and length == 1):
                raise ShapeError(
                    f"{x.trace.label} got x of shape {x.shape}; '{self.mode}' has nothing to take from "
                    f"axis {axis}"
                )
            places = np.pad(np.arange(length), pair, mode=MODES[self.mode])  # type: ignore[call-overload]
            x = f.gather(x, x.trace.constant(places, "int32"), axis)
        return x


@dataclass(frozen=True)
class Crop(Layer):
    """y = x without the outermost positions of every spatial axis.

    sides: how many, at least 0: a number for all sides, or (before, after) for each axis.
    x: float (batch, *space, channels), with one to three axes of space -> the same axes, shorter.
    Raises ConfigError for a bad setting; while recording, ShapeError for another rank, sides for another
    number of axes, or if no position is left, and DTypeError unless x is float.
    """

    sides: Sides

    def __post_init__(self) -> None:
        object.__setattr__(self, "sides", _checked_sides(self, self.sides))

    def __call__(self, x: Tensor) -> Tensor:
        pairs = _pairs(self, x)
        kept = [
            slice(before, length - after)
            for (before, after), length in zip(pairs, x.shape[1:-1], strict=True)
        ]
        if any(each.start >= each.stop for each in kept):
            raise ShapeError(
                f"{x.trace.label} got x of shape {x.shape}; nothing of it is left without {pairs}"
            )
        return x[(slice(None), *kept)]


def _checked_sides(layer: Pad | Crop, sides: Any) -> int | tuple[tuple[int, ...], ...]:
    given = sides if isinstance(sides, list | tuple) else ((sides, sides),)
    pairs: tuple[Any, ...] = tuple([tuple(pair) if isinstance(pair, list | tuple) else () for pair in given])
    whole = all(len(pair) == 2 and all(type(n) is int and n >= 0 for n in pair) for pair in pairs)
    if len(pairs) not in (1, 2, 3) or not whole:
        raise ConfigError(
            f"{type(layer).__name__}: sides is {sides!r}",
            remedy="it must be a whole number, at least 0, or (before, after) for each axis, ((1, 1),)",
        )
    return pairs if isinstance(sides, list | tuple) else pairs[0][0]


def _pairs(layer: Pad | Crop, x: Tensor) -> tuple[tuple[int, int], ...]:
    """(before, after) for each spatial axis of x."""
    need_space(x, 1, 2, 3)
    axes = x.ndim - 2
    if isinstance(layer.sides, int):
        return ((layer.sides, layer.sides),) * axes
    if len(layer.sides) != axes:
        raise ShapeError(
            f"{x.trace.label} got x of shape {x.shape}; its sides {layer.sides} are for "
            f"{len(layer.sides)} spatial axes"
        )
    return tuple((before, after) for before, after in layer.sides)
