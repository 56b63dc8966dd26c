"""The network and the recipe for tables where nobody named others: pure functions of what a table holds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data import Feature
from chainrule.nn import (
    CosineDecay,
    Dense,
    Dropout,
    EnsembleDense,
    Layer,
    Loss,
    MeanOfMembers,
    Members,
    Residual,
    Sequential,
    TableFeatures,
    adamw,
)
from chainrule.train import Recipe

MEMBERS = 16
WIDTH = 128
PIECES = 32
HIDDEN_CODES = 0.02
FEW_ROWS = 500
"""Fewer rows say too little of where a number's line should break: it stays straight."""


@dataclass(frozen=True)
class Choices:
    """How a network is trained, in the names of the settings of a table run."""

    dropout: float
    optimizer: str
    learning_rate: float
    schedule: str
    epochs: int
    batch_size: int
    patience: int


def table_choices(rows: int) -> Choices:
    """How a table is trained by default: the more rows, the larger batches, the fewer epochs.

    rows: to train on.
    """
    batch = 32 if rows < 1000 else 128 if rows < 5000 else 256 if rows < 20_000 else 512
    steps = -(-rows // batch)
    epochs = min(60, max(12, 4000 // steps))
    return Choices(0.1, "adamw", 0.003, "cosine", epochs, batch, 12)


def table_network(
    features: Sequence[Feature],
    matrix: np.ndarray,
    outputs: int,
    *,
    activation: str = "relu",
    dropout: float = 0.1,
) -> Layer:
    """An ensemble of residual networks that share their weights (TabM 'mini', Gorishniy et al. 2024).

    features: of the matrix's columns (`Preparation.features`, encoded as codes). matrix: (rows, columns) of
    the training rows, which tell where the lines of numbers break: at their quantiles. outputs: numbers each
    member gives.
    The network takes (batch, columns) and gives (batch, members, outputs), for MeanOfMembers.
    """
    noise = [Dropout(dropout)] if dropout else []
    body = [Dense(WIDTH, activation), *noise, Residual([Dense(WIDTH, activation), *noise])]
    first = table_features(features, matrix)
    return Sequential([first, Members(MEMBERS), *body, EnsembleDense(outputs, weights="own")])


def table_features(features: Sequence[Feature], matrix: np.ndarray) -> TableFeatures:
    """How the columns go into a network: categories looked up, numbers as lines that break at quantiles."""
    codes = [feature.size if feature.kind == "code" else 0 for feature in features]
    edges: dict[int, tuple[float, ...]] = {}
    if len(matrix) >= FEW_ROWS:
        shares = np.linspace(0.0, 1.0, PIECES + 1)
        for column, feature in enumerate(features):
            if feature.kind == "number":
                found = np.unique(np.quantile(matrix[:, column], shares, method="inverted_cdf"))
                if len(found) > 2:  # of two values, every function is a straight line
                    edges[column] = tuple(found.tolist())
    hidden = HIDDEN_CODES if any(codes) else 0.0
    if not edges:
        return TableFeatures(codes, hidden=hidden)
    width = 8 if len(edges) <= 32 else 4
    return TableFeatures(codes, "piecewise", tuple(edges), tuple(edges.values()), width, hidden=hidden)


def table_recipe(
    features: Sequence[Feature], matrix: np.ndarray, outputs: int, loss: Loss, *, seed: int = 0
) -> Recipe:
    """The recipe for a table: `table_network` with AdamW, a rate that falls as a cosine, and early stopping.

    loss: of one member's outputs. The other arguments are those of `table_network`. Rows of validation must
    be given to the training for it to stop early.
    """
    choices = table_choices(len(matrix))
    steps = -(-len(matrix) // choices.batch_size)
    return Recipe(
        table_network(features, matrix, outputs, dropout=choices.dropout),
        MeanOfMembers(loss),
        adamw(CosineDecay(choices.learning_rate, choices.epochs * steps)),
        epochs=choices.epochs,
        batch_size=choices.batch_size,
        seed=seed,
        patience=choices.patience,
    )
