"""How each operation that is not elementwise becomes views or nodes."""

from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import cast

import numpy as np

from chainrule.executors.native import _core
from chainrule.executors.native.attention import lower_attention, lower_attention_adjoint
from chainrule.executors.native.builder import Builder
from chainrule.executors.native.convolution import lower_convolution, lower_weight_adjoint
from chainrule.executors.native.nodes import (
    Access,
    Locate,
    Node,
    copy_node,
    parts_of,
    reduce_node,
    root_mean_node,
    row_sums_node,
    simple_node,
    size_of,
    squares_node,
    sums_of,
    total_node,
)
from chainrule.executors.native.normalization import lower_layer_norm, lower_layer_norm_adjoint
from chainrule.executors.native.ordering import ORDERING
from chainrule.executors.native.pieces import Pieces
from chainrule.executors.native.products import lower_matmul
from chainrule.executors.native.scanning import SCANNING
from chainrule.executors.native.space import SPACE
from chainrule.executors.native.views import View, packed_strides, rows_of, whole
from chainrule.program import Step, Value, step_flops

MANY_ROWS = 1024
"""From so many rows on, each chunk adds up its own; fewer are cut by columns."""


def _constant(builder: Builder, step: Step) -> None:
    builder.constants[step.output] = np.ascontiguousarray(step.attributes["value"])  # type: ignore[call-overload]
    builder.views[step.output] = whole(step.output)


def _iota(builder: Builder, step: Step) -> None:
    builder.constants[step.output] = np.arange(step.output.shape[0], dtype=step.output.dtype)
    builder.views[step.output] = whole(step.output)


def _reshape(builder: Builder, step: Step) -> None:
    (x,), shape = step.inputs, step.output.shape
    builder.views[step.output] = builder.views[x].reshaped(shape) or builder.dense_view(x).reshaped(shape)  # type: ignore[assignment]


def _reduce(builder: Builder, step: Step) -> None:
    (x,) = step.inputs
    axes: tuple[int, ...] = step.attributes["axes"]  # type: ignore[assignment]
    rank = len(x.shape)
    if axes != tuple(range(axes[0], axes[-1] + 1)):
        order = (*(i for i in range(rank) if i not in axes), *axes)
        turned = Value(tuple(x.shape[i] for i in order), x.dtype, f"{x.name}.turned")
        builder.copy(builder.views[x].transposed(order), turned)
        outer, middle, inner = step.output.size, x.size // max(step.output.size, 1), 1
        root = turned
    else:
        outer, middle, inner = (
            size_of(x.shape[: axes[0]]),
            size_of(x.shape[axes[0] : axes[-1] + 1]),
            size_of(x.shape[axes[-1] + 1 :]),
        )
        if step.operation == "sum" and outer == 1 and inner > 1 and middle >= MANY_ROWS:
            _sum_of_rows(builder, step, inner)
            return
        root = builder.dense(x)
        if step.operation == "sum" and _sum_of_gathered(builder, step, root, (outer, middle, inner)):
            return
    position = builder.next_position()
    view = builder.reads(whole(root), position)
    text = f"{step.output.name} = {step.operation}({x.name})"
    builder.add(
        reduce_node(position, step.operation, step.output, view, (outer, middle, inner), text),
        step.output,
    )


def _sum_of_gathered(builder: Builder, step: Step, root: Value, sizes: tuple[int, int, int]) -> bool:
    """Whether what is summed are rows of a table, which need not be put beside each other first."""
    outer, middle, inner = sizes
    table, indices = builder.gathered.get(root, (root, root))
    if table is root or inner != size_of(table.shape[1:]) or not step.output.size:
        return False
    position = builder.next_position()
    for each in (table, indices):
        builder.reads(whole(each), position)
    aligned = indices.shape[0] == outer
    operands = [(table, False, False), (indices, False, aligned), (step.output, True, aligned)]
    text = f"{step.output.name} = sum of {table.name} at {indices.name}"
    node_sizes = (outer, middle, table.shape[0], inner)
    node = simple_node("gather_sum", position, outer, node_sizes, operands, text, root.size)
    builder.add(node, step.output)
    return True


def _sum_of_rows(builder: Builder, step: Step, columns: int) -> None:
    """Each chunk adds up its own rows, where it can in the tile that has them at hand; then their parts."""
    (x,), y = step.inputs, step.output
    parts = parts_of(y)
    if columns != x.shape[-1] or not builder.add_rows_in_tile(x, parts):
        view, position = builder.dense_view(x), builder.next_position()
        builder.reads(view, position)
        builder.add(row_sums_node(position, parts, view, columns, f"{y.name} = sum({x.name})"), parts)
    position = builder.next_position()
    builder.reads(whole(parts), position)
    builder.add(total_node(position, y, parts), y)


