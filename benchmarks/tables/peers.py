"""The rows of the tables: our estimators and their peers, at defaults and at equal layers.

Each is imported when it is built, so that a library that is not installed is missed by its own row alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import pandas as pd

from benchmarks.tables.problems import EQUAL_BATCH, EQUAL_EPOCHS, EQUAL_LAYERS, RATE

OURS = "chainrule"
PEER = "mlp"
TREES = "trees"

Builder = Callable[[str, pd.DataFrame, int], Any]


@dataclass(frozen=True)
class Peer:
    """An estimator in scikit-learn's manner.

    usual: builds it at its defaults, for (task, rows to train on, seed); it takes DataFrames.
    equal: builds it with `EQUAL_LAYERS`, trained for `EQUAL_EPOCHS` epochs with Adam and batches of
    `EQUAL_BATCH` at most, for (task, number of rows, seed); it takes prepared float32 arrays. None where
    there is no such thing. modules: what it needs.
    """

    meaning: str
    modules: tuple[str, ...]
    usual: Builder
    equal: Callable[[str, int, int], Any] | None = None

    @property
    def installed(self) -> bool:
        """Whether the libraries are there."""
        return all(find_spec(name) is not None for name in self.modules)


def _ours(task: str, frame: pd.DataFrame, seed: int) -> Any:
    from chainrule import estimators

    kind = estimators.NetClassifier if task == "classification" else estimators.NetRegressor
    return kind(random_state=seed)


def _ours_equal(task: str, rows: int, seed: int) -> Any:
    from chainrule import estimators

    kind = estimators.NetClassifier if task == "classification" else estimators.NetRegressor
    return kind(
        layers=EQUAL_LAYERS,
        max_iter=EQUAL_EPOCHS,
        batch_size=min(EQUAL_BATCH, rows),
        learning_rate_init=RATE,
        early_stopping=False,
        tol=0.0,
        n_iter_no_change=EQUAL_EPOCHS + 1,
        standardize=False,
        random_state=seed,
    )


def _mlp(task: str, frame: pd.DataFrame, seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPClassifier if task == "classification" else MLPRegressor
    return _prepared(kind(random_state=seed), task, frame)


def _mlp_equal(task: str, rows: int, seed: int) -> Any:
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    kind = MLPClassifier if task == "classification" else MLPRegressor
    return kind(
        hidden_layer_sizes=EQUAL_LAYERS,
        max_iter=EQUAL_EPOCHS,
        batch_size=min(EQUAL_BATCH, rows),
        learning_rate_init=RATE,
        tol=0.0,
        n_iter_no_change=EQUAL_EPOCHS + 1,
        random_state=seed,
    )


def _trees(task: str, frame: pd.DataFrame, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline

    from benchmarks.tables.preparing import tree_preparation

    kind = HistGradientBoostingClassifier if task == "classification" else HistGradientBoostingRegressor
    preparation, codes = tree_preparation(frame)
    return make_pipeline(preparation, kind(categorical_features=codes or None, random_state=seed))


def _skorch(task: str, frame: pd.DataFrame, seed: int) -> Any:
    from benchmarks.tables.pytorch import estimator

    return _prepared(estimator(task, seed, epochs=200, patience=10), task, frame)


def _skorch_equal(task: str, rows: int, seed: int) -> Any:
    from benchmarks.tables.pytorch import estimator

    return estimator(task, seed, epochs=EQUAL_EPOCHS)


def _prepared(estimator: Any, task: str, frame: pd.DataFrame) -> Any:
    """Behind the usual preparation; values to predict are scaled, or these networks would learn little."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from benchmarks.tables.preparing import dense_preparation

    if task == "regression":
        estimator = TransformedTargetRegressor(estimator, transformer=StandardScaler())
    return make_pipeline(dense_preparation(frame), estimator)


PEERS = {
    OURS: Peer("NetClassifier() and NetRegressor(), the table as it is", ("chainrule",), _ours, _ours_equal),
    PEER: Peer(
        "MLPClassifier() and MLPRegressor() behind the usual preparation", ("sklearn",), _mlp, _mlp_equal
    ),
    TREES: Peer("HistGradientBoosting, categories as such", ("sklearn",), _trees),
    "skorch": Peer(
        "PyTorch in skorch: the layers, optimizer and batches of mlp, and when it stops",
        ("skorch", "torch"),
        _skorch,
        _skorch_equal,
    ),
}
"""The rows, ours first."""
