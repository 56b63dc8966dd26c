"""Covariates: columns whose values are known for future times, as numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from chainrule.data import Preparation, fit_preparation
from chainrule.data.windows import spread_of
from chainrule.data.wording import listed, place
from chainrule.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

_NOTHING = "\0nothing"  # the target that `fit_preparation` asks for and covariates have none of


@dataclass(frozen=True, eq=False)
class KnownAhead:
    """How columns become covariates: those of a table are prepared by type, those of an array standardized.

    preparation: of a table; None for an array, and for a table without such columns. mean, scale: (columns,)
    of an array; else of length 0. notes: sentences on columns that were left out. complete: columns of a
    table without missing values in training.
    """

    preparation: Preparation | None
    mean: np.ndarray
    scale: np.ndarray
    notes: tuple[str, ...]
    complete: tuple[str, ...] = ()

    @property
    def features(self) -> int:
        """The number of covariates of a row."""
        return len(self.mean) if self.preparation is None else len(self.preparation.feature_names)

    @classmethod
    def of_array(cls, rows: np.ndarray) -> Self:
        """Learn the means and deviations of the columns of an array, (rows, columns)."""
        rows = rows.astype(np.float64)
        scale = np.array([spread_of(column) for column in rows.T])
        return cls(None, rows.mean(axis=0), scale, ())

    @classmethod
    def of_frame(cls, frame: "pd.DataFrame", others: Sequence[str | None], source: str) -> Self:
        """Learn the preparation of all columns of a table except `others`."""
        names = [name for name in frame.columns if name not in others]
        constant = [name for name in names if frame[name].nunique(dropna=False) == 1]
        notes = (f"Constant, and left out: {listed(constant)}.",) if constant else ()
        varying = frame[[name for name in names if name not in constant]]
        if varying.shape[1] == 0:
            return cls(None, np.empty(0), np.empty(0), notes)
        # Scaled alone: what a covariate says of the values, the network finds out.
        preparation = fit_preparation(varying.assign(**{_NOTHING: 0.0}), _NOTHING, "regression", source)
        told = [column.name for column in preparation.columns]
        complete = tuple(name for name in told if not frame[name].isna().any())
        return cls(preparation, np.empty(0), np.empty(0), (*notes, *preparation.notes), complete)

    def of_rows(self, rows: np.ndarray) -> np.ndarray:
        """The covariates of an array: (rows, covariates) float32."""
        return ((rows.astype(np.float64) - self.mean) / self.scale).astype(np.float32)

    def of_table(self, frame: "pd.DataFrame", source: str) -> np.ndarray:
        """The covariates of a table: (rows, covariates) float32. Raises as `Preparation.transform` does."""
        if self.preparation is None:
            return np.zeros((len(frame), 0), np.float32)
        return self.preparation.transform(frame, source)

    def refuse_gaps(self, frame: "pd.DataFrame", where: Callable[[int], str], source: str) -> None:
        """Raises DataError for the first missing value in a column that had none in training.

        where: index of a row -> its description in words.
        """
        for name in self.complete:
            missing = frame[name].isna().to_numpy()
            if missing.any():
                row = int(np.argmax(missing))
                raise DataError(
                    f"{source}, column {name!r}, {place(frame, row)}: the value for {where(row)} is missing; "
                    "in fit it was given for all times",
                    remedy="fill it in",
                )

    def refuse_unknown(self) -> None:
        """Raises DataError if there are covariates, for a caller that has no values of them."""
        columns = [column.name for column in self.preparation.columns] if self.preparation else []
        what = listed(columns, 10) if columns else f"{self.features} columns"
        raise DataError(
            f"the forecast needs the covariates of the times to forecast: {what}",
            remedy="give them as X_future, with the columns of fit and a row for each time of each series",
        )
