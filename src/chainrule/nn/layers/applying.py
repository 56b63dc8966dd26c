"""A function of the user as a layer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chainrule.errors import ChainruleError, ConfigError
from chainrule.nn.layer import Layer
from chainrule.nn.results import described
from chainrule.program import Tensor


@dataclass(frozen=True)
class Apply(Layer):
    """y = function(x).

    function: takes and returns one Tensor, by operators and chainrule.program.functions, not by NumPy. It has
    no parameters and no settings; for these write a layer of your own, a frozen dataclass.
    A run stores the module and name of the function; `load_run` needs a function of your own among its
    `classes`. So a lambda, or a function defined within another, can be trained but not stored (ConfigError).
    Raises ConfigError for something else than a function; ChainruleError while recording if the function
    can't take a Tensor, or does not return one.
    """

    function: Callable[[Tensor], Tensor]

    def __post_init__(self) -> None:
        if isinstance(self.function, type | Layer) or not callable(self.function):
            got, remedy = (
                described(self.function),
                "give a function of one Tensor, such as program.functions.sin",
            )
            if isinstance(self.function, Layer):
                got, remedy = f"the layer {self.function!r}", "put the layer itself in its place"
            raise ConfigError(f"Apply: function is {got}", remedy=remedy)

    def __call__(self, x: Tensor) -> Any:
        try:
            return self.function(x)
        except (TypeError, AttributeError) as error:  # NumPy's and math's refuse Tensors in this way
            raise ChainruleError(
                f"{x.trace.label}: {described(self.function)} can't take a Tensor ({error})",
                remedy="compute by operators and chainrule.program.functions",
            ) from error

    def __repr__(self) -> str:
        return f"Apply({getattr(self.function, '__name__', self.function)})"
