"""Images moved by geometry, with what belongs to them: the mask of their classes, and boxes around objects.

A layer draws a `Geometry`; `warp` reads the image through it, and the mask and the boxes follow.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.errors import ShapeError
from chainrule.nn.layers.inputs import need_pictures
from chainrule.program import Tensor
from chainrule.program import functions as f

_LEAST_SHARE = 0.25  # of the area of a box; with less the object can't be told any more


@dataclass(frozen=True, eq=False)
class Geometry(ABC):
    """Where each place of the results is read in the images, and the other way round.

    Places are (v, u), down and right in pixels from the centre of the image. dtype: of the places.
    """

    dtype: str

    @abstractmethod
    def read(self, v: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        """(v, u) of the image at which the result is read at its (v, u); the shapes are broadcast.

        v: (1, height, 1). u: (1, 1, width) -> (batch, height, width) or a shape that is broadcast to it.
        """

    @abstractmethod
    def shown(self, v: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        """(v, u) of the result at which the image's (v, u) is seen: (batch, objects, points) each."""

    @property
    def straight(self) -> bool:
        """Whether straight lines stay straight, so that the corners of a box say where it goes."""
        return True


def need_beside(x: Tensor, mask: Tensor | None, boxes: Tensor | None) -> None:
    """Raises ShapeError unless x are images, and mask and boxes are theirs."""
    need_pictures(x)
    if mask is not None and mask.shape != x.shape[:3]:
        raise ShapeError(
            f"{x.trace.label} got images {x.shape} and a mask {mask.shape}; it must be {x.shape[:3]}"
        )
    if boxes is not None and (boxes.ndim != 3 or boxes.shape[::2] != (x.shape[0], 5)):
        raise ShapeError(
            f"{x.trace.label} got images {x.shape} and boxes {boxes.shape}; "
            f"they must be ({x.shape[0]}, objects, 5)"
        )


def warp(
    geometry: Geometry | None,
    x: Tensor,
    mask: Tensor | None,
    boxes: Tensor | None,
    *,
    edge: str,
    void: int | None,
    method: str = "linear",
) -> Tensor | tuple[Tensor, ...]:
    """x moved by the geometry, or (x, mask), (x, boxes) if these are given; None moves nothing.

    edge, method: of `functions.sample`. void: the value of mask pixels from beyond the border.
    """
    if geometry is not None:
        rows, columns = _places(geometry, x)
        x = f.sample(x, rows, columns, method=method, edge=edge)
        if mask is not None:
            mask = _moved_mask(mask, rows, columns, edge, void)
        if boxes is not None:
            boxes = _moved_boxes(geometry, boxes, x.shape[1:3])
    beside = tuple(each for each in (mask, boxes) if each is not None)
    return (x, *beside) if beside else x


def _places(geometry: Geometry, x: Tensor) -> tuple[Tensor, Tensor]:
    """(rows, columns) at which the pixels of the result are read in x: (batch, height, width) each."""
    batch, height, width, _ = x.shape
    down, right = ((n - 1) / 2 for n in (height, width))
    v = x.trace.constant(np.arange(height).reshape(1, -1, 1) - down, geometry.dtype)
    u = x.trace.constant(np.arange(width).reshape(1, 1, -1) - right, geometry.dtype)
    rows, columns = geometry.read(v, u)
    shape = batch, height, width
    return f.broadcast_to(rows + down, shape), f.broadcast_to(columns + right, shape)


def _moved_mask(mask: Tensor, rows: Tensor, columns: Tensor, edge: str, void: int | None) -> Tensor:
    """The class number of the pixel nearest to each place; `void`, if given, beyond the border."""
    moved = f.sample(mask[..., None], rows, columns, method="nearest", edge=edge).reshape(*mask.shape)
    if void is None:
        return moved
    height, width = (length - 0.5 for length in mask.shape[1:])
    down = f.logical_and(rows >= -0.5, rows < height)
    across = f.logical_and(columns >= -0.5, columns < width)
    outside = mask.trace.constant(np.array(void), mask.dtype)
    return f.where(f.logical_and(down, across), moved, outside)


def _moved_boxes(geometry: Geometry, boxes: Tensor, size: Sequence[int]) -> Tensor:
    """The smallest upright boxes around the outlines where the result shows them, clipped.

    boxes: (batch, objects, 5), see `RandomAffine`. size: (height, width) of the images.
    """
    boxes = boxes.cast(geometry.dtype)
    middles = [length / 2 for length in size]
    left, top, right, bottom = (boxes[..., each] for each in range(4))
    outline = [(top, left), (top, right), (bottom, left), (bottom, right)]
    if not geometry.straight:
        middle, centre = (top + bottom) * 0.5, (left + right) * 0.5
        outline += [(top, centre), (bottom, centre), (middle, left), (middle, right)]
    rows, columns = (f.stack(each, -1) for each in zip(*outline, strict=True))
    rows, columns = geometry.shown(rows - middles[0], columns - middles[1])
    edges = [
        edge + middle
        for edge, middle in zip(
            (columns.min(-1), rows.min(-1), columns.max(-1), rows.max(-1)), middles[::-1] * 2, strict=True
        )
    ]
    cut = [
        f.minimum(f.maximum(edge, 0.0), float(most))
        for edge, most in zip(edges, [*size[::-1]] * 2, strict=True)
    ]
    kept = _area(cut) >= _LEAST_SHARE * _area(edges)
    number = f.where(kept, boxes[..., 4], -1.0)
    return f.stack([*cut, number], -1)


def _area(edges: Sequence[Tensor]) -> Tensor:
    left, top, right, bottom = edges
    return (right - left) * (bottom - top)
