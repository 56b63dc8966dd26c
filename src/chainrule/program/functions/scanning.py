"""Loops over time."""

from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple

from chainrule.errors import ShapeError
from chainrule.program.functions.elementwise import where
from chainrule.program.operations.scanning import Scan
from chainrule.program.tracing import Tensor, Trace

Tensors = list[Tensor]
Body = Callable[[Tensors, Tensors, Tensors], tuple[Sequence[Tensor], Sequence[Tensor]]]
SummingBody = Callable[
    [Tensors, Tensors, Tensors], tuple[Sequence[Tensor], Sequence[Tensor], Sequence[Tensor]]
]


class Scanned(NamedTuple):
    """What a loop over time gives.

    last: each carry after the last step. carries: each carry after every step, (time, ...). outputs: each
    output of every step, (time, ...).
    """

    last: Tensors
    carries: Tensors
    outputs: Tensors


def scan(
    body: Body,
    carries: Sequence[Tensor],
    sequences: Sequence[Tensor],
    constants: Sequence[Tensor] = (),
    *,
    reverse: bool = False,
    mask: Tensor | None = None,
) -> Scanned:
    """A loop over time: carries, outputs = body(carries, elements, constants), for every element.

    body: a function of three lists of Tensors that records one step; it may use no other Tensor. carries: the
    initial values of what is passed from step to step, floats of one dtype. sequences: at least one,
    (time, ...) each; the body gets one element of each. constants: the same in every step, such as weights.
    reverse: from the last element to the first; the results have the order of the sequences. mask: bool
    (time, ...), False for padding; its further axes are the first axes of every carry and output, as in
    (time, batch). In padding, carries keep their values and outputs are 0.

    Raises ShapeError if the body changes the shape of a carry, or the sequences differ in length.
    """

    def masked(old: Tensors, elements: Tensors, held: Tensors) -> tuple[Tensors, Tensors, Tensors]:
        here = elements[len(sequences) :]
        new, outputs = body(old, elements[: len(sequences)], held)
        if not here:
            return list(new), list(outputs), []
        kept = [where(_beside(here[0], x), x, y) for x, y in zip(new, old, strict=True)]
        return kept, [where(_beside(here[0], x), x, 0.0) for x in outputs], []

    masks = () if mask is None else (mask,)
    every, stacked, _ = record_scan(masked, carries, [*sequences, *masks], constants, reverse=reverse)
    place = 0 if reverse else -1
    length = sequences[0].shape[0]
    last = [each[place] if length else start for each, start in zip(every, carries, strict=True)]
    return Scanned(last, every, stacked)


def _beside(mask: Tensor, x: Tensor) -> Tensor:
    """The mask with an axis of length 1 for each further axis of x."""
    return mask.reshape(*mask.shape, *(1,) * max(x.ndim - mask.ndim, 0))


def record_scan(
    body: SummingBody,
    carries: Sequence[Tensor],
    sequences: Sequence[Tensor],
    constants: Sequence[Tensor],
    *,
    reverse: bool,
) -> tuple[Tensors, Tensors, Tensors]:
    """The operation itself: every carry over time, what is stacked over time, and what is summed over it."""
    if not sequences:
        raise ShapeError(
            "scan got no sequences; it needs at least one, which determines the length of the loop"
        )
    outer = sequences[0].trace
    with outer.naming_the_layer():
        if any(not x.ndim or x.shape[:1] != sequences[0].shape[:1] for x in sequences):
            shapes = ", ".join(str(x.shape) for x in sequences)
            raise ShapeError(f"scan got sequences of shapes {shapes}; their first axes, time, must agree")
    trace = Trace()
    with trace.at(label=outer.label):
        given = (
            [trace.input(f"carry_{i}", x.shape, x.dtype) for i, x in enumerate(carries)],
            [trace.input(f"x_{i}", x.shape[1:], x.dtype) for i, x in enumerate(sequences)],
            [trace.input(f"constant_{i}", x.shape, x.dtype) for i, x in enumerate(constants)],
        )
        new, stacked, sums = body(*given)
    outputs = {f"new_carry_{i}": x for i, x in enumerate(new)}
    outputs |= {f"y_{i}": x for i, x in enumerate(stacked)} | {f"sum_{i}": x for i, x in enumerate(sums)}
    if len(new) != len(carries):
        raise ShapeError(f"scan got {len(carries)} carries, and a body that returns {len(new)}")
    length = sequences[0].shape[0]
    settings = Scan(trace.program(outputs), len(carries), len(sequences), len(stacked), length, reverse)
    y = outer.record("scan", *carries, *sequences, *constants, **settings._asdict())
    pieces, over_time = unpack(y, settings), len(new) + len(stacked)
    return pieces[: len(new)], pieces[len(new) : over_time], pieces[over_time:]


def unpack(y: Tensor, scan: Scan) -> Tensors:
    """The parts of a scan's vector: carries over time, what is stacked, what is summed."""
    pieces, start = [], 0
    for shape in scan.shapes():
        stop = start + prod(shape)
        pieces.append(y[start:stop].reshape(*shape))
        start = stop
    return pieces
