"""Derivative of a loop over time: a loop the other way, whose body is the derivative of the body.

Backpropagation through time (Werbos 1990): the delta of a carry is the sum of the gradient from later steps
and of the gradient of its own output; derivatives with respect to constants are summed over the steps.
"""

from collections.abc import Mapping, Sequence

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import FLOATS, Tensor
from chainrule.program import functions as f
from chainrule.program.functions.scanning import record_scan, unpack
from chainrule.program.inlining import inline
from chainrule.program.operations.scanning import Scan

Tensors = list[Tensor]


def scan(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """Each step of the loop back starts from the carry before its step, which the loop forward has kept."""
    of = Scan.of(step.attributes)
    start, sequences, constants = _parts(step.inputs, of.carries, of.sequences)
    arriving, stacked, sums = _parts(unpack(d_y, of), of.carries, of.stacked)
    before = [_before(x, y, of) for x, y in zip(start, unpack(step.output, of), strict=False)]

    def back(later: Tensors, elements: Tensors, held: Tensors) -> tuple[Tensors, Tensors, Tensors]:
        here, stacked_here, rest = _parts(elements, of.carries, of.stacked)
        old, x = rest[: of.carries], rest[of.carries :]
        d_sums, fixed = held[: len(sums)], held[len(sums) :]
        back_here = [a + b for a, b in zip(later, here, strict=True)]
        return _body_back(step, (old, x, fixed), [*back_here, *stacked_here, *d_sums])

    loop = [*arriving, *stacked, *before, *sequences]
    zeros = [f.zeros_like(x) for x in start]
    d_carries, d_sequences, d_constants = record_scan(
        back, zeros, loop, [*sums, *constants], reverse=not of.reverse
    )
    first = -1 if of.reverse else 0
    d_start = [each[first] if of.length else zero for each, zero in zip(d_carries, zeros, strict=True)]
    return *d_start, *_spread(sequences, d_sequences), *_spread(constants, d_constants)


def _body_back(
    step: RecordedStep, inputs: tuple[Tensors, Tensors, Tensors], arriving: Tensors
) -> tuple[Tensors, Tensors, Tensors]:
    """Derivatives of Σ arriving · outputs of the body by its float inputs: carries, elements, constants."""
    old, elements, constants = inputs
    outputs = inline(Scan.of(step.attributes).body, [*old, *elements, *constants])
    terms = [f.dot(y, d) for y, d in zip(outputs, arriving, strict=True)]
    wanted = [[x for x in part if x.dtype in FLOATS] for part in inputs]
    deltas = step.differentiate(sum(terms[1:], terms[0]), [x for part in wanted for x in part])
    by_carries, by_elements, by_constants = ([deltas[x.value] for x in part] for part in wanted)
    return by_carries, by_elements, by_constants


def _parts(tensors: Sequence[Tensor], first: int, second: int) -> tuple[Tensors, Tensors, Tensors]:
    return list(tensors[:first]), list(tensors[first : first + second]), list(tensors[first + second :])


def _before(start: Tensor, carry: Tensor, of: Scan) -> Tensor:
    """The carry before each step: (time, ...)."""
    if not of.length:
        return carry
    begin = start.reshape(1, *start.shape)
    return f.concatenate([carry[1:], begin] if of.reverse else [begin, carry[:-1]], 0)


def _spread(tensors: Sequence[Tensor], derivatives: Sequence[Tensor]) -> Adjoints:
    """A derivative for each float, None for the others."""
    found = iter(derivatives)
    return tuple([next(found) if x.dtype in FLOATS else None for x in tensors])


SCANNING: Mapping[str, Rule] = {
    "scan": scan,
}
