"""What the network estimators share: from X and y to a trained run, in scikit-learn's manner."""

import math
import warnings
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from chainrule.data import Arrays, split
from chainrule.errors import ConfigError, DataError, did_you_mean
from chainrule.estimators import inputs, storing
from chainrule.estimators.converged import Converged
from chainrule.estimators.defaults import default_network
from chainrule.estimators.settings import Settings, hidden_layers, network_for
from chainrule.estimators.targets import ClassTargets, NumberTargets
from chainrule.executors.native import compile_native
from chainrule.nn import Layer, Sequential
from chainrule.report.figures import learning_curve
from chainrule.train import (
    Programs,
    Recipe,
    Record,
    Run,
    RunState,
    check_inputs,
    held_by_model,
    initial_tree,
    starting_tree,
    train_recipe,
)

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_INCREMENTAL = ("epochs", "batch_size", "seed", "patience")
"""What may differ between recipes that share compiled programs."""


class NetEstimator(BaseEstimator):
    """A network that is fitted to X and y.

    Subclasses say what y is (`_checked_y`, `_fit_targets`) and what the outputs mean (`predict`).
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train on rows and their targets.

        X: (rows, columns) array, sparse matrix or DataFrame. y: (rows,) or (rows, targets). sample_weight:
        (rows,) how much each row counts, at least 0; None for all alike.
        Raises ValueError (ConfigError, DataError, ShapeError) before training, TrainingError if the loss
        becomes NaN; the estimator then stays as it was before the call.
        """
        return self._train(X, y, sample_weight, incremental=False)

    def save(self, folder: Path | str) -> Path:
        """Write the fitted estimator into a new folder, whole or not at all, without pickle.

        It is the folder of a run (`chainrule.load_run` reads it, too) with estimator.json and
        training.safetensors besides. Listeners and a random_state that is no number are not kept.
        Raises ConfigError if the folder exists, NotFittedError before fit.
        """
        check_is_fitted(self)
        return storing.save(self, Path(folder))

    @classmethod
    def load(cls, folder: Path | str, layers: tuple[type[Layer], ...] = ()) -> Self:
        """The estimator that `save` wrote.

        layers: classes of your own that occur in the network. Raises DataError if the folder is missing, is
        none of this class, or is damaged.
        """
        return storing.load(cls, Path(folder), layers)

    @property
    def history_(self) -> list[Record]:
        """A record for each epoch: see `chainrule.Run.history`."""
        return self.run_.history

    @property
    def loss_curve_(self) -> list[float]:
        """The training loss of each epoch, without penalties."""
        return [record["loss"] for record in self.history_]

    @property
    def loss_(self) -> float:
        """The training loss of the last epoch."""
        return self.loss_curve_[-1]

    def plot_learning_curves(self, metric: str = "loss") -> "Figure":
        """A plotly figure: a number over the epochs, in training and on the rows held out.

        metric: 'loss'; with early stopping also what was measured on the rows held out, such as 'accuracy' or
        'r2'. Raises ConfigError for another, NotFittedError before fit.
        """
        check_is_fitted(self)
        recorded = {name.removeprefix("validation_") for record in self.history_ for name in record} - {
            "epoch",
            "step",
            "seconds",
            "learning_rate",
            "watch",
        }
        if metric not in recorded:
            raise ConfigError(
                f"{type(self).__name__} has no record of metric {metric!r}{did_you_mean(metric, recorded)}",
                remedy=f"choose {' or '.join(sorted(recorded))}",
            )
        return learning_curve(self.history_, metric, self.run_.best_epoch or None)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _settings(self) -> Settings:
        parameters = self.get_params(deep=False)
        shared = {each.name for each in fields(Settings)}
        return Settings(
            owner=type(self).__name__, **{name: v for name, v in parameters.items() if name in shared}
        )

    def _checked_y(self, y: Any) -> np.ndarray:
        """y as an array, of classes or of numbers."""
        raise NotImplementedError

    def _fit_targets(self, y: np.ndarray, weight: np.ndarray | None, settings: Settings) -> Any:
        """What is learned of the targets."""
        raise NotImplementedError

    def _row_weights(self, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray | None:
        return weight

    def _train(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        *,
        incremental: bool,
        targets: ClassTargets | NumberTargets | None = None,
    ) -> Self:
        """fit, or one epoch more of it. targets: known already, such as all the classes."""
        settings = self._settings()
        fitted = "run_" in vars(self)
        going_on = fitted and (incremental or settings.warm_start)
        whole = settings.layers is not None and Sequential(hidden_layers(settings)).takes_whole_numbers()
        if y is None:
            raise DataError(
                f"This {settings.owner} estimator requires y to be passed, but the target y is None."
            )
        x, _ = self._checked_x(X, reset=not going_on)
        y = self._checked_y(y)
        check_consistent_length(x, y)
        weight = self._row_weights(y, inputs.checked_weight(sample_weight, len(y)))
        if weight is not None and not weight.all():
            kept = np.flatnonzero(weight)
            x, y, weight = x.iloc[kept] if inputs.is_frame(x) else x[kept], y[kept], weight[kept]
        if going_on:
            targets = self._targets
        elif targets is None:
            targets = self._fit_targets(y, weight, settings)
        encoded = targets.encode(y)
        learned = (
            self._inputs
            if going_on
            else inputs.fit_inputs(x, encoded, weight, standardize=settings.standardize, whole=whole)
        )
        matrix = learned.transform(x, settings.dtype)
        y_dtype = np.int32 if encoded.dtype.kind in "iu" else settings.dtype
        w = None if weight is None else weight.astype(settings.dtype)
        arrays = Arrays(matrix, encoded.astype(y_dtype, copy=False), w)
        mean_weight = 1.0 if weight is None else float(weight.mean())
        run, state, programs, epochs = self._run(
            settings, arrays, targets, learned, mean_weight, incremental, going_on
        )
        self.run_, self._state, self._programs = run, state, programs
        self._inputs, self._targets = learned, targets
        self.n_iter_, self.n_outputs_ = epochs, targets.outputs
        if run.stopped == "interrupted":
            warnings.warn("training was interrupted; what was learned so far is kept", stacklevel=3)
        return self

    def _run(
        self,
        settings: Settings,
        arrays: Arrays,
        targets: ClassTargets | NumberTargets,
        learned: inputs.Inputs,
        mean_weight: float,
        incremental: bool,
        going_on: bool,
    ) -> tuple[Run, RunState, Programs, int]:
        """(the run, its state at the end, its programs, the epochs of this call)."""
        rows = len(arrays)
        if settings.layers is None:
            features = getattr(getattr(learned, "preparation", None), "features", None)
            network = default_network(features, arrays.x, targets.outputs, rows)
        else:
            network = network_for(settings, targets.outputs)
        seed = self.run_.recipe.seed if incremental and going_on else _seed(settings.random_state)
        recipe = settings.recipe(network, targets.loss, rows, mean_weight, seed)
        held_out = None
        listeners = list(settings.listeners or ())
        if incremental:
            recipe = replace(recipe, patience=None)
        elif settings.early(rows):
            arrays, held_out = split(
                arrays, settings.validation_fraction, seed, stratify=arrays.y is not None
            )
        elif settings.n_iter_no_change != math.inf:
            listeners.append(Converged(settings.tol, int(settings.n_iter_no_change)))
        before = self._state.epoch if going_on else 0
        recipe = replace(recipe, epochs=before + (1 if incremental else recipe.epochs))
        programs = self._fitting_programs(recipe) if going_on else Programs(recipe, compile_native)
        if going_on:
            state = self._continued(recipe, arrays, programs, keep_optimizer=incremental)
        else:
            state = RunState(starting_tree(recipe, arrays, programs))
        run = train_recipe(
            recipe,
            arrays,
            held_out,
            watch=False,
            listeners=listeners,
            progress=bool(settings.verbose),
            state=state,
            programs=programs,
        )
        return run, state, programs, state.epoch - before

    def _fitting_programs(self, recipe: Recipe) -> Programs:
        """Those of the call before where they are the same."""
        old = self.run_.recipe
        same = replace(recipe, **{name: getattr(old, name) for name in _INCREMENTAL}) == old
        return self._programs if same else Programs(recipe, compile_native)

    def _continued(
        self, recipe: Recipe, arrays: Arrays, programs: Programs, *, keep_optimizer: bool
    ) -> RunState:
        """The state to train on from: copies, so that a call that fails leaves the estimator as it was."""
        old = self._state
        program = programs.step(arrays, min(recipe.batch_size, len(arrays)), watch=False).program
        held = held_by_model(program)
        everything = [*program.parameters, *program.state]
        whole = keep_optimizer and recipe.optimizer == self.run_.recipe.optimizer
        known = old.tree | old.best
        kept = {v.name: np.array(known[v.name]) for v in (everything if whole else held) if v.name in known}
        strange = [v.name for v in held if v.name not in kept or kept[v.name].shape != v.shape]
        if strange:
            raise ConfigError(
                f"{type(self).__name__}: the network has another {strange[0]} than in the call before",
                remedy="go on with the same layers, or fit with warm_start=False",
            )
        if not whole:
            step = programs.step(arrays, min(recipe.batch_size, len(arrays)), watch=False)
            kept = initial_tree(recipe, step) | kept
        return RunState(kept, old.epoch, old.step, old.seconds, list(old.history))

    def _checked_x(self, X: Any, *, reset: bool) -> tuple[Any, str]:
        """X as a DataFrame of mixed columns or a dense array, and the dtype that predictions have."""
        mixed = inputs.needs_preparation(X) if reset else isinstance(self._inputs, inputs.Columns)
        if mixed:
            if not inputs.is_frame(X):
                X = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite=False)
                return inputs.as_frame(X, self.feature_names_in_), "float64"
            validate_data(self, X, reset=reset, skip_check_array=True)
            if len(X) == 0:
                raise DataError("X has no rows", remedy="give at least one")
            return X, "float64"
        x = validate_data(
            self,
            X,
            reset=reset,
            dtype=(np.float64, np.float32),
            accept_sparse="csr",
            ensure_all_finite=False,
            order="C",
        )
        if issparse(x):
            x = x.toarray()
        inputs.refuse_not_finite(
            x, "X", remedy="fill it in, or give a DataFrame, of which missing values are filled in"
        )
        return x, x.dtype.name

    def _outputs(self, X: Any, *, raw: bool) -> tuple[np.ndarray, str]:
        """What the network gives for rows, raw or as the loss predicts by it, and the dtype of predictions."""
        check_is_fitted(self)
        x, dtype = self._checked_x(X, reset=False)
        arrays = Arrays(self._inputs.transform(x, self.run_.recipe.dtype))
        check_inputs(self.run_.recipe, arrays.x)
        return self._programs.predict(self.run_.parameters, arrays, raw=raw, fill=True)[0], dtype


def _seed(random_state: Any) -> int:
    return int(check_random_state(random_state).randint(2**31 - 1))
