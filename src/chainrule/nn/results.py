"""Checks of what calls of a part return; the errors name the part and what it returned."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.program import Tensor

_COMPUTE = "compute it from the Tensors given, by operators and chainrule.program.functions, and return it"


def check_tensor(owner: str, what: str, value: Any) -> None:
    """Raises ChainruleError unless a value is one Tensor. owner, what: such as 'Dense' and 'its __call__'."""
    if not isinstance(value, Tensor):
        raise ChainruleError(
            f"{owner}: {what} gave {described(value)}, and it must give a Tensor", remedy=_COMPUTE
        )


def check_scalar(owner: str, what: str, value: Any) -> None:
    """Raises ChainruleError unless a value is a Tensor without axes."""
    check_tensor(owner, what, value)
    if value.shape:
        raise ChainruleError(
            f"{owner}: {what} gave a Tensor of shape {value.shape}, and it must give one number",
            remedy="add it up by x.sum(), or take x.mean()",
        )


def check_tensors(owner: str, value: Any, what: str = "its __call__") -> None:
    """Raises ChainruleError unless a part returned a Tensor, or a tuple or mapping of Tensors."""
    if isinstance(value, Tensor):
        return
    if not isinstance(value, tuple | Mapping) or not value:
        remedy = "return several Tensors as a tuple" if isinstance(value, list) else _COMPUTE
        raise ChainruleError(
            f"{owner}: {what} gave {described(value)}, and it must give a Tensor, or a tuple of them",
            remedy=remedy,
        )
    for each in value.values() if isinstance(value, Mapping) else value:
        check_tensors(owner, each, what)


def described(value: Any) -> str:
    """A value in few words, such as 'an array of shape (3,)'."""
    if value is None:
        return "None"
    if isinstance(value, bool | int | float | np.generic):
        return f"the number {value}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, Tensor):
        return f"a Tensor of shape {value.shape}"
    if callable(value):
        return f"the function {getattr(value, '__name__', type(value).__name__)}"
    return f"a {type(value).__name__}"
