"""The elementwise operations: of one input, of several that broadcast, comparisons and the choice."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from chainrule.program.operations.row import (
    NUMBERS,
    Attributes,
    Inferred,
    Operation,
    broadcast_shapes,
    need,
    need_known,
    same_dtype,
)
from chainrule.program.value import FLOATS, Value


def _unary(name: str, allowed: Sequence[str], result: str | None = None) -> Callable[..., Inferred]:
    def infer(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
        (x,) = inputs
        need(name, x, allowed)
        return x.shape, result or x.dtype

    return infer


def _broadcast(name: str, allowed: Sequence[str], result: str | None = None) -> Callable[..., Inferred]:
    def infer(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
        dtype = same_dtype(name, inputs)
        need(name, inputs[0], allowed)
        return broadcast_shapes(name, inputs), result or dtype

    return infer


def _where(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    condition, x, y = inputs
    need("where", condition, ("bool",))
    return broadcast_shapes("where", inputs), same_dtype("where", (x, y))


def _cast(inputs: Sequence[Value], attributes: Attributes) -> Inferred:
    need_known("cast", attributes["dtype"])
    return inputs[0].shape, attributes["dtype"]


def _elementwise(
    name: str, meaning: str, allowed: Sequence[str] = FLOATS, result: str | None = None, **options: Any
) -> Operation:
    return Operation(name, 1, _unary(name, allowed, result), meaning, elementwise=True, **options)


def _pairwise(name: str, meaning: str, allowed: Sequence[str] = NUMBERS, **options: Any) -> Operation:
    return Operation(name, 2, _broadcast(name, allowed), meaning, elementwise=True, **options)


def _comparison(name: str, meaning: str) -> Operation:
    infer = _broadcast(name, (*NUMBERS, "bool"), result="bool")
    return Operation(name, 2, infer, meaning, differentiable=False, elementwise=True)


_SIGNED = (*FLOATS, "int32", "int64")

ELEMENTWISE = (
    # One input.
    _elementwise("negative", "y = -x", _SIGNED),
    _elementwise("absolute", "y = |x|", _SIGNED),
    _elementwise("sign", "y = -1, 0 or 1", _SIGNED, differentiable=False, bounds=(-1.0, 1.0)),
    _elementwise("floor", "y = the largest whole number ≤ x", differentiable=False),
    _elementwise("exp", "y = eˣ", bounds=(0.0, math.inf)),
    _elementwise("expm1", "y = eˣ - 1, exact near 0", bounds=(-1.0, math.inf)),
    _elementwise("log", "y = ln x"),
    _elementwise("log1p", "y = ln(1 + x), exact near 0"),
    _elementwise("sqrt", "y = √x", bounds=(0.0, math.inf)),
    _elementwise("sin", "y = sin x", bounds=(-1.0, 1.0)),
    _elementwise("cos", "y = cos x", bounds=(-1.0, 1.0)),
    _elementwise("arctan", "y = arctan x, in radians", bounds=(-math.pi / 2, math.pi / 2)),
    _elementwise("tanh", "y = tanh x", bounds=(-1.0, 1.0)),
    _elementwise("sigmoid", "y = 1 / (1 + e⁻ˣ)", bounds=(0.0, 1.0)),
    _elementwise("softplus", "y = ln(1 + eˣ), without overflow", bounds=(0.0, math.inf)),
    _elementwise("erf", "y = 2/√π ∫₀ˣ exp(-t²) dt", bounds=(-1.0, 1.0)),
    _elementwise("relu", "y = x where x > 0, else 0"),
    _elementwise("isfinite", "y = neither infinite nor NaN", result="bool", differentiable=False),
    _elementwise("logical_not", "y = not x", ("bool",), differentiable=False),
    _elementwise("stop_gradient", "y = x; no derivative flows back", differentiable=False),
    Operation(
        "cast",
        1,
        _cast,
        "y = x in another dtype; floats to integers cut toward zero, int64 to int32 stops at the ends",
        elementwise=True,
    ),
    # Several inputs, broadcast.
    _pairwise("add", "y = x1 + x2"),
    _pairwise("subtract", "y = x1 - x2"),
    _pairwise("multiply", "y = x1 · x2"),
    _pairwise("divide", "y = x1 / x2", FLOATS),
    _pairwise("power", "y = x1 ^ x2", FLOATS),
    _pairwise("maximum", "y = the larger; a tie sends half the derivative to each"),
    _pairwise("minimum", "y = the smaller; a tie sends half the derivative to each"),
    _pairwise("shift_right", "y = x1's bits moved x2 places to the right", ("uint32",), differentiable=False),
    _pairwise("logical_and", "y = x1 and x2", ("bool",), differentiable=False),
    _pairwise("logical_or", "y = x1 or x2", ("bool",), differentiable=False),
    # Compare and select.
    _comparison("equal", "y = (x1 = x2)"),
    _comparison("not_equal", "y = (x1 ≠ x2)"),
    _comparison("less", "y = (x1 < x2)"),
    _comparison("less_equal", "y = (x1 ≤ x2)"),
    _comparison("greater", "y = (x1 > x2)"),
    _comparison("greater_equal", "y = (x1 ≥ x2)"),
    Operation("where", 3, _where, "y = x2 where x1, else x3", elementwise=True),
)
