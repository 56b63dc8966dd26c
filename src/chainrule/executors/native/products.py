"""How matrix products become nodes: matrices are read where they lie, transposed or beside others."""

from dataclasses import dataclass, replace

from chainrule.executors.native import _core
from chainrule.executors.native.builder import Builder
from chainrule.executors.native.nodes import Access, Locate, Node, place_at, size_of, total_node
from chainrule.executors.native.views import View, collapsed, whole
from chainrule.program import Step, Value

FEW_ROWS = 64
"""A derivative by the weight of fewer inputs is cut by its columns, if there are as many of these."""

DEEP, MOST_RESULTS = 512, 2**17
"""A derivative by the weight over at least DEEP rows is cut along them, into PRODUCT_PARTS whose results are
summed: so every thread reads the rows that it has just made. For more than MOST_RESULTS that does not pay.
"""
BY_ROWS, BY_COLUMNS, BY_DEPTH = (_core.CUTS.index(f"by_{cut}") for cut in ("rows", "columns", "depth"))


@dataclass(frozen=True)
class _Matrices:
    """view: of all of them, the last two axes being rows and columns. turned: columns lie in memory as rows.

    row: from one row in memory to the next.
    """

    view: View
    turned: bool
    row: int

    @property
    def outer(self) -> View:
        """The first element of each."""
        view = self.view
        return View(view.root, view.shape[:-2], view.strides[:-2], view.offset)


@dataclass(frozen=True)
class _Level:
    """How many products, and how far A and B move from one to the next."""

    count: int
    step_a: int
    step_b: int


def lower_matmul(builder: Builder, step: Step) -> None:
    """C = A B, of one pair of matrices or of many."""
    (x, y), c = step.inputs, step.output
    (m, n), k, outer = c.shape[-2:], x.shape[-1], c.shape[:-2]
    a, b = _matrices(builder, x), _matrices(builder, y)
    levels: list[_Level] = []
    rows = collapsed(a.view.shape[:-1], a.view.strides[:-1]) if outer else None
    together = rows is not None and (rows >= max(k, 1) or m * size_of(outer) == 1)
    if together and size_of(outer) and y.size == k * n and not a.turned:
        m, a = m * size_of(outer), replace(a, row=max(rows or 0, k, 1))  # one shared matrix: all rows at once
    elif outer:
        x_outer, y_outer = a.outer.broadcast(outer), b.outer.broadcast(outer)
        levels = _levels(x_outer, y_outer)
        if not levels:
            a, b = (_spread(builder, each, outer) for each in (x, y))
            levels = _levels(a.outer, b.outer)
    position = builder.next_position()
    for each in (a, b):
        builder.reads(each.view, position)
    text = f"{c.name} = {x.name} @ {y.name}"
    levels = [level for level in levels if level.count != 1]
    cut = BY_ROWS
    if a.turned and not levels:
        if m < FEW_ROWS <= n:
            cut = BY_COLUMNS
        if k >= DEEP and not b.turned and 0 < m * n <= MOST_RESULTS:
            cut = BY_DEPTH
    result = Value((_core.PRODUCT_PARTS, m, n), c.dtype, f"{c.name}.parts") if cut == BY_DEPTH else c
    builder.add(_node(position, result, a, b, (m, n, k), levels, cut, text), result)
    if cut == BY_DEPTH:
        position = builder.next_position()
        builder.reads(whole(result), position)
        builder.add(total_node(position, c, result), c)


def _matrices(builder: Builder, value: Value) -> _Matrices:
    """A value as matrices that lie in storage as they are, or transposed; copied if neither."""
    view = builder.views[value]
    rows, columns = view.shape[-2:]
    down, right = view.strides[-2:]
    if (right == 1 or columns == 1) and (down >= columns or rows == 1):
        return _Matrices(view, False, max(down if rows > 1 else columns, 1))
    if (down == 1 or rows == 1) and (right >= rows or columns == 1):
        return _Matrices(view, True, max(right if columns > 1 else rows, 1))
    return _Matrices(builder.dense_view(value), False, max(columns, 1))


