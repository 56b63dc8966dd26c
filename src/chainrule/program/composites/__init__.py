"""What each composite operation means: its expansion into primitives; and expanding a whole program."""

from collections.abc import Callable, Mapping
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
from chainrule.program.value import Value


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


def expand(program: Program, keep: frozenset[str] = frozenset()) -> Program:
    """The same program in primitives alone, but for the composites in `keep` that an executor runs whole."""
    if not any(step.operation in EXPANSIONS and step.operation not in keep for step in program.steps):
        return program
    trace = Trace()
    known: dict[Value, Tensor] = {}
    for values, make in (
        (program.inputs, trace.input),
        (program.parameters, trace.parameter),
        (program.state, trace.state),
    ):
        known.update({value: make(value.name, value.shape, value.dtype) for value in values})
    for step in program.steps:
        inputs = [known[value] for value in step.inputs]
        attributes: dict[str, Any] = dict(step.attributes)
        with trace.at(layer=step.layer, part=step.part):
            if step.operation in EXPANSIONS and step.operation not in keep:
                known[step.output] = EXPANSIONS[step.operation](*inputs, **attributes)
            else:
                known[step.output] = trace.record(step.operation, *inputs, **attributes)
    for of, delta in program.deltas.items():
        trace.name_delta(known[delta], known[of].value)
    expanded = trace.program(
        {name: known[value] for name, value in program.outputs.items()},
        {known[old]: known[new] for old, new in program.updates.items()},
    )
    trace.release()
    return expanded
