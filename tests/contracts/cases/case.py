"""What a case is: one operation on given arguments; and the arguments that cases are made from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.program import Tensor, Trace


@dataclass(frozen=True, eq=False)
class Case:
    """One operation on given arguments.

    arguments: float64, integer or bool arrays. wiring: which argument each input of the operation is (in
    order if None), so that one argument can be several inputs. held: arguments that are constants when slopes
    are taken. sloped: False where there is no slope: at ties and kinks, and where no argument is a float.
    """

    operation: str
    label: str
    arguments: tuple[np.ndarray, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    wiring: tuple[int, ...] | None = None
    held: tuple[int, ...] = ()
    sloped: bool = True

    def __str__(self) -> str:
        return f"{self.operation}-{self.label}"

    def record(self, trace: Trace, tensors: Sequence[Tensor]) -> Tensor:
        """The operation applied to the tensors that stand for the arguments."""
        dtype = next((t.dtype for t in tensors if t.dtype.startswith("float")), "float64")
        return trace.record(self.operation, *self.inputs(tensors), **self.settings(dtype))

    def settings(self, dtype: str) -> dict[str, Any]:
        """The attributes, where floats are of this dtype: a `body` is given as a function that makes it."""
        made = {"body": self.attributes["body"](dtype)} if "body" in self.attributes else {}
        return {**self.attributes, **made}

    def inputs(self, arguments: Sequence[Any]) -> list[Any]:
        """The arguments as the operation's inputs."""
        return [arguments[i] for i in self.wiring] if self.wiring is not None else list(arguments)

    def varied(self) -> tuple[Callable[..., Tensor], list[np.ndarray]]:
        """A function of the arguments that are not held, and those arguments."""

        def function(*tensors: Tensor) -> Tensor:
            trace, rest = tensors[0].trace, iter(tensors)
            every = [
                trace.constant(a, a.dtype.name) if i in self.held else next(rest)
                for i, a in enumerate(self.arguments)
            ]
            return self.record(trace, every)

        return function, [a for i, a in enumerate(self.arguments) if i not in self.held]


def spread(*shape: int, low: float = -2.0, high: float = 2.1, seed: int = 0) -> np.ndarray:
    """Distinct numbers evenly spaced from low to high, in random order: no ties, none near 0 by default."""
    size = int(np.prod(shape))
    numbers = np.linspace(low, high, size) if size > 1 else np.full(size, (low + 2 * high) / 3)
    return np.random.default_rng([seed, size]).permutation(numbers).reshape(shape)


def whole(*numbers: Any, dtype: str = "int32") -> np.ndarray:
    """Whole numbers."""
    return np.array(numbers, dtype=dtype)


CASES: dict[str, list[Case]] = {}


def add(operation: str, label: str, *arguments: Any, sloped: bool = True, **options: Any) -> None:
    """One more case; wiring and held are the case's own, all other options are attributes."""
    own = {key: options.pop(key) for key in ("wiring", "held") if key in options}
    arrays = tuple(np.asarray(argument) for argument in arguments)
    CASES.setdefault(operation, []).append(Case(operation, label, arrays, options, sloped=sloped, **own))
