"""What an index such as x[1:, ..., None] asks for."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from chainrule.errors import ShapeError


class Slices(NamedTuple):
    """A slice of every axis, and the axes of the result."""

    start: tuple[int, ...]
    stop: tuple[int, ...]
    step: tuple[int, ...]
    layout: tuple[int | None, ...]  # an axis of the slice, or None for a new axis of length 1

    def shape(self, sliced: Sequence[int]) -> tuple[int, ...]:
        """The result's shape from the shape of the slice: without dropped axes, with new ones."""
        return tuple(1 if axis is None else sliced[axis] for axis in self.layout)


def plan_slices(index: Any, shape: Sequence[int]) -> Slices:
    """Whole numbers, slices with positive steps, None and `...`, as a slice of every axis."""
    parts = list(index) if isinstance(index, tuple) else [index]
    named = sum(part is not None and part is not Ellipsis for part in parts)
    if named > len(shape) or sum(part is Ellipsis for part in parts) > 1:
        raise ShapeError(f"the index {index!r} has too many parts for shape {tuple(shape)}")
    fill = [slice(None)] * (len(shape) - named)
    place = next((i for i, part in enumerate(parts) if part is Ellipsis), None)
    parts = [*parts, *fill] if place is None else [*parts[:place], *fill, *parts[place + 1 :]]
    start, stop, step, layout = [], [], [], []
    for part in parts:
        if part is None:
            layout.append(None)
            continue
        length = shape[len(start)]
        if isinstance(part, slice):
            if part.step is not None and part.step < 1:
                raise ShapeError(f"the index {index!r} steps by {part.step}; steps must be at least 1")
            first, last, stride = part.indices(length)
            layout.append(len(start))
            last = max(first, last)
        elif isinstance(part, int | np.integer) and not isinstance(part, bool) and -length <= part < length:
            first, last, stride = int(part) % length, int(part) % length + 1, 1
        else:
            raise ShapeError(f"the index {index!r} does not fit axis {len(start)} of shape {tuple(shape)}")
        start.append(first)
        stop.append(last)
        step.append(stride)
    return Slices(tuple(start), tuple(stop), tuple(step), tuple(layout))
