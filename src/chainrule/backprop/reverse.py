"""The reverse pass: from a scalar back through the recorded steps, one derivative rule a step."""

from collections.abc import Iterable, Mapping, Sequence

from chainrule.backprop.rules import RULES
from chainrule.backprop.rules.recorded import RecordedStep
from chainrule.errors import ChainruleError, DTypeError, ShapeError
from chainrule.program import FLOATS, NOT_DIFFERENTIABLE, Step, Tensor, Value
from chainrule.program import functions as f


def differentiate(output: Tensor, wanted: Iterable[Tensor]) -> Mapping[Value, Tensor]:
    """Deltas: for each value between `wanted` and `output`, the derivative of output with respect to it.

    output: a float scalar, shape (). wanted: float Tensors of the same trace; each is a key of the result
    (zeros where output does not depend on it).
    The derivatives are recorded in the same trace, under part 'backward' and the layer of the step they come
    from, so they can be differentiated again.

    Raises ShapeError if output is not a scalar, DTypeError if a wanted value is not of floats, ChainruleError
    if it belongs to another trace.
    """
    if output.shape or output.dtype not in FLOATS:
        raise ShapeError(
            f"differentiate got {output.value}; it needs one float number", remedy="sum or average it first"
        )
    trace, wanted = output.trace, tuple(wanted)
    for tensor in wanted:
        if tensor.dtype not in FLOATS:
            raise DTypeError(f"differentiate got {tensor.value}; only floats have a derivative")
        if tensor.trace is not trace:
            raise ChainruleError(
                f"differentiate got {tensor.value} of another program", remedy="record both in one trace"
            )
    steps = tuple(trace.steps)
    varying = _varying(steps, wanted)
    arriving: dict[Value, list[Tensor]] = {}
    deltas: dict[Value, Tensor] = {}
    with trace.at(part="backward"):
        arriving[output.value] = [trace.constant(1.0, output.dtype)]
        for step in reversed(steps):
            if step.output not in arriving or step.output not in varying:
                continue
            with trace.at(layer=step.layer):
                d_y = _settle(step.output, arriving, deltas, output)
                if step.operation in NOT_DIFFERENTIABLE:  # a wanted value that nothing flows through
                    continue
                for value, adjoint in zip(step.inputs, _adjoints(step, d_y), strict=True):
                    if adjoint is not None and value in varying:
                        arriving.setdefault(value, []).append(unbroadcast(adjoint, value.shape))
        for tensor in wanted:
            if tensor.value not in deltas:
                arriving.setdefault(tensor.value, [f.zeros_like(tensor)])
                _settle(tensor.value, arriving, deltas, output)
    return deltas


def unbroadcast(adjoint: Tensor, shape: Sequence[int]) -> Tensor:
    """Sum over the axes along which a value of this shape was broadcast."""
    if adjoint.shape == tuple(shape):
        return adjoint
    leading = adjoint.ndim - len(shape)
    adjoint = adjoint.sum(tuple(range(leading)))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and adjoint.shape[i] != 1)
    return adjoint.sum(stretched, keepdims=True)


def _varying(steps: Sequence[Step], wanted: Sequence[Tensor]) -> set[Value]:
    """The values that change, differentiably, when a wanted one does."""
    varying = {tensor.value for tensor in wanted}
    for step in steps:
        if step.operation in NOT_DIFFERENTIABLE or step.output.dtype not in FLOATS:
            continue
        if any(value in varying for value in step.inputs):
            varying.add(step.output)
    return varying


def _settle(
    value: Value, arriving: dict[Value, list[Tensor]], deltas: dict[Value, Tensor], output: Tensor
) -> Tensor:
    """The delta of a value: the sum of what arrives over every path; it is named after the value."""
    first, *others = arriving.pop(value)
    for other in others:
        first = first + other
    deltas[value] = first
    if value is not output.value:
        output.trace.name_delta(first, value)
    return first


def _adjoints(step: Step, d_y: Tensor) -> Sequence[Tensor | None]:
    trace = d_y.trace
    inputs = tuple([Tensor(value, trace) for value in step.inputs])
    recorded = RecordedStep(inputs, Tensor(step.output, trace), step.attributes)
    return RULES[step.operation](recorded, d_y)
