"""What is put together along one axis: a part of it is seen where it lay before, and zeros are never read."""

from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.executors.native.views import View

Piece = tuple[int, View | None]
"""Where it stops along the axis, and what it holds; None for zeros."""


@dataclass(frozen=True)
class Pieces:
    """axis: along which. pieces: in order, each from where the one before stops."""

    axis: int
    pieces: tuple[Piece, ...]

    def spans(self) -> list[tuple[int, int, View | None]]:
        """(start, stop, what it holds) of all that are not empty."""
        starts = (0, *(stop for stop, _ in self.pieces))
        return [(a, stop, view) for a, (stop, view) in zip(starts, self.pieces, strict=False) if stop > a]

    def around(
        self, start: Sequence[int], step: Sequence[int], shape: Sequence[int]
    ) -> tuple[int, View | None] | None:
        """The one piece that has all of a slice, and where it starts; None if several have."""
        first = start[self.axis]
        last = first + (shape[self.axis] - 1) * step[self.axis]
        for begin, stop, view in self.spans():
            if begin <= first <= last < stop:
                return begin, view
        return None

    def added(self, other: "Pieces") -> "Pieces | None":
        """The sum, if along the same axis one of the two is zero everywhere."""
        if self.axis != other.axis:
            return None
        pieces: list[Piece] = []
        for start, stop, view in sorted((*self._filled(), *other._filled()), key=lambda span: span[:2]):
            if pieces and start < pieces[-1][0]:
                return None
            pieces += [(start, None), (stop, view)]
        return Pieces(self.axis, (*pieces, (self.pieces[-1][0], None)))

    def _filled(self) -> list[tuple[int, int, View]]:
        """The spans that are not zeros."""
        return [(start, stop, view) for start, stop, view in self.spans() if view is not None]
