"""Order, chunks and barriers: chunks are fixed by the problem, barriers stand only where chunks cross."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import pairwise
from operator import attrgetter

from chainrule.executors.native import _core
from chainrule.executors.native.nodes import Access, Node
from chainrule.program import Value

_position = attrgetter("position")

SMALL_FLOPS = 4_000_000
"""Below this many floating-point operations a step stays on one thread: barriers would cost more."""


@dataclass(eq=False)
class Group:
    """Nodes run chunk by chunk; barrier: all threads wait before it. epoch: barriers passed so far."""

    barrier: bool
    chunks: int
    nodes: list[Node]
    epoch: int


def chunk_count(extent: int) -> int:
    """How many chunks an extent is cut into; never a matter of the number of threads.

    Long chunks let matrix products run at full rate; short ones leave what they wrote in cache.
    """
    if extent < 64:
        return 1
    return 2 if extent < 512 else min(_core.MOST_CHUNKS, extent // 64)


def chunks_of(node: Node) -> int:
    """How many chunks a node is cut into.

    Values of three and more axes, such as images, are cut between examples, so that nodes that see them as
    examples, as rows of channels or as heads all cut them at the same places.
    """
    if node.pieces is not None:
        return max(1, min(node.pieces, node.extent))
    cut = [access for access in node.accesses if access.aligned and access.root.size > 0]
    if node.kind == "matmul":  # of a few rows each they would pack their right matrix again and again
        cut = [access for access in cut if access.write]
    deep = [access.root for access in cut if len(access.root.shape) > 2]
    if not deep or not node.extent:
        return chunk_count(node.extent)
    rows = max(root.size // root.shape[-1] for root in deep)
    examples = min(root.shape[0] for root in deep)
    wanted = chunk_count(max(rows, node.extent))
    even = max(n for n in range(1, wanted + 1) if examples % n == 0 and node.extent % n == 0)
    return even if 4 * even > wanted else min(wanted, node.extent)


def schedule(nodes: Sequence[Node]) -> list[Group]:
    """Nodes in an order that needs few barriers: first what can run without one."""
    small = sum(node.flops for node in nodes) < SMALL_FLOPS
    for node in nodes:
        node.chunks = 1 if small else chunks_of(node)
    if small:
        return [Group(False, 1, list(nodes), 0)]
    _link(nodes)
    queue = _Queue(nodes)
    groups: list[Group] = []
    epoch = 0
    while queue.waits:
        barrier = not queue.free
        if barrier:
            queue.pass_barrier()
            epoch += 1
        node = queue.next_like(groups[-1].chunks) if groups and not barrier else None
        if node is None:
            node = queue.next()
            groups.append(Group(barrier, node.chunks, [], epoch))
        groups[-1].nodes.append(node)
        queue.run(node)
    for group in groups:
        _look_ahead(group)
    return groups


class _Queue:
    """Nodes whose turn may have come: those that all have run which they come after.

    free: those of them that need no barrier first; whether one does is known once it is in the queue, since
    nodes that touch the same, and one of them writes, come after one another.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.free: set[Node] = set()
        self._touched = _Touched()
        self._blocked: list[Node] = []
        self._heaps: dict[int, list[tuple[int, Node]]] = {}  # chunks -> free ones by position, and some gone
        self._missing = {node: len(node.after) for node in nodes}
        self._followers: dict[Node, list[Node]] = {node: [] for node in nodes}
        self._last: Node | None = None
        for node in nodes:
            for before in node.after:
                self._followers[before].append(node)
        for node in nodes:
            if not node.after:
                self._set_free(node)

    @property
    def waits(self) -> bool:
        """Whether there is a node to run."""
        return bool(self.free or self._blocked)

    def _set_free(self, node: Node) -> None:
        self.free.add(node)
        heappush(self._heaps.setdefault(node.chunks, []), (node.position, node))

    def pass_barrier(self) -> None:
        """Free all that wait for it."""
        self._touched = _Touched()
        for node in self._blocked:
            self._set_free(node)
        self._blocked = []

    def next(self) -> Node:
        """The first of the free ones."""
        return min((first for chunks in self._heaps if (first := self._first(chunks))), key=_position)

    def next_like(self, chunks: int) -> Node | None:
        """The first of those cut into so many chunks.

        Before it who reads what was just written, still in cache.
        """
        readers = self._followers[self._last] if self._last is not None else ()
        ready = [node for node in readers if node in self.free and node.chunks == chunks]
        return min(ready, key=_position) if ready else self._first(chunks)

    def _first(self, chunks: int) -> Node | None:
        heap = self._heaps.get(chunks, [])
        while heap and heap[0][1] not in self.free:
            heappop(heap)
        return heap[0][1] if heap else None

    def run(self, node: Node) -> None:
        """Take a free node out; those that have waited for it alone come in."""
        self.free.remove(node)
        self._touched.add(node)
        self._last = node
        for follower in self._followers[node]:
            self._missing[follower] -= 1
            if self._missing[follower]:
                continue
            if self._touched.crosses(follower):
                self._blocked.append(follower)
            else:
                self._set_free(follower)


