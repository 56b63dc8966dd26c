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


def lower_convolution(builder: Builder, step: Step) -> None:
    """Forward, and back to the input: cut by examples."""
    image, weight = (builder.dense(value) for value in step.inputs)
    y, position, sizes = step.output, builder.next_position(), sizes_of(step)
    for root in (image, weight):
        builder.reads(whole(root), position)
    accesses = [_of_examples(image, False), Access(weight, False, False), _of_examples(y, True)]

    def words(locate: Locate) -> list[int]:
        return [*sizes, *(number for root in (image, weight, y) for number in locate(root))]

    builder.add(Node(step.operation, position, y.shape[0], accesses, words, step_flops(step), _text(step)), y)


def lower_weight_adjoint(builder: Builder, step: Step) -> None:
    """Cut by examples, or by taps where there are many weights."""
    image, back = (builder.dense(value) for value in step.inputs)
    y, position, sizes = step.output, builder.next_position(), sizes_of(step)
    for root in (image, back):
        builder.reads(whole(root), position)
    taps = prod(y.shape[:-1])
    if y.size > MANY_WEIGHTS:
        accesses = [Access(image, False, False), Access(back, False, False), Access(y, True, True)]

        def words(locate: Locate) -> list[int]:
            return [*sizes, 1, *(number for root in (image, back, y) for number in locate(root))]

        cut = Node(step.operation, position, taps, accesses, words, step_flops(step), _text(step))
        cut.pieces = PIECES
        builder.add(cut, y)
        return
    parts = parts_of(y)
    accesses = [_of_examples(image, False), _of_examples(back, False), Access(parts, True, True)]

    def words_of_parts(locate: Locate) -> list[int]:
        places = [number for root in (image, back, parts) for number in locate(root)]
        return [*sizes, 0, _core.MOST_CHUNKS, *places]

    summed = Node(
        step.operation, position, image.shape[0], accesses, words_of_parts, step_flops(step), _text(step)
    )
    if y.size > FEW_WEIGHTS:
        summed.pieces = PIECES
    builder.add(summed, parts)
    position = builder.next_position()
    builder.reads(whole(parts), position)
    builder.add(total_node(position, y, parts), y)


def _of_examples(root: Value, write: bool) -> Access:
    return Access(root, write, True, root.size > 0)


def _text(step: Step) -> str:
    return f"{step.output.name} = {step.operation}({', '.join(value.name for value in step.inputs)})"
