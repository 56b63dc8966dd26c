"""What a Tensor refuses, since it has no numbers while a program is recorded."""

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from chainrule.errors import ChainruleError, did_you_mean

if TYPE_CHECKING:
    from chainrule.program.tracing import Tensor, Trace

_FUNCTIONS = "chainrule.program.functions"
_OPERATORS = frozenset(
    {"add", "subtract", "multiply", "divide", "power", "matmul"}
    | {"less", "less_equal", "greater", "greater_equal"}
)
"""NumPy's functions that `array + x` and the like call, which are operations of the same name."""

_INSTEAD = {
    "absolute": "abs(x)",
    "abs": "abs(x)",
    "negative": "-x",
    "square": "x * x",
    "reciprocal": "1 / x",
    "dot": "x @ y",
    "amax": "x.max()",
    "amin": "x.min()",
    "clip": f"{_FUNCTIONS}.minimum and maximum",
    "expand_dims": "x[..., None]",
    "astype": "x.cast(dtype)",
    "T": "x.transpose()",
    "view": "x.reshape(…)",
}
_METHODS = ("sum", "max", "min", "mean", "reshape", "transpose")
_NUMBERS = ("numpy", "item", "tolist", "detach", "data", "values")


class SymbolicError(ChainruleError, AttributeError):
    """An operation that needs the numbers of a Tensor, which has none while its program is recorded."""


class Symbolic:
    """Base of Tensor: a clear error for whatever needs its numbers, or would be wrong without them."""

    __slots__ = ()

    if TYPE_CHECKING:
        trace: Trace

        def _with(self, operation: str, other: Any, *, swapped: bool = False) -> Tensor: ...
    else:

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_") or name in ("trace", "value"):
                raise AttributeError(name)
            if name in _NUMBERS:
                raise self._refused(f"x.{name}", "leave it out: steps are recorded here, and run later")
            with self.trace.naming_the_layer():
                raise SymbolicError(f"a Tensor has no '{name}'", remedy=_instead_of(name))

    def _refused(self, what: str, remedy: str) -> ChainruleError:
        label = f"{self.trace.label}: " if self.trace.label else ""
        return SymbolicError(
            f"{label}{what} needs numbers, and a Tensor has none while its program is recorded", remedy=remedy
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> "Tensor":
        """`array + x` and the like are recorded; any other function of NumPy is refused."""
        name = ufunc.__name__
        if method == "__call__" and not options and name in _OPERATORS:
            first, second = inputs
            if isinstance(first, Symbolic):
                return first._with(name, second)
            return second._with(name, first, swapped=True)
        raise self._refused(f"np.{name}", _instead_of(name))

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> NoReturn:
        raise self._refused(f"np.{function.__name__}", _instead_of(function.__name__))

    def __array__(self, *args: Any, **options: Any) -> NoReturn:
        raise self._refused("an array", f"compute with Tensors: operators, and {_FUNCTIONS}")

    def __float__(self) -> float:
        raise self._refused("float(x)", f"leave it out, and take {_FUNCTIONS} for those of math")

    def __int__(self) -> int:
        raise self._refused("int(x)", f"x.cast('int32') records it; {_FUNCTIONS}.floor rounds down")

    def __index__(self) -> int:
        raise self._refused(
            "a whole number", f"{_FUNCTIONS}.gather(values, x) picks by a Tensor; shapes are fixed"
        )

    def __bool__(self) -> bool:
        raise self._refused("a branch of Python", f"use {_FUNCTIONS}.where(condition, x, y)")

    def __len__(self) -> int:
        raise self._refused("len(x)", "x.shape has the lengths of its axes")

    def __iter__(self) -> NoReturn:
        raise self._refused(
            "a loop of Python", f"x[:, 0] picks, x.sum() adds up, {_FUNCTIONS}.scan repeats along an axis"
        )

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        raise self._refused("x[…] = y", f"{_FUNCTIONS}.where and concatenate make a new Tensor")

    def __eq__(self, other: object) -> bool:
        """Identity, so that Tensors can be keys; a comparison with numbers is refused."""
        if isinstance(other, bool | int | float | np.ndarray | np.generic):
            raise self._refused("x == y", f"use {_FUNCTIONS}.equal(x, y) or not_equal")
        return self is other

    __hash__ = object.__hash__


def _instead_of(name: str) -> str:
    """What does the same as a function of NumPy, or a method of arrays, of this name."""
    from chainrule.program import functions

    if name in _INSTEAD:
        return f"use {_INSTEAD[name]}"
    if name in _METHODS:
        return f"use x.{name}(…)"
    if name in functions.__all__:
        return f"use {_FUNCTIONS}.{name}"
    return f"use operators, and what is in {_FUNCTIONS}{did_you_mean(name, functions.__all__)}"
