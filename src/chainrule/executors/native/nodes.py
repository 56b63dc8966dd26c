"""What a plan is made of: nodes, each one instruction of the core, with what it reads and writes."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from chainrule.executors.native import _core
from chainrule.executors.native.views import View, rows_of
from chainrule.program import Value

CODES = {name: code for code, name in enumerate(_core.KINDS)}

Place = tuple[int, int]
"""Buffer number and byte offset."""
Locate = Callable[[Value], Place]


def place_at(locate: Locate, root: Value, offset: int) -> Place:
    """Where the element number `offset` of a root lies."""
    if not offset:
        return locate(root)
    buffer, start = locate(root)
    return buffer, start + offset * root.item_bytes


@dataclass(eq=False, slots=True)
class Access:
    """How a node touches a root's storage.

    aligned: chunk c of the node touches only the c-th part of the storage cut evenly along its first axis,
    which has `extent` rows. whole: it is the node's own space, row after row, and could be one chunk's alone.
    """

    root: Value
    write: bool
    aligned: bool
    whole: bool = False


@dataclass(eq=False, slots=True)
class Node:
    """One instruction to be. position: its place in the order of the program.

    extent: rows that chunks cut. accesses: every read and write. words: the instruction in wire format but
    for its kind, once every root has a place. flops: floating-point operations. text: for `show --plan`.
    long: it computes with float64, though what it writes may be something else. ahead: roots that nodes
    after it read, which a product asks for while it multiplies. pieces: chunks it should be cut into, where
    rows say nothing of its work. after: nodes that must have run before it.
    words must not hold the node itself: nodes are many, and go when the plan is made, not when Python next
    searches for reference cycles. It may hold lists and sets that the node is given.
    """

    kind: str
    position: int
    extent: int
    accesses: list[Access]
    words: Callable[[Locate], list[int]]
    flops: int = 0
    text: str = ""
    layer: str = ""
    chunks: int = 1
    long: bool = False
    pieces: int | None = None
    after: set["Node"] = field(default_factory=set)
    ahead: list[Value] = field(default_factory=list)

    @property
    def code(self) -> int:
        """The number of its kind on the wire, which says whether it computes with float64."""
        wide = f"{self.kind}_f64"
        is_long = self.long or any(each.write and each.root.dtype == "float64" for each in self.accesses)
        return CODES[wide if is_long and wide in CODES else self.kind]


def reduce_node(
    position: int, operation: str, y: Value, x: View, sizes: tuple[int, int, int], text: str
) -> Node:
    """Reduce the middle of (outer, middle, inner)."""
    outer, middle, inner = sizes
    columns = outer == 1
    accesses = [Access(x.root, False, not columns, not columns), Access(y, True, True, not columns)]

    def words(locate: Locate) -> list[int]:
        return [_core.REDUCTIONS.index(operation), outer, middle, inner, *locate(x.root), *locate(y)]

    return Node(
        "reduce", position, inner if columns else outer, accesses, words, outer * middle * inner, text
    )


def parts_of(y: Value) -> Value:
    """Room for what each chunk adds up of y by itself."""
    return Value((_core.MOST_CHUNKS, *y.shape), y.dtype, f"{y.name}.parts")


def row_sums_node(position: int, parts: Value, x: View, columns: int, text: str) -> Node:
    """The rows of each chunk of x, added up; x is dense."""
    size = size_of(x.shape)
    rows = size // columns
    accesses = [Access(x.root, False, x.whole, x.whole), Access(parts, True, True)]

    def words(locate: Locate) -> list[int]:
        return [rows, columns, *place_at(locate, x.root, x.offset), *locate(parts)]

    return Node("row_sums", position, rows, accesses, words, size, text)


def total_node(position: int, y: Value, parts: Value) -> Node:
    """The sum of the parts that the chunks of a node have left."""
    accesses = [Access(parts, False, False), Access(y, True, True)]
    after: set[Node] = set()

    def words(locate: Locate) -> list[int]:
        chunks = _chunks_behind(after, parts)
        return [_core.REDUCTIONS.index("sum"), 1, chunks, y.size, *locate(parts), *locate(y)]

    text = f"{y.name} = sum of its parts"
    return Node("reduce", position, y.size, accesses, words, parts.size, text, after=after)


def _chunks_behind(after: Iterable[Node], sums: Value) -> int:
    """Chunks of the node that wrote what one after it sums up."""
    # A step that stays on one thread is one chunk, and nobody has asked what comes after what.
    summing = [each for each in after if any(a.write and a.root is sums for a in each.accesses)]
    return summing[0].chunks if summing else 1


def copy_node(
    position: int,
    target: Value,
    source: View,
    to_strides: Sequence[int],
    text: str,
    to_offset: int = 0,
) -> Node:
    """Elements from one layout to another; to_offset: where the first one goes."""
    shape = source.shape
    start, end = (0, 0) if 0 in shape else (source.offset, to_offset)  # of nothing the place need not exist
    rank = len(shape)
    extent = shape[0] if rank else 1
    spread = bool(rank) and View(target, shape, tuple(to_strides), end).rows_inside(extent)
    drawn = bool(rank) and source.rows_inside(extent)
    accesses = [Access(source.root, False, drawn), Access(target, True, spread)]

    def words(locate: Locate) -> list[int]:
        places = (*place_at(locate, source.root, start), *place_at(locate, target, end))
        return [rank, target.item_bytes, *shape, *source.strides, *to_strides, *places]

    return Node("copy", position, extent, accesses, words, 0, text)


def simple_node(
    kind: str,
    position: int,
    extent: int,
    sizes: Sequence[int],
    operands: Sequence[tuple[Value, bool, bool]],
    text: str,
    flops: int = 0,
) -> Node:
    """A node whose wire format is sizes, then the places of (value, written, aligned) in order."""
    accesses = [Access(*operand) for operand in operands]

    def words(locate: Locate) -> list[int]:
        return [*sizes, *(number for value, *_ in operands for number in locate(value))]

    return Node(kind, position, extent, accesses, words, flops, text)


def sums_of(y: Value) -> Value:
    """Room for the sums of squares whose root mean is y: a float64 a chunk."""
    return Value((2 * _core.MOST_CHUNKS,), "uint32", f"{y.name}.squares")


def squares_node(position: int, x: Value, sums: Value, text: str) -> Node:
    """The squares of each chunk of x, summed."""
    rows, columns = rows_of(x.shape)

    def words(locate: Locate) -> list[int]:
        return [rows, columns, *locate(x), *locate(sums)]

    accesses = [Access(x, False, True, True), Access(sums, True, True)]
    return Node("squares", position, rows, accesses, words, 2 * x.size, text)


def root_mean_node(position: int, y: Value, count: int, sums: Value, text: str) -> Node:
    """The root of the mean of `count` squares, from their sums."""
    accesses = [Access(sums, False, False), Access(y, True, True)]

    after: set[Node] = set()

    def words(locate: Locate) -> list[int]:
        return [_chunks_behind(after, sums), count, *locate(sums), *locate(y)]

    return Node("root_mean", position, 1, accesses, words, 2, text, after=after)


def size_of(shape: Sequence[int]) -> int:
    """Number of elements."""
    return math.prod(shape)
