"""Small data, small networks, and listeners that watch and stop a run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chainrule.nn import Dense, Dropout, MeanSquaredError, Sequential, SoftmaxCrossEntropy, Transform, sgd
from chainrule.training import EpochDone, Event, Recipe, Record, Run, Supervised

XOR_X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
XOR_Y = np.array([0, 1, 1, 0])


def points(examples: int = 50, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Four numbers and one of three classes an example, not quite separable."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(examples, 4))
    return x, (x[:, :3] + 0.5 * random.normal(size=(examples, 3))).argmax(1)


def line(examples: int = 10, features: int = 3, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and a linear target with noise: (examples, features), (examples, 1)."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(examples, features))
    return x, x @ random.normal(size=(features, 1)) + 0.1 * random.normal(size=(examples, 1))


def classifier(dropout: float = 0.2) -> Sequential:
    return Sequential([Dense(6, "tanh"), Dropout(dropout), Dense(3)])


def of_model(model: Any, loss: Any, mixing: Any = None, **settings: Any) -> Recipe:
    """A recipe for supervised learning, its objective's settings among the others."""
    return Recipe(Supervised(model, loss, mixing), **settings)


def changed(recipe: Recipe, **settings: Any) -> Recipe:
    """The recipe with other settings, those of its objective among them."""
    of_objective = {name: settings.pop(name) for name in ("model", "loss", "mixing") if name in settings}
    return replace(recipe, objective=replace(recipe.objective, **of_objective), **settings)


def classification(**settings: Any) -> Recipe:
    """A recipe for `points`."""
    usual = {"model": classifier(), "loss": SoftmaxCrossEntropy(), "epochs": 3, "batch_size": 16}
    return of_model(**(usual | settings))


def regression(optimizer: Transform | None = None, **settings: Any) -> Recipe:
    """A recipe for `line`: one linear layer, float64, plain gradient descent."""
    usual = {"model": Dense(1), "loss": MeanSquaredError(), "optimizer": optimizer or sgd(0.05)}
    return of_model(**(usual | {"epochs": 3, "batch_size": 4, "dtype": "float64"} | settings))


@dataclass
class Recorder:
    """Keeps every event, and a copy of the tree after every epoch."""

    events: list[Event] = field(default_factory=list)
    trees: list[dict[str, np.ndarray]] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, EpochDone):
            self.trees.append({name: array.copy() for name, array in event.state.tree.items()})

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def stop_after(epoch: int, reason: str = "enough") -> Callable[[Event], None]:
    def listen(event: Event) -> None:
        if isinstance(event, EpochDone) and event.record["epoch"] == epoch:
            event.stop(reason)

    return listen


def without_seconds(history: list[Record]) -> list[Record]:
    return [{key: value for key, value in record.items() if key != "seconds"} for record in history]


def same_arrays(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> bool:
    """The same names, dtypes, shapes and bits."""
    return set(one) == set(other) and all(
        one[name].dtype == other[name].dtype
        and one[name].shape == other[name].shape
        and one[name].tobytes() == other[name].tobytes()
        for name in one
    )


def assert_same_run(one: Run, other: Run) -> None:
    assert same_arrays(one.parameters, other.parameters)
    assert without_seconds(one.history) == without_seconds(other.history)
    assert (one.stopped, one.best_epoch) == (other.stopped, other.best_epoch)
