"""Layer normalization as nodes of the core: each row by itself; a chunk adds up its own for the scale."""

from typing import cast

import numpy as np

from chainrule.executors.native.builder import Builder
from chainrule.executors.native.nodes import Access, Locate, Node, parts_of, total_node
from chainrule.executors.native.views import View, rows_of, whole
from chainrule.program import Step, Value, step_flops


def lower_layer_norm(builder: Builder, step: Step) -> None:
    """Forward."""
    roots = [builder.dense(value) for value in step.inputs]
    _add(builder, step, "layer_norm", roots, (0,), [step.output], step_flops(step))


def lower_layer_norm_adjoint(builder: Builder, step: Step) -> None:
    """One node gives both adjoints: the first of them that is asked for adds it."""
    seen = tuple(builder.views[value] for value in step.inputs)
    key = ("layer_norm adjoints", seen, step.attributes["epsilon"])
    made = builder.together.get(key)
    if made is None:
        x, scale, d_y = (builder.dense(value) for value in step.inputs)
        name = step.output.name
        d_x, d_scale = Value(x.shape, x.dtype, f"{name}.x"), Value(scale.shape, scale.dtype, f"{name}.scale")
        parts = parts_of(d_scale)
        _add(builder, step, "layer_norm_adjoints", [x, scale, d_y], (0, 2), [d_x, parts], 16 * x.size)
        position = builder.next_position()
        builder.reads(whole(parts), position)
        builder.add(total_node(position, d_scale, parts), d_scale)
        made = builder.together[key] = (whole(d_x), whole(d_scale))
    d_x, d_scale = made
    view = d_x if step.operation == "layer_norm_adjoint" else d_scale
    builder.views[step.output] = cast(View, view.reshaped(step.output.shape))


def _add(
    builder: Builder,
    step: Step,
    kind: str,
    given: list[Value],
    in_rows: tuple[int, ...],
    results: list[Value],
    flops: int,
) -> None:
    """in_rows: numbers of the operands that are cut by rows; so is the first result."""
    x = step.inputs[0]  # its root may be stored in another shape
    rows, columns = rows_of(x.shape) if len(x.shape) > 1 else (1, x.size)
    epsilon = int(np.float32(cast(float, step.attributes["epsilon"])).view(np.uint32))
    position = builder.next_position()
    for root in given:
        builder.reads(whole(root), position)
    accesses = [Access(root, False, i in in_rows, i in in_rows and rows > 0) for i, root in enumerate(given)]
    accesses += [Access(root, True, True, i == 0 and rows > 0) for i, root in enumerate(results)]

    def words(locate: Locate) -> list[int]:
        places = [number for root in (*given, *results) for number in locate(root)]
        return [rows, columns, epsilon, *places]

    text = f"{results[0].name} = {kind}({', '.join(root.name for root in given)})"
    builder.add(Node(kind, position, rows, accesses, words, flops, text), results[0])
    for root in results[1:]:
        builder.produced[root] = position
        builder.views.setdefault(root, whole(root))
