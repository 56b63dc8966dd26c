"""The reverse pass: from a scalar back through the recorded steps, one derivative rule per step."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chainrule.backprop.rules import RULES
from chainrule.backprop.rules.recorded import RecordedStep
from chainrule.errors import ChainruleError, DTypeError, ShapeError
from chainrule.program import FLOATS, NOT_DIFFERENTIABLE, Step, Tensor, Trace, Value
from chainrule.program import functions as f


def differentiate(output: Tensor, wanted: Iterable[Tensor]) -> Mapping[Value, Tensor]:
    """Deltas: value -> derivative of output with respect to it, for all values between `wanted` and `output`.

    output: a float scalar, shape (). wanted: float Tensors of the same trace; each is a key of the result,
    with zeros if output does not depend on it.
    The derivatives are recorded in the same trace, in the part 'backward' and the layer of their step, so
    they can be differentiated again. Steps recorded within `trace.recomputing()` are recorded again, just
    before their derivatives, which use the repeated values; so the first ones need not stay in memory.

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
    span, spans = range(0), {span[-1]: span for span in _outermost(trace.not_kept)}
    again: Mapping[Value, Tensor] = {}
    with trace.at(part="backward"):
        arriving[output.value] = [trace.constant(1.0, output.dtype)]
        for number, step in reversed(list(enumerate(steps))):
            if number in spans:
                span = spans[number]
                again = _repeated(trace, [steps[i] for i in span], arriving)
            elif number not in span:
                again = {}
            if step.output not in arriving or step.output not in varying:
                continue
            with trace.at(layer=step.layer):
                d_y = _settle(step.output, arriving, deltas, output)
                if step.operation in NOT_DIFFERENTIABLE:  # output does not depend on this value
                    continue
                for value, adjoint in zip(step.inputs, _adjoints(step, d_y, again), strict=True):
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
    """The values that depend differentiably on a wanted one."""
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
    """The delta of a value: the sum of the upstream gradients from all its uses, named after the value."""
    first, *others = arriving.pop(value)
    for other in others:
        first = first + other
    deltas[value] = first
    if value is not output.value:
        output.trace.name_delta(first, value)
    return first


def _adjoints(step: Step, d_y: Tensor, again: Mapping[Value, Tensor]) -> Sequence[Tensor | None]:
    """again: what stands for values that are not kept."""
    trace = d_y.trace
    inputs = tuple([again.get(value, Tensor(value, trace)) for value in step.inputs])
    output = again.get(step.output, Tensor(step.output, trace))
    return RULES[step.operation](RecordedStep(inputs, output, step.attributes, differentiate), d_y)


def _outermost(spans: Sequence[range]) -> list[range]:
    """The spans that are neither empty nor inside another, which is repeated as a whole."""
    return [
        span
        for span in spans
        if span and not any(other != span and span[0] in other and span[-1] in other for other in spans)
    ]


def _repeated(
    trace: Trace, span: Sequence[Step], arriving: Mapping[Value, list[Tensor]]
) -> dict[Value, Tensor]:
    """The steps of a span recorded once more, from copies made after a delta has arrived: value -> repeated.

    Nothing is repeated if no delta arrives. Parameters are not copied, since they are kept anyway, nor are
    steps without inputs. Random bits are the same again, since they are a function of their key.
    """
    made = {step.output for step in span}
    deltas = [d for step in span for d in arriving.get(step.output, ())]
    if not deltas:
        return {}
    kept = {tensor.value for tensor in trace.parameters.values()}
    again: dict[Value, Tensor] = {}
    for step in span:
        if not step.inputs:
            continue
        with trace.at(layer=step.layer):
            for value in step.inputs:
                if value not in made and value not in kept and value not in again:
                    again[value] = f.recompute(Tensor(value, trace), deltas[-1])
            inputs = [again.get(value, Tensor(value, trace)) for value in step.inputs]
            attributes: dict[str, Any] = dict(step.attributes)
            again[step.output] = trace.record(step.operation, *inputs, **attributes)
    return again
