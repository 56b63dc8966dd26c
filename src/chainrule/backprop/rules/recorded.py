"""What a derivative rule sees: a recorded step with Tensors in place of Values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.program import Tensor


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """output = operation(*inputs, **attributes), all as Tensors that rules can compute with."""

    inputs: tuple[Tensor, ...]
    output: Tensor
    attributes: Mapping[str, Any]
