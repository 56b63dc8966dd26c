"""Covariates: what a forecast is told of times to come, as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from chainrule.data import Preparation, fit_preparation
from chainrule.data.wording import listed
from chainrule.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_NOTHING = "\0nothing"  # the target that `fit_preparation` asks for and covariates have none of


@dataclass(frozen=True, eq=False)
class KnownAhead:
    """How columns become covariates: a table's are prepared by kind, an array's are standardized.

    preparation: of a table; None for an array, and for a table without such columns. mean, scale: (columns,)
    of an array; of length 0 otherwise. notes: sentences on columns that were left out.
    """

    preparation: Preparation | None
    mean: np.ndarray
    scale: np.ndarray
    notes: tuple[str, ...]

    @property
    def features(self) -> int:
        """Covariates of a row."""
        return len(self.mean) if self.preparation is None else len(self.preparation.feature_names)

    @classmethod
    def of_array(cls, rows: np.ndarray) -> Self:
        """Learn means and deviations of the columns of (rows, columns) numbers."""
        rows = rows.astype(np.float64)
        scale = rows.std(axis=0)
        return cls(None, rows.mean(axis=0), np.where(scale > 0, scale, 1.0), ())

    @classmethod
    def of_frame(cls, frame: "pd.DataFrame", others: Sequence[str | None], source: str) -> Self:
        """Learn from the columns of a table that are none of `others`."""
        names = [name for name in frame.columns if name not in others]
        constant = [name for name in names if frame[name].nunique(dropna=False) == 1]
        notes = (f"Constant, and left out: {listed(constant)}.",) if constant else ()
        varying = frame[[name for name in names if name not in constant]]
        if varying.shape[1] == 0:
            return cls(None, np.empty(0), np.empty(0), notes)
        # Scaled alone: what a covariate says of the values, the network finds out.
        preparation = fit_preparation(varying.assign(**{_NOTHING: 0.0}), _NOTHING, "regression", source)
        return cls(preparation, np.empty(0), np.empty(0), (*notes, *preparation.notes))

    def of_rows(self, rows: np.ndarray) -> np.ndarray:
        """(rows, covariates) float32 of an array."""
        return ((rows.astype(np.float64) - self.mean) / self.scale).astype(np.float32)

    def of_table(self, frame: "pd.DataFrame", source: str) -> np.ndarray:
        """(rows, covariates) float32 of a table; raises DataError as `Preparation.transform`."""
        if self.preparation is None:
            return np.zeros((len(frame), 0), np.float32)
        return self.preparation.transform(frame, source)

    def refuse_unknown(self) -> None:
        """DataError: there are covariates, and nobody gave them."""
        columns = [column.name for column in self.preparation.columns] if self.preparation else []
        what = listed(columns, 10) if columns else f"{self.features} columns"
        raise DataError(
            f"the forecast needs the covariates of the times to come: {what}",
            remedy="give them as X_future, with the columns of fit and a row for each time of each series",
        )
