"""One arena: every value gets a place, and places are used again when nobody needs what was there."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

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
    stored: Callable[[Value], bool],
    home: Callable[[Value], Value],
    *,
    local: bool = True,
) -> Layout:
    """Places for the roots that live in the arena; local: but for those that live for one chunk alone.

    Time is counted in instructions where one thread runs them all, else in stretches between barriers: within
    a stretch threads are at different instructions, so nothing is used again there.
    """
    inside = _locals(groups, stored, home) if local else {}
    spans = _spans(groups, lambda root: stored(root) and root not in inside, home)
    taken: list[tuple[int, int, int, int]] = []  # first and last time, first and end byte
    offsets: dict[Value, int] = {}
    size = 0
    for root, (first, last) in sorted(spans.items(), key=lambda item: -item[0].nbytes):
        needed = _rounded(root.nbytes)
        busy = sorted((start, end) for t0, t1, start, end in taken if t0 <= last and first <= t1)
        offset = _first_gap(busy, needed)
        offsets[root] = offset
        taken.append((first, last, offset, offset + needed))
        size = max(size, offset + needed)
    return Layout(offsets, size, _most_alive(spans), inside)


def _locals(
    groups: Sequence[Group], stored: Callable[[Value], bool], home: Callable[[Value], Value]
) -> dict[Value, tuple[int, int]]:
    """What only nodes of one group touch, chunk by chunk: such as a gradient that the update uses up."""
    found: dict[Value, tuple[int, int]] = {}
    seen: dict[Value, Group] = {}
    for group in groups:
        for node in group.nodes:
            for access in node.accesses:
                root = home(access.root)
                fits = access.whole and node.extent > 0 and root.size > 0 and group.chunks > 1
                if root not in seen and fits and access.write and stored(root):
                    found[root] = (node.extent, root.nbytes // node.extent)
                elif root in found:
                    rows, _ = found[root]
                    same = rows == node.extent or not (rows % group.chunks or node.extent % group.chunks)
                    if not fits or seen[root] is not group or not same:
                        del found[root]
                seen[root] = group
    return found


def _spans(
    groups: Sequence[Group], stored: Callable[[Value], bool], home: Callable[[Value], Value]
) -> dict[Value, tuple[int, int]]:
    alone = all(group.chunks == 1 for group in groups)
    spans: dict[Value, tuple[int, int]] = {}
    time = 0
    for group in groups:
        for node in group.nodes:
            time += 1
            now = time if alone else group.epoch
            for access in node.accesses:
                root = home(access.root)
                if stored(root):
                    first, last = spans.get(root, (now, now))
                    spans[root] = (min(first, now), max(last, now))
    return spans


def _first_gap(busy: Iterable[tuple[int, int]], needed: int) -> int:
    offset = 0
    for start, end in busy:
        if start - offset >= needed:
            break
        offset = max(offset, end)
    return offset


def _most_alive(spans: dict[Value, tuple[int, int]]) -> int:
    changes: dict[int, int] = {}
    for root, (first, last) in spans.items():
        changes[first] = changes.get(first, 0) + _rounded(root.nbytes)
        changes[last + 1] = changes.get(last + 1, 0) - _rounded(root.nbytes)
    most = now = 0
    for time in sorted(changes):
        now += changes[time]
        most = max(most, now)
    return most


def _rounded(nbytes: int) -> int:
    return max(ALIGNMENT, -(-nbytes // ALIGNMENT) * ALIGNMENT)
