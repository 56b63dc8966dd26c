"""The type of derivative rules, and their argument: a recorded step with Tensors in place of Values."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.program import Tensor, Value

Differentiate = Callable[[Tensor, Iterable[Tensor]], Mapping[Value, Tensor]]
"""What `backprop.differentiate` is."""


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """output = operation(*inputs, **attributes), all as Tensors that rules can compute with.

    differentiate: the reverse pass, for steps that hold a program of their own.
    """

    inputs: tuple[Tensor, ...]
    output: Tensor
    attributes: Mapping[str, Any]
    differentiate: Differentiate


Adjoints = tuple[Tensor | None, ...]
"""The derivative with respect to each input, in order; None where there is none."""
Rule = Callable[[RecordedStep, Tensor], Adjoints]
"""A function of a step and the derivative with respect to its output."""