def _recompute(builder: Builder, step: Step) -> None:
    """A copy that reads one more value than it needs, so that no order of nodes puts it before that one."""
    x, after = (builder.views[value] for value in step.inputs)
    position, y = builder.next_position(), step.output
    builder.reads(x, position)
    node = copy_node(position, y, x, packed_strides(y.shape), f"{y.name} = {step.inputs[0].name} once more")
    node.accesses.append(Access(builder.reads(after, position).root, False, False))
    builder.add(node, y)


def _slice(builder: Builder, step: Step) -> None:
    (x,), shape = step.inputs, step.output.shape
    start, by = (cast(tuple[int, ...], step.attributes[name]) for name in ("start", "step"))
    builder.views[step.output] = builder.piece(x, start, by, shape) or builder.views[x].sliced(
        start, by, shape
    )


def _pad(builder: Builder, step: Step) -> None:
    (x,), y = step.inputs, step.output
    low, interior = (cast(tuple[int, ...], step.attributes[name]) for name in ("low", "interior"))
    view = builder.views[x]
    padded = [axis for axis, (n, m) in enumerate(zip(x.shape, y.shape, strict=True)) if n != m]
    if len(padded) == 1 and not any(interior):
        (axis,) = padded
        stop = low[axis] + x.shape[axis]
        builder.compose(y, Pieces(axis, ((low[axis], None), (stop, view), (y.shape[axis], None))))
        return
    builder.fill(y)
    packed = packed_strides(y.shape)
    offset = sum(a * s for a, s in zip(low, packed, strict=True))
    strides = tuple((gap + 1) * s for gap, s in zip(interior, packed, strict=True))
    position = builder.next_position()
    builder.reads(view, position)
    builder.add(copy_node(position, y, view, strides, f"{y.name} = pad({x.name})", offset), y)


def _concatenate(builder: Builder, step: Step) -> None:
    axis = cast(int, step.attributes["axis"])
    stops = accumulate(x.shape[axis] for x in step.inputs)
    views = [builder.views[x] for x in step.inputs]
    builder.compose(step.output, Pieces(axis, tuple(zip(stops, views, strict=True))))


def _gather(builder: Builder, step: Step) -> None:
    x, indices = step.inputs
    axis: int = step.attributes["axis"]  # type: ignore[assignment]
    outer, length, inner = size_of(x.shape[:axis]), x.shape[axis], size_of(x.shape[axis + 1 :])
    sizes = (outer, length, inner * x.item_bytes, indices.size)
    builder.simple("gather", step, outer if outer != 1 else indices.size, sizes, (x, indices), outer != 1)
    if outer == 1 and x.dtype == "float32" and step.output.size:
        builder.gathered[step.output] = (builder.dense(x), builder.dense(indices))


def narrow(builder: Builder, step: Step) -> None:
    """int64 as int32 or a float: tiles have no registers for it."""
    rows, columns = rows_of(step.output.shape)
    sizes = (rows, columns, _core.TYPES.index(step.output.dtype))
    node = builder.simple("narrow", step, rows, sizes, step.inputs, True)
    for access in node.accesses:
        access.whole = access.root.size > 0


def _scatter_add(builder: Builder, step: Step) -> None:
    """A single table is cut by rows: each chunk adds what belongs to its own, in order."""
    (x, indices, updates), y = step.inputs, step.output
    axis: int = step.attributes["axis"]  # type: ignore[assignment]
    outer, length, inner = size_of(x.shape[:axis]), x.shape[axis], size_of(x.shape[axis + 1 :])
    onto_zeros = builder.number(x) == 0.0
    table = [] if onto_zeros else [builder.dense(x)]
    repeat, rows = _repeated(builder.views[updates], axis, len(indices.shape))
    given = [builder.dense(indices), rows or builder.dense(updates)]
    position = builder.next_position()
    for root in (*given, *table):
        builder.reads(whole(root), position)
    alone = outer == 1
    accesses = [Access(root, False, False) for root in given]
    accesses += [Access(y, True, True, alone), *(Access(root, False, True, alone) for root in table)]

    def words(locate: Locate) -> list[int]:
        places = [number for root in (*given, y, *table) for number in locate(root)]
        return [outer, length, inner, indices.size, repeat if rows else 1, int(onto_zeros), *places]

    text = f"{y.name} = {'zeros' if onto_zeros else x.name} with {updates.name} added at {indices.name}"
    extent = length if alone else outer
    builder.add(Node("scatter_add", position, extent, accesses, words, step_flops(step), text), y)


