"""How pooling and resizing become nodes: image by image, so that chunks are cut along the batch."""

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from chainrule.executors.native.builder import Builder
from chainrule.executors.native.nodes import simple_node, size_of
from chainrule.executors.native.views import whole
from chainrule.program import Step, Value, step_flops

Pair = tuple[int, int]


def _in_two_axes(lengths: Sequence[int]) -> Pair:
    """A single spatial axis is an image one row high."""
    return (1, lengths[0]) if len(lengths) == 1 else (lengths[0], lengths[1])


def _pool(builder: Builder, step: Step) -> None:
    image = step.output if step.operation == "average_pool_adjoint" else step.inputs[0]
    batch, *space, channels = image.shape
    taps, steps = (cast(Sequence[int], step.attributes[name]) for name in ("window", "stride"))
    padding = cast(Sequence[Pair], step.attributes["padding"])
    sides = [side for pair in ((0, 0), *padding)[-2:] for side in pair]
    sizes = (batch, *_in_two_axes(space), channels, *_in_two_axes(taps), *_in_two_axes(steps), *sides)
    node = builder.simple(step.operation, step, batch, sizes, step.inputs, True)
    for access in node.accesses:
        access.whole = access.root.size > 0


def _resize(builder: Builder, step: Step) -> None:
    """One axis after the other."""
    (x,), y = step.inputs, step.output
    adjoint = step.operation == "resize_adjoint"
    linear = int(step.attributes["method"] == "linear")
    batch, *space, channels = x.shape
    root = builder.dense(x)
    for axis, length in enumerate(y.shape[1:-1]):
        last = axis == len(space) - 1
        rows, inner = size_of(space[:axis]), size_of(space[axis + 1 :]) * channels
        lengths = (length, space[axis]) if adjoint else (space[axis], length)
        space[axis] = length
        part = y if last else Value((batch, *space, channels), y.dtype, f"{y.name}.axis_{axis}")
        position = builder.next_position()
        builder.reads(whole(root), position)
        operands = [(root, False, True), (part, True, True)]
        text = f"{part.name} = {step.operation}({root.name}) along axis {axis} of space"
        sizes = (batch, rows, *lengths, inner, linear)
        flops = step_flops(step) if last else part.size
        builder.add(simple_node(step.operation, position, batch, sizes, operands, text, flops), part)
        root = part


SPACE: Mapping[str, Callable[[Builder, Step], None]] = {
    "max_pool": _pool,
    "max_pool_positions": _pool,
    "max_pool_adjoint": _pool,
    "average_pool": _pool,
    "average_pool_adjoint": _pool,
    "resize": _resize,
    "resize_adjoint": _resize,
}
