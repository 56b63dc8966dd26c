"""What an estimator does where it is not told: the network of `layers=None`, and how it is trained."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.data import Feature
from chainrule.nn import Layer, ReduceOnPlateau, Schedule
from chainrule.tasks.table_network import table_choices, table_network

_LEAST_ROWS_TO_HOLD_OUT = 100


@dataclass(frozen=True)
class Defaults:
    """What 'auto' stands for. falls: whether the rate is halved where training stalls."""

    solver: str
    learning_rate: float
    falls: bool
    weight_decay: float
    batch_size: int
    max_iter: int
    n_iter_no_change: int
    early_stopping: bool

    @staticmethod
    def of(layers: Any, rows: int) -> "Defaults":
        """For layers of one's own those of MLPClassifier; for the default network what suits its rows."""
        if layers is not None:
            return Defaults("adam", 0.001, False, 0.0, 200, 200, 10, early_stopping=False)
        chosen = table_choices(rows, "classification")  # of regression only the dropout is another
        return Defaults(
            chosen.optimizer,
            chosen.learning_rate,
            chosen.schedule == "plateau",
            0.01,
            chosen.batch_size,
            chosen.epochs,
            chosen.patience,
            early_stopping=rows >= _LEAST_ROWS_TO_HOLD_OUT,
        )

    def schedule(self, rate: float) -> float | Schedule:
        """The rate as it moves by default."""
        return ReduceOnPlateau(rate, factor=0.5, patience=self.n_iter_no_change // 2) if self.falls else rate


def default_network(features: tuple[Feature, ...], matrix: np.ndarray, outputs: int, task: str) -> Layer:
    """The ensemble that `chainrule train` makes of a table; its outputs have an axis of members.

    features: of the columns of the matrix, (rows, columns) to train on. outputs: numbers each member gives.
    task: 'classification' or 'regression'.
    """
    rows = len(matrix)
    dropout = table_choices(rows, task).dropout
    return table_network(features, matrix, outputs, rows=rows, dropout=dropout)