def _spread(builder: Builder, value: Value, outer: tuple[int, ...]) -> _Matrices:
    """Matrices copied out, one after the other over all outer axes."""
    spread = Value((*outer, *value.shape[-2:]), value.dtype, f"{value.name}.spread")
    builder.copy(builder.views[value].broadcast(spread.shape), spread)
    return _Matrices(whole(spread), False, max(value.shape[-1], 1))


def _levels(a: View, b: View) -> list[_Level]:
    """The outer axes walked as one or two; none if that can't be done."""
    shape = a.shape
    for cut in range(len(shape) + 1):
        parts = [slice(0, cut), slice(cut, None)]
        found = [
            (
                size_of(shape[part]),
                collapsed(shape[part], a.strides[part]),
                collapsed(shape[part], b.strides[part]),
            )
            for part in parts
        ]
        levels = [_Level(n, i, j) for n, i, j in found if i is not None and j is not None]
        if len(levels) == 2:
            return levels
    return []


def _node(
    position: int,
    c: Value,
    a: _Matrices,
    b: _Matrices,
    sizes: tuple[int, int, int],
    levels: list[_Level],
    cut: int,
    text: str,
) -> Node:
    """Chunks cut the rows of a single product, its columns or its depth, or the outermost axis of many."""
    (m, n, k), alone = sizes, not levels
    none = _Level(1, 0, 0)
    outer, inner = (*levels, none, none)[:2] if len(levels) != 1 else (levels[0], none)
    whole_a = a.view.whole and not a.turned and a.row == k
    own_rows = alone and cut == BY_ROWS
    if cut == BY_DEPTH:
        aligned_a, aligned_b = (
            each.row * k == each.view.root.size and each.view.offset + columns <= each.row
            for each, columns in ((a, m), (b, n))
        )
    elif cut == BY_COLUMNS:
        aligned_a = aligned_b = False
    elif alone:
        aligned_a = not a.turned and a.row * m == a.view.root.size and a.view.offset + k <= a.row
        aligned_b = False
    else:
        aligned_a, aligned_b = (
            step * outer.count == each.view.root.size
            and _last(each, inner.count, inside, rows, columns) < step
            for each, step, inside, rows, columns in (
                (a, outer.step_a, inner.step_a, m, k),
                (b, outer.step_b, inner.step_b, k, n),
            )
        )
    accesses = [
        Access(a.view.root, False, aligned_a, aligned_a and own_rows and whole_a and c.size > 0 and k > 0),
        Access(b.view.root, False, aligned_b),
        Access(c, True, cut != BY_COLUMNS, own_rows and c.size > 0),
    ]
    steps = (outer.step_a, outer.step_b, inner.step_a, inner.step_b)
    empty = 0 in (m, n, k, outer.count, inner.count)  # then nothing is touched, and the place need not exist

    ahead: list[Value] = []

    def words(locate: Locate) -> list[int]:
        places = [
            number
            for each in (a, b)
            for number in place_at(locate, each.view.root, 0 if empty else each.view.offset)
        ]
        counts = (outer.count, inner.count, m, n, k, int(a.turned), int(b.turned), a.row, b.row)
        asked = [number for root in ahead for number in locate(root)]
        return [cut, *counts, *steps, *places, *locate(c), len(ahead), *asked]

    flops = 2 * outer.count * inner.count * m * n * k
    extent = (m, n, k)[cut] if alone else outer.count
    pieces = _core.PRODUCT_PARTS if cut == BY_DEPTH else None
    return Node("matmul", position, extent, accesses, words, flops, text, pieces=pieces, ahead=ahead)


def _last(each: _Matrices, count: int, step: int, rows: int, columns: int) -> int:
    """The last element of the first `count` matrices, from the start of the storage."""
    down, right = (rows, columns) if not each.turned else (columns, rows)
    return each.view.offset + (count - 1) * step + (down - 1) * each.row + right - 1
