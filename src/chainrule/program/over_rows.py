"""A program of one example, repeated over many rows: what differs between rows gets a leading axis.

So a derivative of one example becomes those of all examples, as one program. What is the same for all rows,
such as parameters and all that is computed from them alone, is computed once; a product with a matrix that is
the same for all stays one product.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from chainrule.errors import ChainruleError
from chainrule.program import functions as f
from chainrule.program.composites import expand
from chainrule.program.operations import OPERATIONS
from chainrule.program.program import Program
from chainrule.program.tracing import Tensor, Trace
from chainrule.program.value import Step, Value


@dataclass(frozen=True, eq=False)
class _Known:
    """What stands for a value of one example: for each row (rows, *shape), or for all rows the value."""

    tensor: Tensor
    varies: bool


@dataclass(frozen=True, eq=False)
class _Repeated:
    """A step, the values that stand for its inputs, and the rows."""

    step: Step
    inputs: tuple[_Known, ...]
    rows: int

    @property
    def trace(self) -> Trace:
        return self.inputs[0].tensor.trace

    def rank(self, place: int) -> int:
        """The number of axes of an input for one example."""
        return len(self.step.inputs[place].shape)

    def spread(self, place: int) -> Tensor:
        """An input with the axis of rows, also where it is the same for all."""
        known = self.inputs[place]
        return known.tensor if known.varies else f.broadcast_to(known.tensor, self._shape(place))

    def aligned(self, place: int, rank: int) -> Tensor:
        """An input that broadcasts with others of this many axes an example."""
        known, shape = self.inputs[place], self.step.inputs[place].shape
        if not known.varies or len(shape) == rank:
            return known.tensor
        return known.tensor.reshape(self.rows, *(1,) * (rank - len(shape)), *shape)

    def _shape(self, place: int) -> tuple[int, ...]:
        return (self.rows, *self.step.inputs[place].shape)


def over_rows(
    program: Program, inputs: Sequence[Tensor], held: Mapping[str, Tensor], rows: int
) -> list[Tensor]:
    """The outputs of a program of one example, for every row: (rows, *shape) each, recorded.

    program: its inputs belong to one example; parameters and state are the same for all. inputs: what stands
    for them, (rows, *shape) each. held: parameters and state by name, in the same trace.
    Raises ChainruleError, naming the layer, for an operation that is not repeated over rows: random bits,
    convolution and pooling, loops over time, sorting, and looking up of trained rows.
    """
    program = expand(program)
    known = {v: _Known(t, varies=True) for v, t in zip(program.inputs, inputs, strict=True)}
    known |= {v: _Known(held[v.name], varies=False) for v in (*program.parameters, *program.state)}
    trace = inputs[0].trace
    for step in program.steps:
        with trace.at(layer=step.layer, part=step.part):
            known[step.output] = _repeated(step, known, trace, rows)
    return [_spread(known[value], value, rows) for value in program.outputs.values()]


def _spread(known: _Known, value: Value, rows: int) -> Tensor:
    return known.tensor if known.varies else f.broadcast_to(known.tensor, (rows, *value.shape))


def _repeated(step: Step, known: Mapping[Value, _Known], trace: Trace, rows: int) -> _Known:
    given = tuple([known[value] for value in step.inputs])
    if not any(each.varies for each in given) and step.operation != "random_bits":
        attributes: dict[str, Any] = dict(step.attributes)
        same = trace.record(step.operation, *[each.tensor for each in given], **attributes)
        return _Known(same, varies=False)
    rule = _elementwise if OPERATIONS[step.operation].elementwise else RULES.get(step.operation)
    result = rule(_Repeated(step, given, rows)) if rule else None
    if result is None:
        raise ChainruleError(
            f"{step.layer or 'the objective'}: {step.operation} is not repeated over rows, "
            "as the derivatives of single examples need",
            remedy="use a network of dense layers, or a method that needs the gradient alone, "
            "such as nn.ScaledConjugateGradient()",
        )
    return _Known(result, varies=True)


def _elementwise(repeated: _Repeated) -> Tensor:
    rank = len(repeated.step.output.shape)
    tensors = [repeated.aligned(place, rank) for place in range(len(repeated.inputs))]
    attributes: dict[str, Any] = dict(repeated.step.attributes)
    return repeated.trace.record(repeated.step.operation, *tensors, **attributes)


def _reshape(repeated: _Repeated) -> Tensor:
    return repeated.inputs[0].tensor.reshape(repeated.rows, *repeated.step.output.shape)


def _transpose(repeated: _Repeated) -> Tensor:
    order: Any = repeated.step.attributes["order"]
    return repeated.inputs[0].tensor.transpose(0, *(axis + 1 for axis in order))


def _broadcast_to(repeated: _Repeated) -> Tensor:
    shape = repeated.step.output.shape
    return f.broadcast_to(repeated.aligned(0, len(shape)), (repeated.rows, *shape))


def _slice(repeated: _Repeated) -> Tensor:
    start, stop, step = (repeated.step.attributes[name] for name in ("start", "stop", "step"))
    cuts = [slice(*each) for each in zip(start, stop, step, strict=True)]  # type: ignore[call-overload]
    return repeated.inputs[0].tensor[(slice(None), *cuts)]


def _pad(repeated: _Repeated) -> Tensor:
    low, high, interior = (repeated.step.attributes[name] for name in ("low", "high", "interior"))
    return f.pad(repeated.inputs[0].tensor, (0, *low), (0, *high), (0, *interior))  # type: ignore[misc]


def _concatenate(repeated: _Repeated) -> Tensor:
    axis: Any = repeated.step.attributes["axis"]
    return f.concatenate([repeated.spread(place) for place in range(len(repeated.inputs))], axis + 1)


def _recompute(repeated: _Repeated) -> Tensor | None:
    first = repeated.inputs[0]
    return first.tensor if first.varies else None


def _reduction(repeated: _Repeated) -> Tensor:
    axes: Any = repeated.step.attributes["axes"]
    keepdims = repeated.step.attributes["keepdims"]
    shifted = tuple(axis + 1 for axis in axes)
    return repeated.trace.record(
        repeated.step.operation, repeated.inputs[0].tensor, axes=shifted, keepdims=keepdims
    )


def _matmul(repeated: _Repeated) -> Tensor:
    (a, b), output = repeated.inputs, repeated.step.output.shape
    if a.varies and not b.varies and b.tensor.ndim == 2:  # one product over the rows of all examples
        length = a.tensor.shape[-1]
        merged = a.tensor.reshape(prod(a.tensor.shape[:-1]), length) @ b.tensor
        return merged.reshape(repeated.rows, *output)
    rank = max(repeated.rank(0), repeated.rank(1))
    left, right = repeated.aligned(0, rank), repeated.aligned(1, rank)
    if left.shape[-1] == 1:  # an outer product
        return left * right
    return left @ right


def _gather(repeated: _Repeated) -> Tensor | None:
    x, indices = repeated.inputs
    axis: Any = repeated.step.attributes["axis"]
    if not indices.varies:
        return f.gather(x.tensor, indices.tensor, axis + 1)
    if x.varies:
        return None
    found = f.gather(x.tensor, indices.tensor, axis)  # (*before, rows, *indices, *after)
    order = [axis, *(place for place in range(found.ndim) if place != axis)]
    return found.transpose(*order)


def _scatter_add(repeated: _Repeated) -> Tensor | None:
    if repeated.inputs[1].varies:
        return None
    axis: Any = repeated.step.attributes["axis"]
    return f.scatter_add(repeated.spread(0), repeated.inputs[1].tensor, repeated.spread(2), axis + 1)


def _one_hot(repeated: _Repeated) -> Tensor:
    attributes: dict[str, Any] = dict(repeated.step.attributes)
    return repeated.trace.record("one_hot", repeated.inputs[0].tensor, **attributes)


RULES: Mapping[str, Callable[[_Repeated], Tensor | None]] = {
    "reshape": _reshape,
    "transpose": _transpose,
    "broadcast_to": _broadcast_to,
    "slice": _slice,
    "pad": _pad,
    "concatenate": _concatenate,
    "recompute": _recompute,
    "sum": _reduction,
    "max": _reduction,
    "min": _reduction,
    "matmul": _matmul,
    "gather": _gather,
    "scatter_add": _scatter_add,
    "one_hot": _one_hot,
}
"""Operation -> how it is repeated over rows; None where it can't be. Elementwise ones need no entry."""
