"""Convolution and its adjoints as nodes of the core, which gathers patches in cache and multiplies them."""

from collections.abc import Sequence
from math import prod
from typing import Any

from chainrule.executors.native import _core
from chainrule.executors.native.builder import Builder
from chainrule.executors.native.nodes import Access, Locate, Node, parts_of, total_node
from chainrule.executors.native.views import whole
from chainrule.program import Step, Value, step_flops

FEW_WEIGHTS, MANY_WEIGHTS = 2**14, 2**20
"""The derivative by the weights is cut by examples, and the chunks' parts are summed: few weights where the
others cut, more of them into PIECES. For many the parts would be large: they are cut by taps, and every chunk
reads all images.
"""

PIECES = 8


TRANSFORM, FILTER, VECTOR = 350, 700, 16
"""What Winograd's filtering takes beside its products, in multiplications of windows as they are: for each
channel of a tile, in or out; and for each pair of channels, once. Fewer channels than a VECTOR take as long
as one. Measured with benchmarks/convolutions.py on AVX-512 (Zen 5).
"""


def sizes_of(step: Step) -> tuple[int, ...]:
    """What the core is told of any of the three: one spatial axis is an image of height 1."""
    if step.operation == "convolution_input_adjoint":
        (y, weight), x = step.inputs, step.output
        window = weight.shape[:-2]
    elif step.operation == "convolution":
        (x, weight), y = step.inputs, step.output
        window = weight.shape[:-2]
    else:
        (x, y), window = step.inputs, step.output.shape[:-2]
    attributes: dict[str, Any] = dict(step.attributes)
    groups = attributes["groups"]

    def two(numbers: Sequence[int], first: int) -> Sequence[int]:
        return numbers if len(numbers) == 2 else (first, *numbers)

    before = [pair[0] for pair in attributes["padding"]]
    return (
        *(x.shape[0], *two(x.shape[1:-1], 1), x.shape[-1] // groups),
        *(*two(window, 1), y.shape[-1] // groups, groups),
        *(*two(attributes["stride"], 1), *two(attributes["dilation"], 1), *two(before, 0)),
        *two(y.shape[1:-1], 1),
    )


def taps_of(step: Step) -> int:
    """What one output of any of the three sees: the elements of its window, channels included."""
    adjoint = step.operation == "convolution_weight_adjoint"
    return prod((step.output if adjoint else step.inputs[1]).shape[:-1])


def derivative_by_input(sizes: Sequence[int]) -> tuple[int, ...]:
    """What the core is told of the convolution that is the derivative by the input; the stride is 1."""
    batch, height, width, inputs, high, wide, outputs, *rest = sizes
    *same, top, left, rows, columns = rest
    around = (high - 1 - top, wide - 1 - left)
    return batch, rows, columns, outputs, high, wide, inputs, *same, *around, height, width


def winograd_pays(sizes: Sequence[int]) -> bool:
    """Whether Winograd's filtering takes less time than the windows multiplied as they are.

    sizes: of the convolution that is run. By shape alone, so that the same program gives the same bits.
    """
    batch, _, _, inputs, high, wide, outputs, *rest = sizes
    groups, *ones, top, left, rows, columns = rest
    zeros = all(0 <= before <= 2 for before in (top, left))
    if (high, wide, *ones) != (3, 3, 1, 1, 1, 1) or groups != 1 or not zeros:
        return False
    wide_inputs, wide_outputs = (-(-channels // VECTOR) * VECTOR for channels in (inputs, outputs))
    tiles, pairs = batch * -(-rows // 4) * -(-columns // 4), inputs * wide_outputs
    each = _core.WINOGRAD_POINTS * pairs + TRANSFORM * (wide_inputs + wide_outputs)
    return tiles * each + FILTER * inputs * outputs < batch * rows * columns * 9 * pairs


def lower_convolution(builder: Builder, step: Step) -> None:
    """Forward, and back to the input: cut by examples."""
    sizes = sizes_of(step)
    back = step.operation == "convolution_input_adjoint"
    run = derivative_by_input(sizes) if back else sizes
    if winograd_pays(run):
        _lower_winograd(builder, step, run, back=back)
        return
    image, weight = (builder.dense(value) for value in step.inputs)
    _add_by_examples(builder, step, step.operation, sizes, image, weight)


def _lower_winograd(builder: Builder, step: Step, sizes: Sequence[int], *, back: bool) -> None:
    """The weights at the points first, once for all chunks. back: for the derivative by the input."""
    image, weight = (builder.dense(value) for value in step.inputs)
    inputs, outputs = sizes[3], sizes[6]
    filters = Value((_core.WINOGRAD_POINTS, inputs, outputs), "float32", f"{weight.name}.filters")
    position = builder.next_position()
    builder.reads(whole(weight), position)
    accesses = [Access(weight, False, False), Access(filters, True, False)]

    def words(locate: Locate) -> list[int]:
        return [*sizes, int(back), *locate(weight), *locate(filters)]

    text = f"{filters.name} = winograd_filters({weight.name})"
    node = Node("winograd_filters", position, inputs, accesses, words, 10 * filters.size, text)
    builder.add(node, filters)
    _add_by_examples(builder, step, "winograd", sizes, image, filters)


def _add_by_examples(
    builder: Builder, step: Step, kind: str, sizes: Sequence[int], image: Value, weight: Value
) -> None:
    y, position = step.output, builder.next_position()
    for root in (image, weight):
        builder.reads(whole(root), position)
    accesses = [_of_examples(image, False), Access(weight, False, False), _of_examples(y, True)]

    def words(locate: Locate) -> list[int]:
        return [*sizes, *(number for root in (image, weight, y) for number in locate(root))]

    builder.add(Node(kind, position, y.shape[0], accesses, words, step_flops(step), _text(step, kind)), y)


def lower_weight_adjoint(builder: Builder, step: Step) -> None:
    """Cut by examples, or by taps, or inputs, where there are many weights."""
    image, back = (builder.dense(value) for value in step.inputs)
    y, position, sizes = step.output, builder.next_position(), sizes_of(step)
    kind = "winograd_weight_adjoint" if winograd_pays(sizes) else step.operation
    for root in (image, back):
        builder.reads(whole(root), position)
    if y.size > MANY_WEIGHTS:
        extent = prod(y.shape[:-1]) if kind == step.operation else y.shape[-2]
        accesses = [Access(image, False, False), Access(back, False, False), Access(y, True, True)]

        def words(locate: Locate) -> list[int]:
            return [*sizes, 1, *(number for root in (image, back, y) for number in locate(root))]

        cut = Node(kind, position, extent, accesses, words, step_flops(step), _text(step, kind))
        cut.pieces = PIECES
        builder.add(cut, y)
        return
    parts = parts_of(y)
    accesses = [_of_examples(image, False), _of_examples(back, False), Access(parts, True, True)]

    def words_of_parts(locate: Locate) -> list[int]:
        places = [number for root in (image, back, parts) for number in locate(root)]
        return [*sizes, 0, _core.MOST_CHUNKS, *places]

    summed = Node(
        kind, position, step.inputs[0].shape[0], accesses, words_of_parts, step_flops(step), _text(step, kind)
    )
    if y.size > FEW_WEIGHTS:
        summed.pieces = PIECES
    builder.add(summed, parts)
    position = builder.next_position()
    builder.reads(whole(parts), position)
    builder.add(total_node(position, y, parts), y)


def _of_examples(root: Value, write: bool) -> Access:
    return Access(root, write, True, root.size > 0)


def _text(step: Step, kind: str) -> str:
    return f"{step.output.name} = {kind}({', '.join(value.name for value in step.inputs)})"