def _put(builder: Builder, step: Step) -> None:
    """In place where the old rows are not needed any more: it then costs what it replaces."""
    x, indices, updates = step.inputs
    y, given = step.output, [builder.dense(indices), builder.dense(updates)]
    if builder.is_replaced_by(x, y):
        builder.home[y] = x
        # What was gathered is read where it lies then, no more from the rows that are replaced.
        builder.gathered = {root: each for root, each in builder.gathered.items() if each[0] is not x}
    else:
        builder.copy(builder.views[x], y)
    position = builder.next_position()
    for root in given:
        builder.reads(whole(root), position)
    sizes = (x.shape[0], size_of(x.shape[1:]) * x.item_bytes, indices.size)
    operands = [*((root, False, False) for root in given), (y, True, False)]
    text = f"{y.name} = {x.name} with {updates.name} put at {indices.name}"
    builder.add(simple_node("put", position, 1, sizes, operands, text), y)


def _factorize(builder: Builder, step: Step) -> None:
    (x,) = step.inputs
    builder.simple("factorize", step, 1, (x.size,), (x,), False)


def _repeated(view: View, first: int, count: int) -> tuple[int, Value | None]:
    """Rows that are each for several indices, the last axes of `count` from `first` on; else None."""
    last = first + count
    while last > first and not view.strides[last - 1]:
        last -= 1
    shape, strides = (each[:last] + each[first + count :] for each in (view.shape, view.strides))
    rows = View(view.root, shape, strides)
    repeat = size_of(view.shape[last : first + count])
    return repeat, view.root if repeat and rows.whole else None


def _one_hot(builder: Builder, step: Step) -> None:
    (indices,) = step.inputs
    sizes = (indices.size, step.output.shape[-1])
    builder.simple("one_hot", step, indices.size, sizes, (indices,), True)


def _random_bits(builder: Builder, step: Step) -> None:
    rows, columns = rows_of(step.output.shape)
    sizes = (rows, columns, step.attributes["stream"])
    builder.simple("random_bits", step, rows, sizes, step.inputs, False)  # type: ignore[arg-type]


def _cross_entropy(builder: Builder, step: Step) -> None:
    kind = step.operation.removeprefix("softmax_")
    *_, classes = step.inputs[0].shape
    rows = step.inputs[0].size // classes
    builder.simple(kind, step, rows, (rows, classes), step.inputs, True)


def _root_mean_square(builder: Builder, step: Step) -> None:
    (x,), y = step.inputs, step.output
    text = f"{y.name} = root_mean_square({x.name})"
    sums = sums_of(y)
    if not builder.sum_in_tile(x, sums):
        root, position = builder.dense(x), builder.next_position()
        builder.reads(whole(root), position)
        builder.add(squares_node(position, root, sums, text), sums)
    position = builder.next_position()
    builder.reads(whole(sums), position)
    builder.add(root_mean_node(position, y, x.size, sums, text), y)


def _seen_transposed(builder: Builder, step: Step) -> None:
    builder.views[step.output] = builder.views[step.inputs[0]].transposed(step.attributes["order"])  # type: ignore[arg-type]


def _seen_broadcast(builder: Builder, step: Step) -> None:
    builder.views[step.output] = builder.views[step.inputs[0]].broadcast(step.output.shape)


def _seen_as_it_is(builder: Builder, step: Step) -> None:
    builder.views[step.output] = builder.views[step.inputs[0]]


VIEWS: Mapping[str, Callable[[Builder, Step], None]] = {
    "constant": _constant,
    "iota": _iota,
    "reshape": _reshape,
    "transpose": _seen_transposed,
    "broadcast_to": _seen_broadcast,
    "stop_gradient": _seen_as_it_is,
}

MOVES = frozenset({*VIEWS, "recompute", "slice", "pad", "concatenate", "gather"})
"""Operations to which elements are so many bytes."""

LOWERINGS: Mapping[str, Callable[[Builder, Step], None]] = {
    "matmul": lower_matmul,
    **dict.fromkeys(_core.REDUCTIONS, _reduce),
    "recompute": _recompute,
    "slice": _slice,
    "pad": _pad,
    "concatenate": _concatenate,
    "gather": _gather,
    "scatter_add": _scatter_add,
    "put": _put,
    "factorize": _factorize,
    "one_hot": _one_hot,
    "random_bits": _random_bits,
    "softmax_cross_entropy": _cross_entropy,
    "softmax_cross_entropy_delta": _cross_entropy,
    "root_mean_square": _root_mean_square,
    "layer_norm": lower_layer_norm,
    "layer_norm_adjoint": lower_layer_norm_adjoint,
    "layer_norm_scale_adjoint": lower_layer_norm_adjoint,
    "attention": lower_attention,
    "attention_query_adjoint": lower_attention_adjoint,
    "attention_key_adjoint": lower_attention_adjoint,
    "attention_value_adjoint": lower_attention_adjoint,
    "convolution": lower_convolution,
    "convolution_input_adjoint": lower_convolution,
    "convolution_weight_adjoint": lower_weight_adjoint,
    **SPACE,
    **ORDERING,
    **SCANNING,
}
