"""Order, chunks and barriers: chunks are fixed by the problem, barriers stand only where chunks cross."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from chainrule.executors.native.nodes import MOST_AHEAD, MOST_CHUNKS, Access, Node
from chainrule.program import Value

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
    return 2 if extent < 512 else min(MOST_CHUNKS, extent // 64)


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


def schedule(nodes: Sequence[Node], home: Callable[[Value], Value]) -> list[Group]:
    """Nodes in an order that needs few barriers: first what can run without one."""
    small = sum(node.flops for node in nodes) < SMALL_FLOPS
    for node in nodes:
        node.chunks = 1 if small else chunks_of(node)
    if small:
        return [Group(False, 1, list(nodes), 0)]
    _link(nodes, home)
    waiting = {node: len(node.after) for node in nodes}
    followers: dict[Node, list[Node]] = {node: [] for node in nodes}
    for node in nodes:
        for before in node.after:
            followers[before].append(node)
    ready = [node for node in nodes if not waiting[node]]
    groups: list[Group] = []
    touched: dict[Value, list[tuple[Node, Access]]] = {}
    epoch = 0
    while ready:
        free = [node for node in ready if not _crosses(node, touched, home)]
        barrier = not free
        if barrier:
            touched.clear()
            epoch += 1
            free = ready
        same = [node for node in free if groups and not barrier and node.chunks == groups[-1].chunks]
        # Who reads what was just written comes first: it is still in cache.
        last = groups[-1].nodes[-1] if same else None
        node = min(same or free, key=lambda each: (last not in each.after, each.position))
        ready.remove(node)
        if barrier or not same:
            groups.append(Group(barrier, node.chunks, [], epoch))
        groups[-1].nodes.append(node)
        for access in node.accesses:
            touched.setdefault(home(access.root), []).append((node, access))
        for follower in followers[node]:
            waiting[follower] -= 1
            if not waiting[follower]:
                ready.append(follower)
    for group in groups:
        _look_ahead(group, home)
    return groups


def _look_ahead(group: Group, home: Callable[[Value], Value]) -> None:
    """Each product asks for what the node after it reads beside its result, such as an optimizer's means."""
    for product, reader in pairwise(group.nodes):
        if product.kind != "matmul" or reader.kind != "tile" or reader.extent != product.extent:
            continue
        result = next(access.root for access in product.accesses if access.write)
        read = [access for access in reader.accesses if not access.write and access.aligned]
        if any(access.root is result for access in read):
            others = [node for node in group.nodes if node is not reader]
            warm = {home(access.root) for node in others for access in node.accesses if access.write}
            alike = [access.root for access in read if access.root.nbytes == result.nbytes]
            product.ahead = [root for root in alike if home(root) not in warm][:MOST_AHEAD]


def _link(nodes: Sequence[Node], home: Callable[[Value], Value]) -> None:
    """Who must come after whom, from the order they were recorded in."""
    writers: dict[Value, list[Node]] = {}
    readers: dict[Value, list[Node]] = {}
    for node in nodes:
        for access in node.accesses:
            root = home(access.root)
            node.after.update(writers.get(root, ()))
            if access.write:
                node.after.update(readers.get(root, ()))
        for access in node.accesses:
            root = home(access.root)
            (writers if access.write else readers).setdefault(root, []).append(node)
        node.after.discard(node)


def _crosses(
    node: Node, touched: dict[Value, list[tuple[Node, Access]]], home: Callable[[Value], Value]
) -> bool:
    """Whether the node touches what another thread may be touching since the last barrier."""
    for access in node.accesses:
        for other, before in touched.get(home(access.root), ()):
            if not (access.write or before.write):
                continue
            if node.chunks == 1 and other.chunks == 1:
                continue
            if not (same_cuts(node, other) and access.aligned and before.aligned):
                return True
    return False


def independent_chunks(nodes: Sequence[Node], home: Callable[[Value], Value], chunks: int) -> int:
    """The number of chunks if each can run all nodes by itself, again and again, else 1: nodes are cut so."""
    for node in nodes:
        node.chunks = chunks
    touched: dict[Value, list[tuple[Node, Access]]] = {}
    for node in nodes:
        for access in node.accesses:
            touched.setdefault(home(access.root), []).append((node, access))
    crossed = any(_crosses(node, touched, home) for node in nodes)
    for node in nodes:
        node.chunks = 1 if crossed else chunks
    return 1 if crossed else chunks


def same_cuts(node: Node, other: Node) -> bool:
    """Whether chunk by chunk both touch the same part of a value that both touch aligned."""
    if node.chunks != other.chunks:
        return False
    return node.extent == other.extent or not (node.extent % node.chunks or other.extent % node.chunks)
