"""The tables, and how they are split: the same rows for everyone."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from chainrule.data import NAMED_TABLES, load_named

TEST_SHARE = 0.25
TABLES = ("churn", "adult", "wine", "breast_cancer", "ames", "diamonds", "hotel", "flights", "bike")
EQUAL_LAYERS = (100,)
EQUAL_EPOCHS = 20
EQUAL_BATCH = 200
RATE = 0.001
"""How estimators with equal layers are trained."""
_SAMPLE_SEED = 0  # of the rows that are taken of a large table, whatever the seed of the split


@dataclass(frozen=True, eq=False)
class Problem:
    """A table to learn. task: 'classification' or 'regression'. x: (rows, columns). y: (rows,)."""

    name: str
    meaning: str
    task: str
    x: pd.DataFrame
    y: np.ndarray

    def split(self, seed: int) -> "Split":
        """Rows to train on and to test with, drawn with this seed; each class keeps its share."""
        labels = self.y if self.task == "classification" else None
        train, test = train_test_split(
            np.arange(len(self.x)), test_size=TEST_SHARE, random_state=seed, stratify=labels
        )
        return Split(self.x.iloc[train], self.y[train], self.x.iloc[test], self.y[test])


@dataclass(frozen=True, eq=False)
class Split:
    """One split of a problem."""

    x_train: pd.DataFrame
    y_train: np.ndarray
    x_test: pd.DataFrame
    y_test: np.ndarray


def load_problem(name: str, rows: int, say: Callable[[str], None]) -> Problem:
    """A named table, of a large one so many rows drawn at random.

    Rows without a target are left out. A forecast is taken for a regression here, its rows drawn like any.
    """
    table, entry = load_named(name, say=say), NAMED_TABLES[name]
    frame = table.frame.dropna(subset=[table.target])
    if len(frame) > rows:
        frame = frame.sample(rows, random_state=_SAMPLE_SEED)
    frame = frame.reset_index(drop=True)
    task = "classification" if entry.task == "classification" else "regression"
    target = frame.pop(table.target)
    y = target.to_numpy(dtype=object if task == "classification" else np.float64)
    return Problem(name, entry.meaning, task, frame, y)
