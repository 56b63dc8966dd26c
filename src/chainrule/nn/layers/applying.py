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

    function: of one Tensor, recorded like any layer: operators and chainrule.program.functions, no NumPy. It
    has no parameters and no settings; what has some is a layer of your own, a frozen dataclass.
    A run is stored with the function's module and name, as one of chainrule.program.functions by its name
    alone, and load_run is given your own among its `classes`. So a lambda, and a function defined within
    another, can be trained with, but not stored: ConfigError then.
    Raises ConfigError for what is no function, or is a layer; ChainruleError while recording where the
    function can't take Tensors, or gives none.
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
