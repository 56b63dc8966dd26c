"""The default network and recipe for tables, as functions of a table's columns and rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data import Feature
from chainrule.nn import (
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
from chainrule.tasks.build import SCHEDULES
from chainrule.training import Recipe, Supervised

MEMBERS = 16
PIECES = 32
"""The most pieces of the piecewise linear function of a number."""
HIDDEN_CODES = 0.02
FEW_ROWS = 500
"""With fewer rows, too few values are known to choose edges, so the function is linear."""
MANY_NUMBERS = 32
"""With more columns of numbers their vectors are shorter, so that the first layer does not become wider."""


@dataclass(frozen=True)
class Choices:
    """The settings of training that depend on the table, under their names in `TableSettings`."""

    dropout: float
    optimizer: str
    learning_rate: float
    schedule: str
    epochs: int
    batch_size: int
    patience: int


def table_choices(rows: int, task: str) -> Choices:
    """The default choices for a table; batches are larger for more rows.

    The rate is halved when the validation loss stalls, and training stops when it stalls twice as long, so
    that noisy tables take few epochs and smooth ones many. Tables of few rows, with few steps per epoch, get
    more patience.
    rows: to train on. task: 'classification' or 'regression'; the latter has no dropout, which made results
    worse on ames, diamonds and bike sharing.
    """
    batch_size = 32 if rows < 1000 else 64 if rows < 3000 else 256 if rows < 20_000 else 512
    patience = max(16, 100 // -(-rows // batch_size))
    dropout = 0.1 if task == "classification" else 0.0
    return Choices(dropout, "adamw", 0.003, "plateau", 300, batch_size, patience)


def table_network(
    features: Sequence[Feature],
    matrix: np.ndarray,
    outputs: int,
    *,
    rows: int,
    activation: str = "relu",
    dropout: float = 0.1,
) -> Layer:
    """An ensemble of residual networks that share their weights (TabM 'mini', Gorishniy et al. 2024).

    features: of the columns of the matrix (`Preparation.features`, encoded as codes). matrix: (rows, columns)
    of the training rows, or of a sample of them, whose quantiles become the edges of piecewise linear
    functions. outputs: of each member. rows: number of training rows; for less than 1,000 the network is
    narrower. activation: of the hidden layers. dropout: share of their outputs set to 0 in training.
    The network maps (batch, columns) to (batch, 16 members, outputs), for MeanOfMembers.
    """
    width = 64 if rows < 1000 else 128
    noise = [Dropout(dropout)] if dropout else []
    body = [Dense(width, activation), *noise, Residual([Dense(width, activation), *noise])]
    first = table_features(features, matrix, rows=rows)
    return Sequential([first, Members(MEMBERS), *body, EnsembleDense(outputs, weights="own")])


def table_features(features: Sequence[Feature], matrix: np.ndarray, *, rows: int) -> TableFeatures:
    """The first layer: categories are looked up, numbers become piecewise linear functions.

    The arguments are those of `table_network`.
    """
    codes = [feature.size if feature.kind == "code" else 0 for feature in features]
    edges: dict[int, tuple[float, ...]] = {}
    if rows >= FEW_ROWS:
        for column, feature in enumerate(features):
            found = line_edges(matrix[:, column]) if feature.kind == "number" else ()
            if len(found) > 2:  # of two values, every function is a straight line
                edges[column] = found
    hidden = HIDDEN_CODES if any(codes) else 0.0
    if not edges:
        return TableFeatures(codes, hidden=hidden)
    width = 8 if len(edges) <= MANY_NUMBERS else 4
    return TableFeatures(codes, "piecewise", tuple(edges), tuple(edges.values()), width, hidden=hidden)


def line_edges(values: np.ndarray) -> tuple[float, ...]:
    """The edges of a number's piecewise linear function: quantiles of the values, and of the distinct values.

    The latter resolve rare values, such as capital gains, which are 0 for most people.
    """
    shares = np.linspace(0.0, 1.0, PIECES // 2 + 1)
    of_rows, of_values = (
        np.quantile(each, shares, method="inverted_cdf") for each in (values, np.unique(values))
    )
    return tuple(np.unique([*of_rows, *of_values]).tolist())


def table_recipe(
    features: Sequence[Feature],
    matrix: np.ndarray,
    outputs: int,
    loss: Loss,
    *,
    task: str,
    rows: int,
    seed: int = 0,
) -> Recipe:
    """The recipe for a table: `table_network` with AdamW, a rate that falls on plateaus, and early stopping.

    loss: of one member's outputs. task: 'classification' or 'regression'. seed: as for Recipe. The other
    arguments are those of `table_network`. Early stopping needs validation rows.
    """
    choices = table_choices(rows, task)
    return Recipe(
        Supervised(
            table_network(features, matrix, outputs, rows=rows, dropout=choices.dropout), MeanOfMembers(loss)
        ),
        adamw(SCHEDULES[choices.schedule](choices.learning_rate, 0, choices.patience)),
        epochs=choices.epochs,
        batch_size=choices.batch_size,
        seed=seed,
        patience=choices.patience,
    )
