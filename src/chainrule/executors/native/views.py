"""Where a value's numbers lie: its own storage, or another value's seen through strides."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.program import Value


@dataclass(frozen=True)
class View:
    """A value as elements of a root's storage: element i lies at the sum of i[axis] · strides[axis].

    root: the value that has storage. shape: of the value seen. strides: in elements; 0 repeats.
    """

    root: Value
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def dense(self) -> bool:
        """Whether the elements lie in row-major order without gaps or repeats."""
        return _packed(self.shape, self.strides)

    def transposed(self, order: Sequence[int]) -> "View":
        """Axes in another order."""
        shape, strides = (tuple(each[axis] for axis in order) for each in (self.shape, self.strides))
        return View(self.root, shape, strides)

    def broadcast(self, shape: Sequence[int]) -> "View":
        """Repeated along new leading axes and along axes of length 1."""
        new = len(shape) - len(self.shape)
        strides = [0] * new
        for length, old, stride in zip(shape[new:], self.shape, self.strides, strict=True):
            strides.append(stride if old == length else 0)
        return View(self.root, tuple(shape), tuple(strides))

    def rows_and_columns(self) -> tuple[int, int] | None:
        """Strides of the view taken as (rows, columns), columns being the last of two or more axes.

        None if the leading axes have no common stride. A single axis counts as rows of one column.
        """
        if not self.shape:
            return 0, 0
        if len(self.shape) == 1:
            return self.strides[0], 0
        rows = collapsed(self.shape[:-1], self.strides[:-1])
        return None if rows is None else (rows, self.strides[-1])


def whole(value: Value) -> View:
    """A value in its own storage."""
    return View(value, value.shape, packed_strides(value.shape))


def packed_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Row-major strides without gaps."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


def _packed(shape: Sequence[int], strides: Sequence[int]) -> bool:
    packed = packed_strides(shape)
    return all(n <= 1 or a == b for n, a, b in zip(shape, strides, packed, strict=True)) or 0 in shape


def collapsed(shape: Sequence[int], strides: Sequence[int]) -> int | None:
    """The one stride of several axes walked as one, or None if there is none."""
    moving = [(n, s) for n, s in zip(shape, strides, strict=True) if n != 1]
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
