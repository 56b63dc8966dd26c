"""Scan: a loop over time that runs a program once for every element."""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from chainrule.errors import DTypeError, ShapeError
from chainrule.program.operations.row import Attributes, Inferred, Operation, Shape, need
from chainrule.program.program import Program
from chainrule.program.value import FLOATS, Value


class Scan(NamedTuple):
    """The attributes of a scan.

    body: one step of time, a program without parameters and state. Its inputs are the carries, one element of
    each sequence, and the constants; its outputs are the new carries, what is stacked, and what is summed
    over time, all floats of one dtype. carries, sequences, stacked: their numbers. length: steps of time.
    reverse: from the last element to the first.

    The scan gives a single vector: every carry after each step (length, *shape), what is stacked
    (length, *shape), and the sums, one after the other, each in row-major order. Element t of a carry belongs
    to element t of the sequences in a reversed scan, too.
    """

    body: Program
    carries: int
    sequences: int
    stacked: int
    length: int
    reverse: bool

    @classmethod
    def of(cls, attributes: Attributes) -> "Scan":
        """From a step's attributes."""
        return cls(**attributes)

    def shapes(self) -> list[Shape]:
        """What stands in the output, in order."""
        outputs = list(self.body.outputs.values())
        over_time = self.carries + self.stacked
        return [
            (self.length, *value.shape) if i < over_time else value.shape for i, value in enumerate(outputs)
        ]


def _needed_inputs(scan: Scan) -> list[Shape]:
    """The shape of each input of the scan, by its body."""
    in_time = range(scan.carries, scan.carries + scan.sequences)
    return [
        (scan.length, *value.shape) if i in in_time else value.shape
        for i, value in enumerate(scan.body.inputs)
    ]


def _scan(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    scan = Scan.of(attributes)
    body, outputs = scan.body, list(scan.body.outputs.values())
    if body.parameters or body.state or not outputs:
        raise ShapeError("scan got a body with parameters or state, or without an output")
    needed = _needed_inputs(scan)
    if [value.shape for value in inputs] != needed:
        raise ShapeError(f"scan got inputs of shapes {[value.shape for value in inputs]}; it needs {needed}")
    for value, expected in zip(inputs, body.inputs, strict=True):
        if value.dtype != expected.dtype:
            raise DTypeError(f"scan got {value.name} of {value.dtype}; its body needs {expected.dtype}")
    for old, new in zip(body.inputs[: scan.carries], outputs, strict=False):
        if (old.shape, old.dtype) != (new.shape, new.dtype):
            raise ShapeError(
                f"scan got a body that turns {old} into {new.dtype} {new.shape}; a carry must keep "
                "its shape and dtype"
            )
    for output in outputs:
        need("scan", output, FLOATS)
        if output.dtype != outputs[0].dtype:
            raise DTypeError(
                f"scan got a body with outputs of {outputs[0].dtype} and {output.dtype}", remedy="cast one"
            )
    return (sum(prod(shape) for shape in scan.shapes()),), outputs[0].dtype


SCANNING = (
    Operation("scan", None, _scan, "a program run for every element of time, each handing on to the next"),
)
