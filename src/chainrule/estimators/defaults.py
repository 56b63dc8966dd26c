"""What an estimator does where it is not told: the network of `layers=None`, and how it is trained."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.nn import Dense, Dropout, Layer, LayerNorm, Residual, Sequential, glorot_uniform

_LEAST_ROWS_TO_HOLD_OUT = 100
_ROWS_FOR_TWO_BLOCKS = 1000


@dataclass(frozen=True)
class Defaults:
    """What 'auto' stands for."""

    solver: str
    learning_rate: float
    weight_decay: float
    batch_size: int
    early_stopping: bool

    @staticmethod
    def of(layers: Any, rows: int) -> "Defaults":
        """For layers of one's own those of MLPClassifier; for the default network what suits its rows."""
        if layers is not None:
            return Defaults("adam", 0.001, 0.0, 200, early_stopping=False)
        batch = int(np.clip(2 ** round(np.log2(max(rows, 1) / 40)), 32, 256))
        return Defaults("adamw", 0.002, 0.01, batch, early_stopping=rows >= _LEAST_ROWS_TO_HOLD_OUT)


def default_network(outputs: int, rows: int) -> Layer:
    """A residual network of dense layers, wider and deeper where there are more rows to train on.

    outputs: units of the last layer.
    """
    width = int(np.clip(2 ** round(np.log2(max(rows, 1)) / 2 + 1), 32, 192))
    dropout = 0.1

    def block() -> Layer:
        return Residual([LayerNorm(), Dense(2 * width, "relu"), Dropout(dropout), Dense(width)])

    head = Dense(outputs, kernel=glorot_uniform())
    blocks = [block() for _ in range(1 if rows < _ROWS_FOR_TWO_BLOCKS else 2)]
    return Sequential([Dense(width, kernel=glorot_uniform()), *blocks, LayerNorm(), head])
