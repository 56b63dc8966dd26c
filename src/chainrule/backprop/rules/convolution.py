"""Derivatives of convolution and its two adjoints: y, d_x and d_weight are each linear in the other two."""

from collections.abc import Mapping
from typing import Any

from chainrule.backprop.rules.recorded import Adjoints, RecordedStep, Rule
from chainrule.program import Tensor


def convolution(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """d_x: the input adjoint of d_y with the weight; d_weight: the weight adjoint of x and d_y."""
    x, weight = step.inputs
    return _to_input(step, d_y, weight, x.shape[1:-1]), _to_weight(step, x, d_y, weight.shape[:-2])


def convolution_input_adjoint(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """Linear in the upstream gradient, whose adjoint is the convolution, and in the weight."""
    back, weight = step.inputs
    return _forward(step, d_y, weight), _to_weight(step, d_y, back, weight.shape[:-2])


def convolution_weight_adjoint(step: RecordedStep, d_y: Tensor) -> Adjoints:
    """Linear in x and in its delta; d_y takes the place of the weight for both derivatives."""
    x, back = step.inputs
    return _to_input(step, back, d_y, x.shape[1:-1]), _forward(step, x, d_y)


def _settings(step: RecordedStep) -> dict[str, Any]:
    return {name: step.attributes[name] for name in ("stride", "dilation", "padding", "groups")}


def _forward(step: RecordedStep, x: Tensor, weight: Tensor) -> Tensor:
    return x.trace.record("convolution", x, weight, **_settings(step))


def _to_input(step: RecordedStep, d_y: Tensor, weight: Tensor, size: tuple[int, ...]) -> Tensor:
    return d_y.trace.record("convolution_input_adjoint", d_y, weight, **_settings(step), size=size)


def _to_weight(step: RecordedStep, x: Tensor, d_y: Tensor, window: tuple[int, ...]) -> Tensor:
    return x.trace.record("convolution_weight_adjoint", x, d_y, **_settings(step), window=window)


CONVOLUTION: Mapping[str, Rule] = {
    "convolution": convolution,
    "convolution_input_adjoint": convolution_input_adjoint,
    "convolution_weight_adjoint": convolution_weight_adjoint,
}
