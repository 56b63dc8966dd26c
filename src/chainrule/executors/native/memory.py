"""One arena: every value gets a place, and places are used again when nobody needs what was there."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import takewhile

import numpy as np

from chainrule.executors.native.schedule import Group
from chainrule.program import Value

ALIGNMENT = 64


@dataclass(frozen=True)
class Layout:
    """offsets: of each root in the arena. size: bytes of the arena. alive: bytes of the largest set of values
    alive at one time, below which no arena can be. locals: roots that live for one chunk alone, each with the
    rows and the bytes of a row that it would have; every thread has room for one chunk of them.
    """

    offsets: dict[Value, int]
    size: int
    alive: int
    locals: dict[Value, tuple[int, int]]


def lay_out(
    groups: Sequence[Group],
    outside: Container[Value],
    *,
    local: bool = True,
) -> Layout:
    """Places for the roots that live in the arena.

    outside: the others. local: whether those that live for one chunk alone get none.

    Time is counted in instructions where one thread runs them all, else in stretches between barriers: within
    a stretch threads are at different instructions, so nothing is used again there.
    """
    inside = _locals(groups, outside) if local else {}
    spans = _spans(groups, outside)
    for root in inside:
        del spans[root]
    needed = {root: _rounded(root.nbytes) for root in spans}
    largest_first = sorted(spans, key=lambda root: -needed[root])
    offsets = _side_by_side(largest_first, spans, needed)
    taken = _Taken(spans, needed, offsets)
    for root in largest_first[len(offsets) :]:
        first, last = spans[root]
        offset = offsets[root] = taken.first_gap(first, last, needed[root])
        taken.add(first, last, offset, offset + needed[root])
    size = max((offset + needed[root] for root, offset in offsets.items()), default=0)
    return Layout(offsets, size, _most_alive(spans, needed), inside)


def _locals(groups: Sequence[Group], outside: Container[Value]) -> dict[Value, tuple[int, int]]:
    """What only nodes of one group touch, chunk by chunk: such as a gradient that the update uses up."""
    found: dict[Value, tuple[int, int]] = {}
    seen: dict[Value, Group] = {}
    for group in groups:
        for node in group.nodes:
            for access in node.accesses:
                root, fits = access.root, access.whole and node.extent > 0
                if root in found:
                    rows, _ = found[root]
                    same = rows == node.extent or not (rows % group.chunks or node.extent % group.chunks)
                    if not fits or seen[root] is not group or not same:
                        del found[root]
                elif (
                    fits
                    and access.write
                    and group.chunks > 1
                    and root not in seen
                    and root not in outside
                    and root.size > 0
                ):
                    found[root] = (node.extent, root.nbytes // node.extent)
                seen[root] = group
    return found


def _spans(groups: Sequence[Group], outside: Container[Value]) -> dict[Value, tuple[int, int]]:
    alone = all(group.chunks == 1 for group in groups)
    spans: dict[Value, tuple[int, int]] = {}
    time = 0
    for group in groups:
        for node in group.nodes:
            time += 1
            now = time if alone else group.epoch
            for access in node.accesses:
                root = access.root
                if root in spans:
                    spans[root] = (spans[root][0], now)
                elif root not in outside:
                    spans[root] = (now, now)
    return spans


def _side_by_side(
    largest_first: Sequence[Value], spans: Mapping[Value, tuple[int, int]], needed: Mapping[Value, int]
) -> dict[Value, int]:
    """Places for those of the largest size, which are most of a deep network: each the first that is free."""
    offsets: dict[Value, int] = {}
    free: list[int] = []
    busy: list[tuple[int, int]] = []  # until when, and where
    for root in sorted(
        takewhile(lambda each: needed[each] == needed[largest_first[0]], largest_first),
        key=lambda each: spans[each],
    ):
        first, last = spans[root]
        while busy and busy[0][0] < first:
            heappush(free, heappop(busy)[1])
        offset = offsets[root] = heappop(free) if free else len(busy) * needed[root]
        heappush(busy, (last, offset))
    return offsets


class _Taken:
    """The places given so far, in order of where they start.

    Nearly every value of a deep network is alive with nearly every other one, so a place is compared with all
    others: in NumPy, for they may be thousands.
    """

    def __init__(
        self,
        spans: Mapping[Value, tuple[int, int]],
        needed: Mapping[Value, int],
        given: Mapping[Value, int],
    ) -> None:
        """spans: of all that need a place. given: the places of some of them."""
        self._rows = np.zeros((4, len(spans)), np.int64)  # first and last time, first and end byte
        self._count = len(given)
        for number, (root, offset) in enumerate(sorted(given.items(), key=lambda item: item[1])):
            self._rows[:, number] = *spans[root], offset, offset + needed[root]

    def first_gap(self, first: int, last: int, needed: int) -> int:
        """Where so many bytes are free from the first time to the last."""
        since, until, start, end = self._rows[:, : self._count]
        busy = ((since <= last) & (first <= until)).nonzero()[0]
        if not len(busy):
            return 0
        free_from = np.zeros(len(busy) + 1, np.int64)
        np.maximum.accumulate(end[busy], out=free_from[1:])
        fitting = start[busy] - free_from[:-1] >= needed
        place = fitting.argmax()
        return int(free_from[place if fitting[place] else -1])

    def add(self, first: int, last: int, start: int, end: int) -> None:
        """A place that is taken."""
        place, count = int(self._rows[2, : self._count].searchsorted(start)), self._count
        self._rows[:, place + 1 : count + 1] = self._rows[:, place:count]
        self._rows[:, place] = first, last, start, end
        self._count += 1


def _most_alive(spans: Mapping[Value, tuple[int, int]], needed: Mapping[Value, int]) -> int:
    changes: dict[int, int] = {}
    for root, (first, last) in spans.items():
        changes[first] = changes.get(first, 0) + needed[root]
        changes[last + 1] = changes.get(last + 1, 0) - needed[root]
    most = now = 0
    for time in sorted(changes):
        now += changes[time]
        most = max(most, now)
    return most


def _rounded(nbytes: int) -> int:
    return max(ALIGNMENT, -(-nbytes // ALIGNMENT) * ALIGNMENT)