def _look_ahead(group: Group) -> None:
    """Each product asks for what the node after it reads beside its result, such as an optimizer's means."""
    followed = [
        (product, reader)
        for product, reader in pairwise(group.nodes)
        if product.kind == "matmul" and reader.kind == "tile" and reader.extent == product.extent
    ]
    if not followed:
        return
    writers: dict[Value, Node | None] = {}  # None: several
    for node in group.nodes:
        for access in node.accesses:
            if access.write and writers.setdefault(access.root, node) is not node:
                writers[access.root] = None
    for product, reader in followed:
        result = next(access.root for access in product.accesses if access.write)
        read = [access.root for access in reader.accesses if not access.write and access.aligned]
        if result in read:
            size = result.nbytes
            cold = [root for root in read if writers.get(root, reader) is reader and root.nbytes == size]
            product.ahead.extend(cold[: _core.MOST_AHEAD])


def _link(nodes: Sequence[Node]) -> None:
    """Who must come after whom, from the order they were recorded in: the least that implies the rest."""
    writer: dict[Value, Node] = {}
    readers: dict[Value, list[Node]] = {}  # since it was last written
    for node in nodes:
        for access in node.accesses:
            if access.root in writer:
                node.after.add(writer[access.root])
            if access.write:
                node.after.update(readers.get(access.root, ()))
        node.after.discard(node)
        for access in node.accesses:
            if access.write:
                writer[access.root] = node
                readers[access.root] = []
            else:
                readers.setdefault(access.root, []).append(node)


class _Touched:
    """What nodes have touched since the last barrier."""

    def __init__(self) -> None:
        self._read: dict[Value, list[tuple[Node, Access]]] = {}
        self._written: dict[Value, list[tuple[Node, Access]]] = {}

    def add(self, node: Node) -> None:
        """What this one touches."""
        for access in node.accesses:
            touched = self._written if access.write else self._read
            touched.setdefault(access.root, []).append((node, access))

    def crosses(self, node: Node) -> bool:
        """Whether the node touches what another thread may be touching since the last barrier."""
        for access in node.accesses:
            for other in self._written.get(access.root, ()):
                if _apart(node, access, *other):
                    return True
            if access.write:
                for other in self._read.get(access.root, ()):
                    if _apart(node, access, *other):
                        return True
        return False


def _apart(node: Node, access: Access, other: Node, before: Access) -> bool:
    """Whether two nodes may touch the same part of a root on different threads."""
    if node.chunks == 1 and other.chunks == 1:
        return False
    return not (access.aligned and before.aligned and same_cuts(node, other))


def independent_chunks(nodes: Sequence[Node], following: Mapping[Value, Value], chunks: int) -> int:
    """The number of chunks if each can run all nodes by itself, again and again, else 1: nodes are cut so.

    following: root -> the root that takes its place the next time.
    """
    touched = _Touched()
    twins: list[Node] = []
    for node in nodes:
        accesses = [replace(each, root=following.get(each.root, each.root)) for each in node.accesses]
        twins.append(replace(node, accesses=accesses, chunks=chunks))
        touched.add(twins[-1])
    crossed = any(touched.crosses(twin) for twin in twins)
    for node in nodes:
        node.chunks = 1 if crossed else chunks
    return 1 if crossed else chunks


def same_cuts(node: Node, other: Node) -> bool:
    """Whether chunk by chunk both touch the same part of a value that both touch aligned."""
    if node.chunks != other.chunks:
        return False
    return node.extent == other.extent or not (node.extent % node.chunks or other.extent % node.chunks)
