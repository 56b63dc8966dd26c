"""Numbers as people have them, in arrays, lists and frames of several libraries, as NumPy arrays."""

import sys
from collections.abc import Sequence
from decimal import Decimal
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.wording import listed, shortened
from chainrule.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

_NUMBERS = (Real, Decimal, np.bool_)
_FILL = "fill it in or leave the row out"
_PREPARE = (
    "turn it into numbers, classes into 0, 1, …, or give the table as a DataFrame and prepare it with "
    "chainrule.data.fit_preparation"
)


def as_pandas(given: Any) -> Any:
    """A frame or series of polars or pyarrow as pandas has it; anything else as it is."""
    polars, pyarrow = sys.modules.get("polars"), sys.modules.get("pyarrow")
    if polars is not None and isinstance(given, polars.DataFrame | polars.Series):
        return given.to_pandas()
    if pyarrow is not None and isinstance(given, pyarrow.Table | pyarrow.ChunkedArray | pyarrow.Array):
        return given.to_pandas()
    return given


def is_frame(given: Any) -> bool:
    """Whether this is a pandas DataFrame."""
    pandas = sys.modules.get("pandas")  # where it was never imported, nothing can be a DataFrame
    return pandas is not None and isinstance(given, pandas.DataFrame)


def column_names(given: Any) -> tuple[str, ...] | None:
    """The names of a frame's columns as texts; None for what has none, or has but the numbers 0, 1, …"""
    if not is_frame(given) or list(given.columns) == list(range(given.shape[1])):
        return None
    return tuple(str(name) for name in given.columns)


def picked(given: Any, name: str, columns: Sequence[str] | None) -> Any:
    """A frame with these columns in this order, others left out; what has no names, as it is.

    name: what errors call it. columns: as `column_names` gave them in training; None takes all.
    Raises DataError that names the columns it lacks, and one that occurs twice.
    """
    found = column_names(given)
    if columns is None or found is None or found == tuple(columns):
        return given
    lacking = [column for column in columns if column not in found]
    if lacking:
        spare = [column for column in found if column not in columns]
        hints = ", ".join(f"{column!r}{did_you_mean(column, spare)}" for column in lacking[:10])
        more = f" and {len(lacking) - 10} more" if len(lacking) > 10 else ""
        noun = "column" if len(lacking) == 1 else "columns"
        raise DataError(
            f"{name} lacks the {noun} {hints}{more}, which the training data had",
            remedy="give the columns of training, in any order, or an array without names in their order",
        )
    twice = [column for column in columns if found.count(column) != 1]
    if twice:
        raise DataError(f"{name} has the column {twice[0]!r} twice", remedy="give each column its own name")
    return given.iloc[:, [found.index(column) for column in columns]]


def numeric(name: str, given: Any) -> np.ndarray:
    """Anything numeric as an array of a boolean, whole-number or floating dtype, of at least one axis.

    Raises DataError for what is missing, no number or not rectangular, naming row and column. NaN and
    infinity in arrays of floats pass.
    """
    given = as_pandas(given)
    pandas = sys.modules.get("pandas")
    if is_frame(given):
        return _of_frame(name, given)
    if pandas is not None and isinstance(given, pandas.Index | pandas.api.extensions.ExtensionArray):
        given = pandas.Series(given)
    if pandas is not None and isinstance(given, pandas.Series):
        values = _plain_values(given)
        _refuse_strange(name, values, given.index)
        refuse_missing(name, given)
        return _of_objects(name, values) if values.dtype == object else values
    array = _as_array(name, given)
    if array.dtype == object:
        _refuse_strange(name, array, None)
        refuse_missing(name, array)
        return _of_objects(name, array)
    if array.dtype.kind in "biuf":
        return array
    refuse_missing(name, array)
    first = shortened(array.reshape(-1)[0]) if array.size else "nothing"
    raise DataError(
        f"{name} has dtype {array.dtype} (its first value is {first}); numbers were expected", remedy=_PREPARE
    )


def refuse_missing(name: str, given: Any) -> None:
    """Raises DataError '{name} is missing in row n', the first of them, where a value is None, NaN or NaT.

    given: an array, a list or a frame of any dtype. Rows are counted from 0; labels of an index that says
    more are added.
    """
    given = as_pandas(given)
    missing, index, columns = _missing(given)
    if not missing.any():
        return
    where = tuple(int(place) for place in np.argwhere(missing)[0])
    count = int(missing.sum()) - 1
    more = f", and in {count:,} more" if count else ""
    raise DataError(f"{name} is missing in {_place(where, index, columns)}{more}", remedy=_FILL)


def position(where: Sequence[int]) -> str:
    """'row 3', 'row 3, column 1', or 'index (3, 1, 0)'."""
    if len(where) > 2:
        return f"index {tuple(where)}"
    return ", column ".join(["row " + str(where[0]), *map(str, where[1:])])


def _place(where: Sequence[int], index: Any, columns: Any) -> str:
    if index is None:
        return position(where)
    label = "" if index[where[0]] == where[0] else f" (index {index[where[0]]!r})"
    column = f", column {columns[where[1]]!r}" if len(where) > 1 else ""
    return f"row {where[0]}{label}{column}"


