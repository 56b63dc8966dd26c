"""What each composite operation means: its expansion into primitives; and expanding a whole program."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from chainrule.program.composites.alignment import ctc_loss
from chainrule.program.composites.attention import attention, key_adjoint, query_adjoint, value_adjoint
from chainrule.program.composites.normalization import (
    batch_norm,
    layer_norm,
    layer_norm_adjoint,
    layer_norm_scale_adjoint,
    logsumexp,
    softmax,
)
from chainrule.program.composites.recurrent import gru, lstm
from chainrule.program.functions import equal, log_softmax, sqrt, where
from chainrule.program.program import Program
from chainrule.program.tracing import Tensor, Trace
from chainrule.program.value import Step, Value


def _softmax_cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    return -(targets * log_softmax(logits)).sum(-1)


def _softmax_cross_entropy_delta(logits: Tensor, targets: Tensor) -> Tensor:
    return softmax(logits, logits.ndim - 1) * targets.sum(-1, keepdims=True) - targets


def _root_mean_square(x: Tensor) -> Tensor:
    """Computed of x / max |x|: in float32, x² overflows above 1e19 and becomes 0 below 1e-23."""
    if not x.size:
        return x.sum()
    largest = abs(x).max()
    scale = where(equal(largest, 0.0), 1.0, largest)
    part = x / scale
    return scale * sqrt((part * part).mean())


EXPANSIONS: Mapping[str, Callable[..., Tensor]] = {
    "softmax_cross_entropy": _softmax_cross_entropy,
    "softmax_cross_entropy_delta": _softmax_cross_entropy_delta,
    "root_mean_square": _root_mean_square,
    "softmax": softmax,
    "logsumexp": logsumexp,
    "layer_norm": layer_norm,
    "layer_norm_adjoint": layer_norm_adjoint,
    "layer_norm_scale_adjoint": layer_norm_scale_adjoint,
    "batch_norm": batch_norm,
    "attention": attention,
    "attention_query_adjoint": query_adjoint,
    "attention_key_adjoint": key_adjoint,
    "attention_value_adjoint": value_adjoint,
    "ctc_loss": ctc_loss,
    "lstm": lstm,
    "gru": gru,
}
"""Composite operation -> the function that records it in other operations."""


def expand(program: Program, keep: Callable[[Step], bool] = lambda _: False) -> Program:
    """The same program in primitives alone, but for the composites that an executor runs whole.

    keep: whether a step of a composite is one.

    All values of the program stay as they are; those between the primitives of a composite are new.
    """
    if not any(step.operation in EXPANSIONS and not keep(step) for step in program.steps):
        return program
    recorded: dict[Any, Program] = {}
    instead: dict[Value, Value] = {}  # of a composite that gives one of its inputs as it is
    steps: list[Step] = []
    for step in program.steps:
        inputs = tuple([instead.get(value, value) for value in step.inputs])
        if inputs != step.inputs:  # Values are equal if they are the same object
            step = replace(step, inputs=inputs)
        if step.operation not in EXPANSIONS or keep(step):
            steps.append(step)
            continue
        kinds = tuple([(value.shape, value.dtype) for value in inputs])
        key = step.operation, kinds, *step.attributes.items()
        if key not in recorded:
            recorded[key] = _expansion(step)
        result = recorded[key].outputs["y"]
        if result in recorded[key].inputs:
            instead[step.output] = inputs[recorded[key].inputs.index(result)]
        steps += _in_place_of(step, recorded[key])
    return replace(
        program,
        steps=tuple(steps),
        outputs={name: instead.get(value, value) for name, value in program.outputs.items()},
        updates={old: instead.get(new, new) for old, new in program.updates.items()},
        deltas={instead.get(of, of): instead.get(delta, delta) for of, delta in program.deltas.items()},
    )


def _expansion(step: Step) -> Program:
    """The primitives of a composite step as a program of its own, whose output is y."""
    trace = Trace()
    inputs = [trace.input(f"x{place}", value.shape, value.dtype) for place, value in enumerate(step.inputs)]
    attributes: dict[str, Any] = dict(step.attributes)
    program = trace.program({"y": EXPANSIONS[step.operation](*inputs, **attributes)})
    trace.release()
    return program


def _in_place_of(step: Step, expansion: Program) -> Iterator[Step]:
    """The steps of an expansion on the inputs of a step; the last one gives its output."""
    known = dict(zip(expansion.inputs, step.inputs, strict=True))
    known[expansion.outputs["y"]] = step.output
    for each in expansion.steps:
        if each.output not in known:
            name = f"{step.output.name}.{each.output.name}"
            known[each.output] = Value(each.output.shape, each.output.dtype, name)
        inputs = tuple([known[value] for value in each.inputs])
        yield Step(each.operation, inputs, known[each.output], each.attributes, step.layer, step.part)
