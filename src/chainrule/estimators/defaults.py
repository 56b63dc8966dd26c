"""The defaults of the estimators: the network of `layers=None`, and how it is trained."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.data import Feature
from chainrule.nn import ExponentialMovingAverage, Layer, Schedule, Transform, chain
from chainrule.tasks.build import SCHEDULES
from chainrule.tasks.table.network import table_choices, table_network

_LEAST_ROWS_TO_HOLD_OUT = 100
_FEW_ROWS = range(30, 1000)
"""With so many rows cross-validation chooses the number of epochs, unless the user says how to train."""


@dataclass(frozen=True)
class Defaults:
    """The values of settings that are 'auto'.

    falls: whether the rate is halved when the validation loss stalls. average: decay of the moving average of
    the weights, 0 for no average. early_stopping: whether a part of the rows is held out. folds: whether
    cross-validation chooses the number of epochs instead.
    """

    solver: str
    learning_rate: float
    falls: bool
    weight_decay: float
    batch_size: int
    max_iter: int
    n_iter_no_change: int
    early_stopping: bool
    average: float = 0.0
    folds: bool = False

    @staticmethod
    def of(layers: Any, rows: int) -> "Defaults":
        """For your own layers those of MLPClassifier; for the default network, by the number of rows."""
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
            folds=rows in _FEW_ROWS,
        )

    def by_folds(self) -> "Defaults":
        """The settings for cross-validation, where no held-out loss can lower the rate of the final training.

        Instead, a moving average of the weights over about 30 steps reduces the noise of single steps, so
        overfitting is soon visible. Rates from 0.003 to 0.008 and averages of 20 to 100 steps were equally
        good on 27 tables of 76 to 981 rows; 2 folds, or 8 members, were worse.
        """
        return replace(self, learning_rate=0.008, falls=False, n_iter_no_change=6, average=0.97)

    def schedule(self, rate: float) -> float | Schedule:
        """The default schedule for this rate."""
        return SCHEDULES["plateau"](rate, 0, self.n_iter_no_change) if self.falls else rate

    def averaged(self, optimizer: Transform) -> Transform:
        """The optimizer, with the moving average of the weights if there is one."""
        return chain(optimizer, ExponentialMovingAverage(self.average)) if self.average else optimizer


def default_network(features: tuple[Feature, ...], matrix: np.ndarray, outputs: int, task: str) -> Layer:
    """The ensemble that `chainrule train` uses for tables; its outputs have an axis of members.

    features: of the columns of the matrix. matrix: (rows, columns) to train on. outputs: of each member.
    task: 'classification' or 'regression'.
    """
    rows = len(matrix)
    dropout = table_choices(rows, task).dropout
    return table_network(features, matrix, outputs, rows=rows, dropout=dropout)