def _missing(given: Any) -> tuple[np.ndarray, Any, Any]:
    """Where values are missing, and what the rows and columns are called, if they have names."""
    pandas = sys.modules.get("pandas")
    if pandas is not None:
        if isinstance(given, pandas.DataFrame):
            return given.isna().to_numpy(), given.index, given.columns
        if isinstance(given, pandas.Series):
            return given.isna().to_numpy(), given.index, None
        if isinstance(given, pandas.Index | pandas.api.extensions.ExtensionArray):
            return np.asarray(pandas.isna(given)), None, None
    if isinstance(given, np.ma.MaskedArray):
        return np.ma.getmaskarray(given), None, None
    array = given if isinstance(given, np.ndarray) else _listed(given)
    if array.ndim == 0:
        return np.zeros(0, bool), None, None
    if array.dtype.kind == "f":
        return np.isnan(array), None, None
    if array.dtype.kind in "mM":
        return np.isnat(array), None, None
    if array.dtype == object:
        flat = [_is_missing(value) for value in array.reshape(-1).tolist()]
        return np.array(flat, bool).reshape(array.shape), None, None
    return np.zeros(0, bool), None, None


def _is_missing(value: Any) -> bool:
    if value is None or isinstance(value, float | np.floating | Decimal):
        return value is None or value != value
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    pandas = sys.modules.get("pandas")
    return pandas is not None and (value is pandas.NA or value is pandas.NaT)


def _listed(given: Any) -> np.ndarray:
    """A list with its values as they are; where text is in it, NumPy would make texts of the numbers too."""
    try:
        array = np.asarray(given)
        return np.asarray(given, dtype=object) if array.dtype.kind in "US" else array
    except (TypeError, ValueError):  # not rectangular, or made of what is no number: others say so
        return np.zeros(0)


def _as_array(name: str, given: Any) -> np.ndarray:
    if isinstance(given, np.ma.MaskedArray):
        refuse_missing(name, given)
    try:
        array = np.asarray(given)
        if array.dtype.kind in "US" and not isinstance(given, np.ndarray):
            array = np.asarray(given, dtype=object)
    except ValueError as error:  # nested lists of unequal length
        raise DataError(
            f"{name} is not a rectangular array: {error}", remedy="give every example the same shape"
        ) from error
    if array.ndim == 0:
        raise DataError(
            f"{name} is a {type(given).__name__}, not an array with examples along its first axis",
            remedy="give a NumPy array (of a sparse matrix, its toarray())",
        )
    return array


def _of_frame(name: str, frame: "pd.DataFrame") -> np.ndarray:
    """(rows, columns) of a frame; all columns that are no numbers are named at once."""
    columns = [_plain_values(frame.iloc[:, i]) for i in range(frame.shape[1])]
    strange = [(i, _first_strange(values)) for i, values in enumerate(columns) if values.dtype == object]
    wrong = [(i, number) for i, number in strange if number is not None]
    if wrong:
        column, number = wrong[0]
        value = shortened(columns[column][number], 60)
        raise DataError(
            f"{name} has columns that are not numbers: {listed([frame.columns[i] for i, _ in wrong])} "
            f"({value} in {_place((number, column), frame.index, frame.columns)})",
            remedy="prepare the table with chainrule.data.fit_preparation (it encodes text)",
        )
    refuse_missing(name, frame)
    arrays = [_of_objects(name, values) if values.dtype == object else values for values in columns]
    return np.stack(arrays, axis=1) if arrays else np.empty(frame.shape)


def _plain_values(series: "pd.Series") -> np.ndarray:
    """(rows,) of NumPy's numbers where the dtype is numeric and none is missing, else of objects."""
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.dtype.categories.dtype)
    dtype, kinds = series.dtype, pd.api.types
    for known, kind in (
        (kinds.is_bool_dtype, np.bool_),
        (kinds.is_unsigned_integer_dtype, np.uint64),
        (kinds.is_integer_dtype, np.int64),
        (kinds.is_float_dtype, np.float64),
    ):
        if known(dtype) and not series.isna().any():
            values = series.to_numpy()
            return values if values.dtype.kind in "biuf" else series.to_numpy(dtype=kind)
    return series.to_numpy(dtype=object)


def _refuse_strange(name: str, values: np.ndarray, index: Any) -> None:
    """Raises DataError that names the first of some objects that is no number and not missing."""
    number = _first_strange(values) if values.dtype == object else None
    if number is None:
        return
    where = tuple(int(place) for place in np.unravel_index(number, values.shape))
    value = values[where]
    kind = "the text" if isinstance(value, str) else f"a {type(value).__name__},"
    raise DataError(
        f"{name} holds {kind} {shortened(value)} in {_place(where, index, None)}", remedy=_PREPARE
    )


def _first_strange(values: np.ndarray) -> int | None:
    """The number of the first object that is no number and not missing, counted along all axes."""
    for number, value in enumerate(values.reshape(-1).tolist()):
        if not isinstance(value, _NUMBERS) and not _is_missing(value):
            return number
    return None


def _of_objects(name: str, array: np.ndarray) -> np.ndarray:
    """Python's numbers as NumPy's."""
    flat = array.reshape(-1).tolist()
    if all(isinstance(value, bool | np.bool_) for value in flat):
        return array.astype(bool)
    try:
        return array.astype(np.int64 if all(isinstance(value, Integral) for value in flat) else np.float64)
    except OverflowError:
        raise DataError(
            f"{name} holds whole numbers that are too large", remedy="scale them, or give floats"
        ) from None
