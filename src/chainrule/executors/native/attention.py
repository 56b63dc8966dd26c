"""Attention as nodes of the core: a block of queries at a time, and no matrix of all scores."""

from collections.abc import Sequence
from math import prod
from typing import cast

import numpy as np

from chainrule.executors.native.builder import Builder
from chainrule.executors.native.nodes import Access, Locate, Node, place_at
from chainrule.executors.native.views import View, packed_strides, whole
from chainrule.program import Step, Value, step_flops

FEW_EXAMPLES = 4
"""Fewer examples are cut between their heads, too."""


def lower_attention(builder: Builder, step: Step) -> None:
    """Forward: the output lies in memory as the queries do, so that heads come together without a copy."""
    operands = [_rows(builder, value) for value in step.inputs[:3]]
    y = _laid_as(operands[0], step.output)
    _add(builder, step, operands, [y], step_flops(step))
    builder.views[step.output] = y


def lower_attention_adjoint(builder: Builder, step: Step) -> None:
    """One node gives all three adjoints: the first of them that is asked for adds it."""
    seen = tuple(builder.views[value] for value in step.inputs)
    key = ("attention adjoints", seen, step.attributes["causal"], step.attributes["scale"])
    adjoints = builder.together.get(key)
    if adjoints is None:
        operands = [_rows(builder, value) for value in step.inputs[:4]]
        adjoints = builder.together[key] = _laid_as_all(operands[:3], step.output.name)
        queries, keys, values, _ = operands
        scores = prod(queries.shape[:-1]) * keys.shape[-2]
        flops = scores * (6 * queries.shape[-1] + 4 * values.shape[-1] + 10)
        _add(builder, step, operands, list(adjoints), flops)
    of = ("attention_query_adjoint", "attention_key_adjoint", "attention_value_adjoint")
    builder.views[step.output] = adjoints[of.index(step.operation)]


def _add(builder: Builder, step: Step, operands: Sequence[View], results: Sequence[View], flops: int) -> None:
    """operands: queries, keys, values and, for the adjoints, the delta."""
    queries, keys, values = operands[:3]
    *outer, count, width = queries.shape
    sizes = (count, keys.shape[-2], width, values.shape[-1])
    scores = (*outer, *sizes[:2])
    masks = [builder.views[mask].broadcast(scores) for mask in step.inputs[len(operands) :]]
    lead = 1 if outer and outer[0] >= FEW_EXAMPLES else len(outer)
    extent = prod(outer[:lead])
    position = builder.next_position()
    for view in (*operands, *masks):
        builder.reads(view, position)
    accesses = [Access(view.root, False, _inside(view, lead, extent)) for view in (*operands, *masks)]
    accesses += [Access(view.root, True, _inside(view, lead, extent)) for view in results]
    scale = int(np.float32(cast(float, step.attributes["scale"])).view(np.uint32))
    head = (len(outer), *outer, lead, *sizes, int(bool(step.attributes["causal"])), scale, len(masks))

    def words(locate: Locate) -> list[int]:
        numbers = list(head)
        for view in (*operands, *masks, *results):
            # Of nothing the place need not exist.
            numbers += [*view.strides, *place_at(locate, view.root, view.offset if prod(view.shape) else 0)]
        return numbers

    kind = "attention" if len(operands) == 3 else "attention_adjoints"
    names = (", ".join(view.root.name for view in each) for each in (results, operands))
    text = f"{next(names)} = {kind}({next(names)})"
    builder.add(Node(kind, position, extent, accesses, words, flops, text), results[0].root)
    for view in results:
        builder.produced[view.root] = position
        builder.views.setdefault(view.root, whole(view.root))


def _inside(view: View, lead: int, extent: int) -> bool:
    """Whether the first axes, `extent` rows together, each have their own part of the root."""
    if lead == 1:
        return view.rows_inside(extent)
    return view.whole and extent > 0


def _rows(builder: Builder, value: Value) -> View:
    """A value as matrices whose rows lie without gaps, each by itself; copied if they do not."""
    view, (rows, columns) = builder.views[value], value.shape[-2:]
    if not value.size:  # of nothing any strides are dense
        return View(view.root, value.shape, packed_strides(value.shape))
    fits = (columns == 1 or view.strides[-1] == 1) and (rows == 1 or view.strides[-2] >= columns)
    return view if fits else builder.dense_view(value)


def _laid_as(like: View, value: Value) -> View:
    """Room for a value whose axes follow each other in memory as another's do; rows lie without gaps."""
    axes = len(value.shape) - 1
    order = (*sorted(range(axes), key=lambda axis: -like.strides[axis]), axes)
    if order == tuple(range(axes + 1)):
        return whole(value)
    root = Value(tuple(value.shape[axis] for axis in order), value.dtype, f"{value.name}.laid")
    packed = packed_strides(root.shape)
    return View(root, value.shape, tuple(packed[order.index(axis)] for axis in range(axes + 1)))


def _laid_as_all(views: Sequence[View], name: str) -> tuple[View, ...]:
    """Room for the adjoints of views: together, as these lie, where they are all of one root."""
    root = views[0].root
    if _make_up(views, root):
        like = Value(root.shape, root.dtype, f"{name}.together")
        return tuple(View(like, view.shape, view.strides, view.offset) for view in views)
    return tuple(
        _laid_as(view, Value(view.shape, root.dtype, f"{name}.{of}"))
        for view, of in zip(views, "qkv", strict=True)
    )


def _make_up(views: Sequence[View], root: Value) -> bool:
    """Whether the views, alike and evenly apart, hold every element of a root once."""
    first, *others = views
    step = others[0].offset - first.offset
    for i, view in enumerate(others, start=1):
        alike = view.root is root and (view.shape, view.strides) == (first.shape, first.strides)
        if not alike or view.offset != first.offset + i * step:
            return False
    if first.offset or step <= 0:
        return False
    axes = [(len(views), step), *zip(first.shape, first.strides, strict=True)]
    span = 1
    for length, stride in sorted((axis for axis in axes if axis[0] != 1), key=lambda axis: axis[1]):
        if stride != span:
            return False
        span *= length
    return span == root.size
