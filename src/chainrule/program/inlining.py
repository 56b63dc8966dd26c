"""Recording a program's steps once more, on other tensors."""

from collections.abc import Sequence
from typing import Any

from chainrule.errors import ShapeError
from chainrule.program.program import Program
from chainrule.program.tracing import Tensor
from chainrule.program.value import Value


def inline(program: Program, inputs: Sequence[Tensor]) -> list[Tensor]:
    """The outputs of a program without parameters and state, recorded in the trace of these inputs.

    Raises ShapeError if their number, shapes or dtypes differ from those of the program's inputs.
    """
    expected = [(value.shape, value.dtype) for value in program.inputs]
    if [(tensor.shape, tensor.dtype) for tensor in inputs] != expected:
        raise ShapeError(f"a program of {expected} was given {[str(tensor.value) for tensor in inputs]}")
    known: dict[Value, Tensor] = dict(zip(program.inputs, inputs, strict=True))
    for step in program.steps:
        attributes: dict[str, Any] = dict(step.attributes)
        trace = inputs[0].trace
        with trace.at(layer=step.layer, part=step.part):
            known[step.output] = trace.record(
                step.operation, *[known[value] for value in step.inputs], **attributes
            )
    return [known[value] for value in program.outputs.values()]
