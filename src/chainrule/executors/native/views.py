"""Where a value's numbers lie: its own storage, or another value's seen through strides."""

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from chainrule.program import Value


class View(NamedTuple):
    """A value as elements of a root's storage: element i lies at offset + the sum of i[axis] · strides[axis].

    root: the value that has storage. shape: of the value seen. strides, offset: in elements; a stride of 0
    repeats.
    """

    root: Value
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def dense(self) -> bool:
        """Whether the elements lie in row-major order without gaps or repeats."""
        if self.strides == packed_strides(self.shape):
            return True
        return 0 in self.shape or all(
            n == 1 or a == b
            for n, a, b in zip(self.shape, self.strides, packed_strides(self.shape), strict=True)
        )

    @property
    def whole(self) -> bool:
        """Whether it is dense and all that its root holds."""
        return self.dense and math.prod(self.shape) == self.root.size

    def rows_inside(self, rows: int) -> bool:
        """Whether the first axis has so many rows, each in its own part of the root's storage cut evenly."""
        return rows_inside(rows, self.root.size, self.offset, self.shape, self.strides)

    def sliced(self, start: Sequence[int], step: Sequence[int], shape: tuple[int, ...]) -> "View":
        """Every step-th element from start on, along each axis."""
        offset = self.offset + sum(a * stride for a, stride in zip(start, self.strides, strict=True))
        strides = tuple(a * stride for a, stride in zip(step, self.strides, strict=True))
        return View(self.root, shape, strides, 0 if 0 in shape else offset)

    def reshaped(self, shape: tuple[int, ...]) -> "View | None":
        """The same elements in another shape; None if no strides say where they lie."""
        if self.dense:
            return View(self.root, shape, packed_strides(shape), self.offset)
        axes = [(n, stride) for n, stride in zip(self.shape, self.strides, strict=True) if n != 1]
        strides: list[int] = []
        left, step = 1, 0  # elements of old axes that no new one has been cut from, and their stride
        for length in reversed(shape):
            taken: list[tuple[int, int]] = []
            while length > 1 and left % length and axes:
                n, stride = axes.pop()
                taken = [(n, stride)] if left == 1 else [(n, stride), (left, step)]
                step = -1 if (one := _walked_as_one(taken)) is None else one
                left *= n
            if length > 1 and (left % length or step < 0):
                return None
            strides.append(step if length > 1 else 0)
            left, step = left // max(length, 1), step * length
        return View(self.root, shape, tuple(reversed(strides)), self.offset)

    def transposed(self, order: Sequence[int]) -> "View":
        """Axes in another order."""
        shape, strides = (tuple(each[axis] for axis in order) for each in (self.shape, self.strides))
        return View(self.root, shape, strides, self.offset)

    def broadcast(self, shape: Sequence[int]) -> "View":
        """Repeated along new leading axes and along axes of length 1."""
        if shape == self.shape:
            return self
        if not self.shape:
            return View(self.root, tuple(shape), (0,) * len(shape), self.offset)
        new = len(shape) - len(self.shape)
        strides = [0] * new
        for length, old, stride in zip(shape[new:], self.shape, self.strides, strict=True):
            strides.append(stride if old == length else 0)
        return View(self.root, tuple(shape), tuple(strides), self.offset)

    def rows_and_columns(self) -> tuple[int, int] | None:
        """Strides of the view taken as (rows, columns), columns being the last of two or more axes.

        None if the leading axes have no common stride. A single axis counts as rows of one column.
        """
        if not self.shape:
            return 0, 0
        if len(self.shape) == 1:
            return self.strides[0], 0
        if len(self.shape) == 2:
            return (self.strides[0] if self.shape[0] != 1 else 0), self.strides[1]
        rows = collapsed(self.shape[:-1], self.strides[:-1])
        return None if rows is None else (rows, self.strides[-1])


def whole(value: Value) -> View:
    """A value in its own storage."""
    return View(value, value.shape, packed_strides(value.shape))


@lru_cache(maxsize=4096)
def rows_inside(rows: int, size: int, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """`View.rows_inside` of a root of this size."""
    if not rows or rows != shape[0] or strides[0] * rows != size:
        return False
    rest = zip(shape[1:], strides[1:], strict=True)
    return offset + sum((n - 1) * stride for n, stride in rest if n) < strides[0]


@lru_cache(maxsize=4096)
def packed_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Row-major strides without gaps."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


def collapsed(shape: Sequence[int], strides: Sequence[int]) -> int | None:
    """The one stride of several axes walked as one, or None if there is none."""
    return _walked_as_one([(n, s) for n, s in zip(shape, strides, strict=True) if n != 1])


def _walked_as_one(moving: Sequence[tuple[int, int]]) -> int | None:
    """The same of (length, stride) of axes of more than one element."""
    if not moving:
        return 0
    for (_, outer), (length, inner) in itertools.pairwise(moving):
        if outer != inner * length:
            return None
    return moving[-1][1]


def rows_of(shape: Sequence[int]) -> tuple[int, int]:
    """A shape as (rows, columns): columns are the last of two or more axes."""
    if len(shape) < 2:
        return (shape[0] if shape else 1), 1
    return math.prod(shape[:-1]), shape[-1]
