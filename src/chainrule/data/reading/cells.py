"""The cells of a column, with what learning and reading derive from them, cached."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.reading.arrow import arrow_texts, compute
from chainrule.data.reading.dates import read_dates
from chainrule.data.values import kind_of, text_key
from chainrule.data.wording import place

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


_FIRST = 100
"""So many cells are tried first, since pyarrow takes long to find that a column of texts holds no numbers."""


def holds_texts(column: "pd.Series") -> bool:
    """Whether a column holds texts, or objects of several types, rather than values of one type."""
    return kind_of(column) == "text" and getattr(column.dtype, "categories", None) is None


@dataclass(frozen=True, eq=False)
class Cells:
    """A column of a table as written in a file.

    column: the cells; floats if the column was parsed as numbers.
    quoted: (rows,) whether a cell stands in quotes and so is never a marker of missing values; None if the
    format tells texts from missing values. commas: whether a cell may contain a comma. written: returns the
    texts of a column that was parsed as numbers; None if `column` holds them.
    """

    column: "pd.Series"
    quoted: np.ndarray | None
    commas: bool = True
    written: "Callable[[], pd.Series] | None" = None

    @cached_property
    def are_texts(self) -> bool:
        """Whether the type of the cells must be inferred from texts."""
        return self.written is not None or holds_texts(self.column)

    @cached_property
    def shown(self) -> "pd.Series":
        """The cells as written in the file."""
        return self.column if self.written is None else self.written()

    @cached_property
    def texts(self) -> "pa.Array":
        """(rows,) texts, stripped; null where missing or empty."""
        import pyarrow as pa

        pc = compute()
        column = self.shown
        if column.dtype == object:
            column = column.map(text_key, na_action="ignore")
        texts = pc.utf8_trim_whitespace(arrow_texts(column))
        return pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)

    @cached_property
    def numbers(self) -> np.ndarray | None:
        """(rows,) float64, NaN where empty, if all cells are plain numbers; else None."""
        if self.written is not None:
            return self.column.to_numpy(dtype=np.float64)
        texts = self.texts
        if texts.null_count == len(texts) or _cast(texts[:_FIRST]) is None:
            return None
        return _cast(texts)

    @cached_property
    def whole(self) -> bool:
        """Whether all cells are plain numbers without a fraction."""
        numbers = self.numbers
        return numbers is not None and bool(np.array_equal(numbers, np.trunc(numbers), equal_nan=True))

    @cached_property
    def distinct(self) -> "Distinct":
        """The distinct texts."""
        encoded: Any = compute().dictionary_encode(self.texts)
        codes = compute().fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
        loose = codes if self.quoted is None else codes[~self.quoted]
        texts = encoded.dictionary
        return Distinct(self.shown, texts, codes, np.bincount(loose[loose >= 0], minlength=len(texts)))


@dataclass(frozen=True, eq=False)
class Distinct:
    """The distinct texts of a column.

    texts: the distinct texts, stripped. codes: (rows,) index of each row's text, -1 for empty cells.
    loose: (texts,) rows in which the text stands without quotes. dated: the cache of `dates`, by pattern.
    """

    column: "pd.Series"
    texts: "pa.Array"
    codes: np.ndarray
    loose: np.ndarray
    dated: "dict[str, tuple[pd.Series, np.ndarray]]" = field(default_factory=dict, repr=False)

    @cached_property
    def counts(self) -> np.ndarray:
        """(texts,) number of rows with each text."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts))

    @cached_property
    def lowered(self) -> "pa.Array":
        """The texts in lower case."""
        return compute().utf8_lower(self.texts)

    def dates(self, pattern: str) -> "tuple[pd.Series, np.ndarray]":
        """`read_dates` of the texts, cached."""
        import pandas as pd

        if pattern not in self.dated:
            self.dated[pattern] = read_dates(pd.Series(self.texts.to_pandas(), dtype="str"), pattern)
        return self.dated[pattern]

    def among(self, words: Any, *, lower: bool = False) -> np.ndarray:
        """(texts,) whether each text is one of these words. lower: compare the texts in lower case."""
        import pyarrow as pa

        texts = self.lowered if lower else self.texts
        return compute().is_in(texts, pa.array(list(words), texts.type)).to_numpy(zero_copy_only=False)

    def chosen(self, which: np.ndarray) -> list[str]:
        """The texts for which `which`, (texts,) booleans, is True."""
        import pyarrow as pa

        return self.texts.filter(pa.array(which)).to_pylist()

    def first(self, text: int) -> str:
        """The place of the first cell with the text of this index, for messages."""
        return place(self.column, int(np.argmax(self.codes == text)))

    def rows(self, each: np.ndarray, *, missing: Any) -> np.ndarray:
        """(rows,) the value of each row. each: (texts,) the value of each text. missing: of empty cells."""
        return np.append(each, np.array([missing], dtype=each.dtype))[self.codes]


def _cast(texts: "pa.Array") -> np.ndarray | None:
    """(texts,) float64, NaN for null; None if a text is not a plain number, or is one such as 'nan'."""
    import pyarrow as pa

    try:
        numbers = compute().cast(texts, pa.float64())
    except pa.ArrowInvalid:
        return None
    values = numbers.to_numpy(zero_copy_only=False)
    return None if int(np.isnan(values).sum()) > numbers.null_count else values
