"""What a program costs: operations, parameters, floating-point operations, bytes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import cast

from chainrule.program.operations import OPERATIONS
from chainrule.program.operations.scanning import Scan
from chainrule.program.program import Program
from chainrule.program.value import Step, Value

# What only moves elements, makes them from nothing or works on whole numbers.
_FREE = (
    "broadcast_to",
    "concatenate",
    "constant",
    "factorize",
    "gather",
    "iota",
    "one_hot",
    "pad",
    "put",
    "random_bits",
    "recompute",
    "reshape",
    "slice",
    "stop_gradient",
    "transpose",
)
# Composites: floating-point operations for every element of the first input.
_AN_ELEMENT = {
    "root_mean_square": 2,
    "softmax_cross_entropy": 6,
    "softmax_cross_entropy_delta": 6,
    "softmax": 5,
    "logsumexp": 4,
    "layer_norm": 8,
    "layer_norm_adjoint": 14,
    "layer_norm_scale_adjoint": 2,  # layer_norm_adjoint counts what both need
    "batch_norm": 8,
}
# What has an element for every window, each of which reads or writes all its taps.
_POOLS: Mapping[str, Callable[[Step], Value]] = {
    "max_pool": lambda step: step.output,
    "max_pool_positions": lambda step: step.output,
    "max_pool_adjoint": lambda step: step.inputs[1],
    "average_pool": lambda step: step.output,
    "average_pool_adjoint": lambda step: step.inputs[0],
}
_ATTENTION = ("attention", "attention_query_adjoint", "attention_key_adjoint", "attention_value_adjoint")
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
_CONVOLUTIONS = ("convolution", "convolution_input_adjoint", "convolution_weight_adjoint")


@dataclass(frozen=True)
class Counts:
    """Costs of one call of a program.

    steps: operations, without constants. parameters: trained numbers. flops: floating-point operations:
    one for each element of any elementwise operation, one for each input element of a reduction or
    scatter_add, 2 n m k for a matrix product, likewise 2 for each multiplication of a convolution (padding
    included), one for each element of each window of a pooling; a loop over time counts each of its steps;
    operations that only move elements count 0.
    parameter_bytes, state_bytes: kept from call to call. value_bytes: the results of all steps together,
    without reuse of memory.
    """

    steps: int
    parameters: int
    flops: int
    parameter_bytes: int
    state_bytes: int
    value_bytes: int


def step_flops(step: Step) -> int:
    """Floating-point operations of one step, by the convention of `Counts`."""
    if step.operation in _FREE:
        return 0
    if step.operation == "matmul" or step.operation in _CONVOLUTIONS:
        return 2 * step_multiply_adds(step)
    if step.operation == "scan":
        of = Scan.of(step.attributes)
        return of.length * sum(step_flops(each) for each in of.body.steps)
    if step.operation in _POOLS:
        return _POOLS[step.operation](step).size * prod(cast(Sequence[int], step.attributes["window"]))
    if step.operation in _AN_ELEMENT:
        return _AN_ELEMENT[step.operation] * step.inputs[0].size
    if step.operation == "ctc_loss":
        logits, labels = step.inputs[:2]
        return 5 * logits.size + 8 * logits.shape[0] * (2 * labels.size + logits.shape[1])
    if step.operation in ("lstm", "gru"):
        gates, weight = step.inputs[:2]
        return gates.shape[0] * gates.shape[1] * 2 * weight.size + 4 * gates.size
    if step.operation in _ATTENTION:
        return _attention_flops(step)
    if step.operation == "scatter_add":
        return step.inputs[2].size
    if OPERATIONS[step.operation].elementwise:
        return step.output.size
    return step.inputs[0].size


def step_multiply_adds(step: Step) -> int:
    """Multiply-adds of one step: of matrix products, convolutions, attention and recurrence."""
    if step.operation == "matmul":
        return step.output.size * step.inputs[0].shape[-1]
    if step.operation in _CONVOLUTIONS:
        return _convolution_products(step)
    if step.operation == "attention":
        (keys, width), outputs = step.inputs[1].shape[-2:], step.inputs[2].shape[-1]
        return step.inputs[0].size // max(width, 1) * keys * (width + outputs)
    if step.operation in ("lstm", "gru"):
        gates, weight = step.inputs[:2]
        return gates.shape[0] * gates.shape[1] * weight.size
    if step.operation == "scan":
        of = Scan.of(step.attributes)
        return of.length * sum(step_multiply_adds(each) for each in of.body.steps)
    return 0


def _attention_flops(step: Step) -> int:
    """Scores, their softmax and its product with the values; of an adjoint, its own products.

    The three adjoints share weights and deltas, which are counted with that of the queries alone.
    """
    (keys, width), outputs = step.inputs[1].shape[-2:], step.inputs[2].shape[-1]
    rows = step.inputs[0].size // max(width, 1)
    each = {
        "attention": 2 * width + 2 * outputs + _AN_ELEMENT["softmax"],
        "attention_query_adjoint": 4 * width + 2 * outputs + 2 * _AN_ELEMENT["softmax"],
        "attention_key_adjoint": 2 * width,
        "attention_value_adjoint": 2 * outputs,
    }
    return rows * keys * each[step.operation]


def _convolution_products(step: Step) -> int:
    """Places · taps · outputs, whichever of the three is the step's own result."""
    first, second = step.inputs
    if step.operation == "convolution":
        return step.output.size * (second.size // max(second.shape[-1], 1))
    if step.operation == "convolution_input_adjoint":
        return first.size * (second.size // max(second.shape[-1], 1))
    return second.size * (step.output.size // max(step.output.shape[-1], 1))


def bytes_text(number: float) -> str:
    """Bytes in the unit that fits: 512 bytes, 1.4 MiB."""
    unit = 0
    while number >= 1024 and unit < len(_UNITS) - 1:
        number, unit = number / 1024, unit + 1
    return f"{number:,.0f} {_UNITS[0]}" if unit == 0 else f"{number:,.1f} {_UNITS[unit]}"


def count(program: Program) -> Counts:
    """The costs of one call."""
    return Counts(
        steps=sum(step.operation != "constant" for step in program.steps),
        parameters=sum(value.size for value in program.parameters),
        flops=sum(step_flops(step) for step in program.steps),
        parameter_bytes=sum(value.nbytes for value in program.parameters),
        state_bytes=sum(value.nbytes for value in program.state),
        value_bytes=sum(step.output.nbytes for step in program.steps),
    )
