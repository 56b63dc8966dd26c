"""The tiles being collected, found by what they make and load: looking through all of them takes too long."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

from chainrule.executors.native.tiles import Slot, Tile, TileKind
from chainrule.executors.native.views import View
from chainrule.program import Value

_position = attrgetter("position")


class TileIndex:
    """Tiles in order of their positions. making: value -> the tile that computes it."""

    def __init__(self) -> None:
        self.making: dict[Value, Tile] = {}
        self._all: dict[Tile, None] = {}
        self._of_numbers: dict[TileKind, list[Tile]] = {((), False): [], ((), True): []}
        self._loading: dict[tuple[Value, TileKind], list[Tile]] = {}

    def __iter__(self) -> Iterator[Tile]:
        return iter(self._all)

    def add(self, tile: Tile) -> None:
        """A tile that comes after all others."""
        self._all[tile] = None
        if not tile.shape:
            self._of_numbers[tile.kind].append(tile)

    def load(self, tile: Tile, view: View) -> Slot:
        """The slot of a value from outside; the view has the tile's shape."""
        count = len(tile.loads)
        slot = tile.load(view)
        if len(tile.loads) > count:
            self._note(tile, view.root)
        return slot

    def absorb(self, tile: Tile, other: Tile) -> None:
        """Make one tile of two of the same kind; what the other does comes first."""
        tile.absorb(other)
        for root in {root for root, *_ in other.loads}:
            loading = self._loading.get((root, other.kind))
            if loading is not None:
                del loading[bisect_left(loading, other.position, key=_position)]
                self._note(tile, root)
        for value in other.made:
            self.making[value] = tile
        del self._all[other]

    def _note(self, tile: Tile, root: Value) -> None:
        """Note that the tile loads from the root."""
        if root.shape != tile.shape and root.size <= 1:
            return  # nobody asks for it, and nearly every tile may load it
        loading = self._loading.setdefault((root, tile.kind), [])
        if not loading or loading[-1].position < tile.position:  # nearly always
            loading.append(tile)
            return
        place = bisect_left(loading, tile.position, key=_position)
        if loading[place] is not tile:
            loading.insert(place, tile)

    def connected(self, kind: TileKind, views: Sequence[View], latest: int) -> Iterable[Tile]:
        """The tiles of a kind, from position `latest` on, that load or make one of the views.

        Last ones first; those before `latest` may follow.

        Single numbers go as early as they can, whatever they are made of: of their tiles all, first ones
        first.
        """
        numbers = self._of_numbers.get(kind)
        if numbers is not None:
            return numbers[bisect_left(numbers, latest, key=_position) :]
        found: list[Sequence[Tile]] = []
        for view in views:
            maker = self.making.get(view.root)
            if maker is not None and maker.position >= latest and maker.kind == kind:
                found.append((maker,))
            loading = self._loading.get((view.root, kind))
            if loading and loading[-1].position >= latest and view.root.size > 1:
                found.append(loading)
        if len(found) < 2:  # nearly always
            return reversed(found[0]) if found else ()
        return _last_first(found)

    def holding(self, root: Value) -> Iterator[Tile]:
        """The tiles of a root's shape and precision that load from it or make it, last ones first."""
        maker, kind = self.making.get(root), (root.shape, root.dtype == "float64")
        made = (maker,) if maker is not None and maker.kind == kind else ()
        yield from _last_first([made, self._loading.get((root, kind), ())])


def _last_first(ordered: Sequence[Sequence[Tile]]) -> Iterator[Tile]:
    """The tiles of several lists, each in order, from the last one on, each once."""
    left = [len(tiles) for tiles in ordered]
    while True:
        last: Tile | None = None
        for tiles, count in zip(ordered, left, strict=True):
            if count and (last is None or tiles[count - 1].position > last.position):
                last = tiles[count - 1]
        if last is None:
            return
        left = [
            count - 1 if count and tiles[count - 1] is last else count
            for tiles, count in zip(ordered, left, strict=True)
        ]
        yield last
