"""Data that the tests of estimators share."""

from typing import Any

import numpy as np
import pandas as pd


def blobs(
    rows: int = 120, classes: int = 3, features: int = 4, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Clusters, one a class, far enough apart to be learned and not so far that weights grow for ever."""
    random = np.random.default_rng(seed)
    y = np.arange(rows) % classes
    centres = 1.5 * random.normal(size=(classes, features))
    return centres[y] + random.normal(size=(rows, features)), y


def slope(rows: int = 150, features: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Numbers that hang on the columns by a plane, with noise."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, features))
    return x, 5.0 + x @ np.array([2.0, -1.0, 0.5][:features]) + 0.3 * random.normal(size=rows)


def mixed(rows: int = 160, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Columns of text, booleans, dates and numbers, some missing; y is whether the town is 'north'."""
    random = np.random.default_rng(seed)
    town = random.choice(["north", "south", "east"], rows)
    frame: Any = pd.DataFrame(
        {
            "town": town,
            "age": np.where(random.random(rows) < 0.1, np.nan, random.integers(20, 80, rows)),
            "member": random.random(rows) < 0.5,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(random.integers(0, 900, rows), unit="D"),
        }
    )
    return frame, np.where(town == "north", "yes", "no")
