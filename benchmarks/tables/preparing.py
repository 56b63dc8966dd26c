"""The usual preparation for scikit-learn's estimators: of text, dates and missing values."""

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

RAREST = 10  # categories with fewer rows than this share a column
MOST_CATEGORIES = 250  # HistGradientBoosting takes 255


def kinds(frame: pd.DataFrame) -> tuple[list[str], list[str], list[str]]:
    """The names of the columns with numbers, with dates, and with categories."""
    dates = [name for name in frame if pd.api.types.is_datetime64_any_dtype(frame[name])]
    numbers = [name for name in frame if pd.api.types.is_numeric_dtype(frame[name])]
    return numbers, dates, [name for name in frame if name not in {*dates, *numbers}]


def date_parts(frame: pd.DataFrame) -> np.ndarray:
    """(rows, 6 for each column): year, month, day, weekday, hour, and days since 1970."""
    parts = []
    for name in frame:
        moment = frame[name].dt
        parts += [moment.year, moment.month, moment.day, moment.day_of_week, moment.hour]
        parts.append(frame[name].astype("int64") // (86_400 * _ticks(frame[name])))
    return np.stack([np.asarray(part, np.float64) for part in parts], axis=1)


def dense_preparation(frame: pd.DataFrame) -> ColumnTransformer:
    """Numbers imputed and scaled, categories as a column each: what a network needs."""
    numbers, dates, categories = kinds(frame)
    scaled = (SimpleImputer(), StandardScaler())
    one_hot = OneHotEncoder(
        min_frequency=RAREST, handle_unknown="infrequent_if_exist", sparse_output=False, dtype=np.float32
    )
    steps = [
        ("numbers", make_pipeline(*scaled), numbers),
        ("dates", make_pipeline(FunctionTransformer(date_parts), *scaled), dates),
        ("categories", one_hot, categories),
    ]
    return ColumnTransformer([step for step in steps if step[2]])


def tree_preparation(frame: pd.DataFrame) -> tuple[ColumnTransformer, list[int]]:
    """Numbers and missing values as they are, categories as codes, as trees need it; and where codes are."""
    numbers, dates, categories = kinds(frame)
    codes = OrdinalEncoder(
        max_categories=MOST_CATEGORIES,
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
    )
    steps = [
        ("categories", codes, categories),
        ("numbers", "passthrough", numbers),
        ("dates", FunctionTransformer(date_parts), dates),
    ]
    return ColumnTransformer([step for step in steps if step[2]]), list(range(len(categories)))


def _ticks(moments: pd.Series) -> int:
    """Units of a column of dates in a second."""
    return {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[moments.dt.unit]
