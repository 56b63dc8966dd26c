"""Layers that change the shape of an example, or the order of its axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.layer import Layer
from chainrule.program import Tensor


@dataclass(frozen=True)
class Reshape(Layer):
    """y[n] = the numbers of x[n], in their order, in another shape.

    shape: of one example, such as (8, 8, 1). One length may be -1, which is inferred; () is a single number.
    x: (batch, …) -> (batch, *shape).
    Raises ConfigError for a bad shape; while recording, ShapeError if an example has another number of
    elements.
    """

    shape: Sequence[int]

    def __post_init__(self) -> None:
        listed = tuple(self.shape) if isinstance(self.shape, list | tuple) else (self.shape,)
        if not all(map(_is_length, listed)) or listed.count(-1) > 1:
            raise ConfigError(
                f"Reshape: shape is {self.shape!r}",
                remedy="it must be the lengths of one example's axes, without the batch; one may be -1",
            )
        object.__setattr__(self, "shape", listed)

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim < 1:
            raise ShapeError(f"{x.trace.label} got a single number; it needs (batch, …)")
        numbers, known = prod(x.shape[1:]), prod(length for length in self.shape if length != -1)
        left_over = numbers // known if known else 0
        shape = tuple(left_over if length == -1 else length for length in self.shape)
        if prod(shape) != numbers:
            raise ShapeError(
                f"{x.trace.label} got examples of shape {x.shape[1:]}, {numbers} numbers, which can't become "
                f"{tuple(self.shape)}",
                remedy="give it a shape of as many numbers, without the batch",
            )
        return x.reshape(x.shape[0], *shape)


@dataclass(frozen=True)
class Permute(Layer):
    """y = x with the axes after the batch in another order; axis i of y is axis axes[i - 1] of x.

    axes: each of 1 … n once; axis 0, the batch, is not listed. (2, 1) turns (batch, features, time) into
    (batch, time, features), (2, 3, 1) channels-first images into channels-last ones. Keras counts axes in the
    same way; PyTorch's permute lists the batch, too.
    Raises ConfigError for axes that are no permutation; while recording, ShapeError for another number of
    axes.
    """

    axes: Sequence[int]

    def __post_init__(self) -> None:
        listed: tuple[Any, ...] = tuple(self.axes) if isinstance(self.axes, list | tuple) else (self.axes,)
        whole = all(isinstance(axis, int) and not isinstance(axis, bool) for axis in listed)
        if not whole or not listed or sorted(listed) != list(range(1, len(listed) + 1)):
            raise ConfigError(
                f"Permute: axes is {self.axes!r}",
                remedy="it must name each axis after the batch once, from 1, such as (2, 1)",
            )
        object.__setattr__(self, "axes", listed)

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim != len(self.axes) + 1:
            raise ShapeError(
                f"{x.trace.label} got x of shape {x.shape}; its axes {tuple(self.axes)} are for "
                f"{len(self.axes)} after the batch"
            )
        return x.transpose(0, *self.axes)


def _is_length(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and (value >= 1 or value == -1)
