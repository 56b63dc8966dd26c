"""The checked parameters of an estimator, and the layers, optimizer, penalties and recipe made from them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from chainrule.errors import ConfigError, did_you_mean
from chainrule.estimators.defaults import Defaults
from chainrule.nn import (
    ACTIVATIONS,
    L2,
    LBFGS,
    PRESETS,
    BayesianRegularization,
    ConjugateGradient,
    Layer,
    LevenbergMarquardt,
    Loss,
    Penalty,
    ScaledConjugateGradient,
    Schedule,
    Sequential,
    Transform,
)
from chainrule.nn.settings import check_choice, check_flag, check_number, check_whole, plain_fields
from chainrule.tasks.build import DECAYING, SCHEDULES, hidden_layer, optimizer_for, output_layer
from chainrule.training import Listener, Recipe, Supervised
from chainrule.training.attending import MODES

AUTO = "auto"
SCIKIT_LEARN_ACTIVATIONS: Mapping[str, str] = {"identity": "linear", "logistic": "sigmoid"}
WHOLE: Mapping[str, Callable[[], Transform]] = {
    "lbfgs": LBFGS,
    "cg": ConjugateGradient,
    "scg": ScaledConjugateGradient,
    "lm": LevenbergMarquardt,
    "br": BayesianRegularization,
}
"""Name of a solver -> an optimizer of all rows at once, without a learning rate."""
_IN_DOUBLE = ("lm", "br")
_SOLVERS = (AUTO, *PRESETS, *WHOLE)


@dataclass(frozen=True)
class Settings:
    """The parameters that all network estimators share; the docstrings of the estimators explain them.

    owner: name of the estimator, for errors. Numbers of NumPy become those of Python, scikit-learn's names of
    activations those of chainrule. Raises ConfigError for a value of the wrong type, out of range or unknown.
    """

    owner: str
    layers: Any
    activation: str
    dropout: float
    batch_norm: bool
    solver: str | Transform
    alpha: float
    weight_decay: float | str
    batch_size: int | str
    learning_rate: str | Schedule
    learning_rate_init: float | str
    max_iter: int | str
    tol: float
    n_iter_no_change: float | str
    early_stopping: bool | str
    validation_fraction: float
    standardize: bool
    dtype: str
    listeners: Sequence[Listener] | None
    doctor: str | None
    warm_start: bool
    random_state: Any
    verbose: bool

    def __post_init__(self) -> None:
        plain_fields(self)
        activation = SCIKIT_LEARN_ACTIVATIONS.get(self.activation) if isinstance(self.activation, str) else ""
        object.__setattr__(self, "activation", activation or self.activation)
        check_choice(self.owner, "activation", self.activation, ACTIVATIONS)
        self._check_numbers()
        for name in ("batch_norm", "standardize", "warm_start"):
            check_flag(self.owner, name, getattr(self, name))
        if self.early_stopping != AUTO:
            check_flag(self.owner, "early_stopping", self.early_stopping)
        check_choice(self.owner, "dtype", self.dtype, ("float32", "float64"))
        if not isinstance(self.solver, Transform):
            check_choice(self.owner, "solver", self.solver, _SOLVERS)
        if not isinstance(self.learning_rate, Schedule):
            check_choice(self.owner, "learning_rate", self.learning_rate, (AUTO, *SCHEDULES))
        if not isinstance(self.verbose, bool | int):
            raise ConfigError(f"{self.owner}: verbose is {self.verbose!r}", remedy="it must be True or False")
        listeners = () if self.listeners is None else self.listeners
        if not isinstance(listeners, list | tuple) or not all(callable(each) for each in listeners):
            raise ConfigError(
                f"{self.owner}: listeners is {listeners!r}", remedy="give a list of functions of an event"
            )
        if self.doctor is not None:
            check_choice(self.owner, "doctor", self.doctor, MODES)
        self._check_combinations()
        if self.solver in _IN_DOUBLE:  # the squares of their derivatives take twice the digits
            object.__setattr__(self, "dtype", "float64")

    def _check_numbers(self) -> None:
        owner = self.owner
        check_number(owner, "dropout", self.dropout, at_least=0, below=1)
        for name in ("alpha", "tol"):
            check_number(owner, name, getattr(self, name), at_least=0)
        check_number(owner, "validation_fraction", self.validation_fraction, above=0, below=1)
        if self.max_iter != AUTO:
            check_whole(owner, "max_iter", self.max_iter)
        if self.n_iter_no_change not in (AUTO, math.inf):
            check_whole(owner, "n_iter_no_change", self.n_iter_no_change)
        if self.weight_decay != AUTO:
            check_number(owner, "weight_decay", self.weight_decay, at_least=0)
        if self.learning_rate_init != AUTO:
            check_number(owner, "learning_rate_init", self.learning_rate_init, above=0)
        if self.batch_size != AUTO:
            check_whole(owner, "batch_size", self.batch_size)

    def _check_combinations(self) -> None:
        own_layers = self.layers is None or not any(_is_size(each) for each in _items(self.layers))
        for name, usual in (("dropout", 0), ("batch_norm", False), ("activation", "relu")):
            if own_layers and getattr(self, name) != usual and _items(self.layers) != ():
                raise ConfigError(
                    f"{self.owner}: {name} is {getattr(self, name)!r}, and it is for layers given as sizes",
                    remedy=f"leave it out, or give sizes such as layers=(64, 64); layers is {self.layers!r}",
                )
        rated = isinstance(self.solver, Transform) or self.solver in WHOLE
        for name, usual in (("learning_rate_init", (AUTO,)), ("learning_rate", (AUTO, "constant"))):
            if rated and getattr(self, name) not in usual:
                raise ConfigError(
                    f"{self.owner}: {name} is {getattr(self, name)!r}, and solver {_named(self.solver)} "
                    "has no such setting",
                    remedy="leave it out; an optimizer of your own has its own rate",
                )
        if self.weight_decay not in (AUTO, 0) and self.solver not in (AUTO, "adam", *DECAYING):
            raise ConfigError(
                f"{self.owner}: solver {_named(self.solver)} takes no weight_decay",
                remedy=f"choose {', '.join(DECAYING)}, or alpha, the penalty",
            )

    @staticmethod
    def of(estimator: Any) -> "Settings":
        """The parameters of an estimator that all share."""
        names = [each.name for each in fields(Settings) if each.name != "owner"]
        return Settings(type(estimator).__name__, **{name: getattr(estimator, name) for name in names})

    def changed(self, before: "Settings", names: Sequence[str]) -> list[str]:
        """Those of the names that have another value than before; lists and tuples are alike."""
        return [name for name in names if _items(getattr(self, name)) != _items(getattr(before, name))]

    def early(self, rows: int) -> bool:
        """Whether a part of this many rows is held out for early stopping."""
        if isinstance(self.early_stopping, bool):
            return self.early_stopping
        return Defaults.of(self.layers, rows).early_stopping

    def folds(self, rows: int) -> bool:
        """Whether cross-validation chooses the number of epochs for this many rows; only if all is 'auto'."""
        ours = all(each == AUTO for each in (self.early_stopping, self.solver, self.learning_rate))
        return ours and Defaults.of(self.layers, rows).folds

    def recipe(
        self,
        network: Layer,
        loss: Loss,
        rows: int,
        mean_weight: float,
        *,
        early: bool,
        seed: int,
        folds: bool = False,
    ) -> Recipe:
        """The recipe for this many training rows of this mean weight.

        early: further rows are held out. folds: cross-validation chooses the number of epochs.
        """
        batch, epochs, patience = self.rows_per_batch(rows), self._epochs(rows), self.patience(rows)
        return Recipe(
            Supervised(network, loss),
            optimizer=self._optimizer(self._defaults(rows, folds), epochs * -(-rows // batch)),
            penalties=self._penalties(batch * mean_weight),
            epochs=epochs,
            batch_size=batch,
            seed=seed,
            patience=int(patience) if early and patience != math.inf else None,
            dtype=self.dtype,
        )

    def _epochs(self, rows: int) -> int:
        return Defaults.of(self.layers, rows).max_iter if isinstance(self.max_iter, str) else self.max_iter

    def _defaults(self, rows: int, folds: bool) -> Defaults:
        defaults = Defaults.of(self.layers, rows)
        return defaults.by_folds() if folds else defaults

    def patience(self, rows: int, *, folds: bool = False) -> float:
        """The epochs without improvement after which training on this many rows ends, or infinity.

        folds: whether cross-validation chooses the number of epochs.
        """
        given = self.n_iter_no_change
        return self._defaults(rows, folds).n_iter_no_change if isinstance(given, str) else given

    def rows_per_batch(self, rows: int) -> int:
        """Rows of a step, at most those there are."""
        if isinstance(self.batch_size, int):
            return min(self.batch_size, rows)
        if self._needs_all():
            return rows
        return min(Defaults.of(self.layers, rows).batch_size, rows)

    def sees_all_at_once(self, rows: int) -> bool:
        """Whether every step takes all of so many rows, without any held out."""
        return self.rows_per_batch(rows) == rows and not self.early(rows) and not self.folds(rows)

    def _needs_all(self) -> bool:
        solver = self.solver
        if isinstance(solver, str) and solver in PRESETS:
            solver = PRESETS[solver]()
        return solver.needs_all_examples() if isinstance(solver, Transform) else solver in WHOLE

    def _penalties(self, weight: float) -> tuple[Penalty, ...]:
        # scikit-learn's ½ alpha Σw² is divided by the weight of the batch's rows, as its sum of losses is.
        chosen = self.solver == "br" or isinstance(self.solver, BayesianRegularization)  # by itself
        return (L2(self.alpha / weight),) if self.alpha and not chosen else ()

    def _optimizer(self, defaults: Defaults, steps: int) -> Transform:
        if isinstance(self.solver, Transform):
            return self.solver
        if self.solver in WHOLE:
            return WHOLE[self.solver]()
        rate = defaults.learning_rate if self.learning_rate_init == AUTO else float(self.learning_rate_init)
        name = defaults.solver if self.solver == AUTO else self.solver
        decay = defaults.weight_decay if self.weight_decay == AUTO else float(self.weight_decay)
        if self.weight_decay not in (AUTO, 0) and name == "adam":
            name = "adamw"  # Adam with decoupled decay has this name
        schedule = self.learning_rate
        if isinstance(schedule, Schedule):
            scheduled = schedule
        else:
            scheduled = (
                defaults.schedule(rate)
                if schedule == AUTO
                else SCHEDULES[schedule](rate, steps, int(defaults.n_iter_no_change))
            )
        optimizer = optimizer_for(name, scheduled, decay if name in DECAYING else None)
        return defaults.averaged(optimizer)


def hidden_layers(settings: Settings) -> list[Layer]:
    """The hidden layers given by `layers`, in order. Raises ConfigError."""
    hidden: list[Layer] = []
    for number, item in enumerate(_items(settings.layers), start=1):
        if isinstance(item, Layer):
            hidden.append(item)
        elif _is_size(item) and item >= 1:
            hidden += hidden_layer(
                int(item), settings.activation, settings.dropout, batch_norm=settings.batch_norm
            )
        else:
            hint = did_you_mean(item, _layer_names()) if isinstance(item, str) else ""
            raise ConfigError(
                f"{settings.owner}: layers: item {number} is {item!r}{hint}",
                remedy="give sizes, at least 1, such as (64, 64), or layers, such as chainrule.nn.Dense(64)",
            )
    return hidden


def network_for(settings: Settings, outputs: int) -> Layer:
    """The hidden layers, followed by the output layer Dense(outputs)."""
    return Sequential([*hidden_layers(settings), output_layer(outputs)])


def _items(layers: Any) -> tuple[Any, ...]:
    return (
        tuple(layers)
        if isinstance(layers, Sequence | np.ndarray) and not isinstance(layers, str)
        else (layers,)
    )


def _is_size(item: Any) -> bool:
    return isinstance(item, int | np.integer) and not isinstance(item, bool)


def _layer_names() -> list[str]:
    return [kind.__name__ for kind in Layer.__subclasses__()]


def _named(solver: str | Transform) -> str:
    return f"'{solver}'" if isinstance(solver, str) else type(solver).__name__
