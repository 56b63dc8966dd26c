"""How one column of a table is read: what it holds, and how its texts are written."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.reading.arrow import arrow_texts, compute
from chainrule.data.reading.dates import ISO, learn_dates, read_dates, told_format
from chainrule.data.reading.numbers import (
    PLAIN,
    NumberFormat,
    are_thousands,
    learn_numbers,
    read_plain,
    tells_a_point,
)
from chainrule.data.values import Kind, kind_of, text_key
from chainrule.data.wording import counted, place, shortened

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MARKERS = (
    "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "null", "NULL", "None", "<NA>", "?",
    "#N/A", "#N/A N/A", "#NA", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
)  # fmt: skip
"""Texts that mean a missing value in a column of text, where they stand without quotes."""
AMONG_NUMBERS = frozenset(
    {"-", "--", "---", "–", "—", ".", "..", "...", "*", "na", "n.a.", "n/d", "nd", "n.d.", "none", "nil",
     "unknown", "missing", "not available", "k.a.", "#div/0!", "#value!", "#ref!", "#num!", "#name?",
     "0000-00-00", "0000-00-00 00:00:00", *(marker.lower() for marker in MARKERS)}
)  # fmt: skip
"""Texts, in lower case, that mean a missing value in a column of numbers or dates."""
MOST_TEXTS = 20
"""Distinct texts at most that a column of numbers or dates may hold besides; each means a missing value."""
LEAST_SHARE = 0.8
"""Of the rows with a value, so many must be numbers, or dates."""
FEW = 10
"""A column of a text and so few distinct numbers, such as 0, 1, 2, 3+, holds categories."""


@dataclass(frozen=True)
class ColumnReading:
    """How a column's cells become values.

    kind: what it holds. number: how its numbers are written. date: the format of its dates, `ISO` or a
    pattern of strptime. zone: of dates with a time zone, whose clock counts; '' where there is none.
    gaps: texts that are read as missing, besides empty ones (and, for numbers and dates, AMONG_NUMBERS).
    note: what was not obvious, as the rest of a sentence that begins with the column; '' where all was.
    """

    name: str
    kind: Kind
    number: NumberFormat = PLAIN
    date: str = ISO
    zone: str = ""
    gaps: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Setting:
    """What is known of a file when a column is read.

    typed: its texts were told from its numbers by whoever wrote it (Parquet, JSON, a DataFrame), so that a
    text is one. told: the decimal marks that its other columns give away. usual: the mark where none does.
    missing: the texts that the user calls missing; None leaves that to the data.
    """

    typed: bool = False
    told: frozenset[str] = frozenset()
    usual: str = "."
    missing: tuple[str, ...] | None = None

    @property
    def sure(self) -> bool:
        """Whether all other columns that tell have the same decimal mark."""
        return len(self.told) == 1

    @property
    def decimal(self) -> str:
        """The likeliest decimal mark."""
        return next(iter(self.told)) if self.sure else self.usual

    @property
    def decimal_of_fractions(self) -> str:
        """The decimal mark of a column of whole numbers: a later file may have fractions; '' for either."""
        return self.decimal if self.sure or (not self.told and self.usual == ".") else ""


@dataclass(frozen=True, eq=False)
class Distinct:
    """The different texts of a column. texts: without outer spaces. codes: (rows,) which of them; -1: empty.

    loose: (texts,) the rows in which each stands without quotes.
    """

    column: "pd.Series"
    texts: "pd.Series"
    codes: np.ndarray
    loose: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """(texts,) rows of each."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.texts))

    def first(self, text: int) -> str:
        """Where a text stands first."""
        return place(self.column, int(np.argmax(self.codes == text)))


def learn_column(
    column: "pd.Series", quoted: np.ndarray | None, setting: Setting, *, target: bool = False
) -> tuple[ColumnReading, str]:
    """The reading of a column, from all of its rows, and the decimal mark that it gives away ('' for none).

    quoted: (rows,) cells whose text stands in quotes; None where nobody knows.
    target: a text that is as common as a class is a class, though it usually means a missing value.
    """
    if not holds_texts(column):
        kind = kind_of(column)
        return ColumnReading(str(column.name), kind, zone=zone_of(column) if kind == "date" else ""), ""
    cells = trimmed(column)
    plain = _plain(column, cells, setting)
    if plain is not None:
        return plain
    distinct = distinct_of(column, cells, quoted)
    for learn in (_boolean, _number, _date):
        found = learn(distinct, setting)
        if found is not None:
            return found
    return _text(distinct, setting, target=target), ""


def holds_texts(column: "pd.Series") -> bool:
    """Whether a column holds texts, or objects of several types, rather than values of one type."""
    return kind_of(column) == "text" and getattr(column.dtype, "categories", None) is None


def zone_of(column: "pd.Series") -> str:
    """The time zone of dates, as pandas calls it; '' for none."""
    zone = getattr(column.dtype, "tz", None)
    return "" if zone is None else str(zone)


def trimmed(column: "pd.Series") -> "pa.Array":
    """The texts of a column without outer spaces; null where one is missing or empty."""
    import pyarrow as pa

    pc = compute()
    if column.dtype == object:
        column = column.map(text_key, na_action="ignore")
    texts = pc.utf8_trim_whitespace(arrow_texts(column))
    return pc.if_else(pc.equal(texts, ""), pa.scalar(None, texts.type), texts)


def distinct_of(column: "pd.Series", cells: "pa.Array", quoted: np.ndarray | None) -> Distinct:
    """The different texts of a column, from what `trimmed` gave."""
    import pandas as pd

    pc = compute()
    encoded: Any = pc.dictionary_encode(cells)
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    texts = pd.Series(encoded.dictionary.to_pandas(), dtype="str")
    loose = codes if quoted is None else codes[~quoted]
    return Distinct(column, texts, codes, np.bincount(loose[loose >= 0], minlength=len(texts)))


def _plain(column: "pd.Series", cells: "pa.Array", setting: Setting) -> tuple[ColumnReading, str] | None:
    """The reading of a column of plain numbers and nothing else, which most are."""
    pc = compute()
    numbers = read_plain(cells)
    if numbers is None or cells.null_count == len(cells):
        return None
    if setting.sure and setting.decimal == "," and are_thousands(cells):
        return None
    padded = pc.any(pc.match_substring_regex(cells, r"^0\d+$")).as_py()
    if (setting.typed or padded) and _are_codes(cells, setting):
        return None
    if tells_a_point(cells):
        return ColumnReading(str(column.name), "number"), "."
    return ColumnReading(str(column.name), "number", NumberFormat(setting.decimal_of_fractions)), ""


def _are_codes(cells: "pa.Array", setting: Setting) -> bool:
    """Whether numbers in text are names rather than amounts: the same ones return, in a typed column, or all
    are whole numbers of one width with zeros before them, such as 007.
    """
    pc = compute()
    present = len(cells) - cells.null_count
    distinct = pc.count_distinct(cells).as_py()
    if distinct > max(FEW, present / 2):
        return False
    widths = pc.min_max(pc.utf8_length(cells)).as_py()
    padded = pc.any(pc.match_substring_regex(cells, r"^0\d+$")).as_py()
    whole = pc.all(pc.match_substring_regex(cells, r"^\d+$")).as_py()
    return setting.typed or (padded and whole and widths["min"] == widths["max"])


def _boolean(distinct: Distinct, setting: Setting) -> tuple[ColumnReading, str] | None:
    words = distinct.texts.str.lower()
    true = words.isin(["true", "false"]).to_numpy()
    if not true.any() or not (true | _means_missing(words)).all():
        return None
    return ColumnReading(_name(distinct), "boolean", gaps=tuple(distinct.texts[~true])), ""


def _number(distinct: Distinct, setting: Setting) -> tuple[ColumnReading, str] | None:
    import pyarrow as pa

    if not distinct.texts.str.contains(r"\d", regex=True).any():
        return None
    texts = arrow_texts(distinct.texts)
    counts = np.where(_means_missing(distinct.texts.str.lower()), 0, distinct.counts)
    learned = learn_numbers(texts, counts, setting.decimal)
    if not _mostly(learned.fits, distinct, categories=FEW):
        return None
    numbers = distinct.texts[learned.fits].to_numpy()
    written = pa.array(numbers[_rows_of(distinct, learned.fits)])
    if not learned.format.unit and _are_codes(written, setting):
        return None
    said = []
    number = learned.format
    if not learned.decimal and not learned.ambiguous:
        number = replace(number, decimal=setting.decimal_of_fractions)
    if number.unit or number.thousands or learned.decimal == ",":
        example = shortened(numbers[np.argmax([not text.isdecimal() for text in numbers])])
        said.append(f"is read as numbers ({number.described()}), such as {example}")
    if learned.ambiguous and not setting.sure:
        other = "a thousands mark" if learned.format.decimal == "," else "a decimal comma"
        said.append(f"could be meant in another way, {_first_marked(numbers)} with {other}")
    said += _said_of_texts(distinct, ~learned.fits)
    gaps = tuple(distinct.texts[~learned.fits])
    reading = ColumnReading(_name(distinct), "number", number, gaps=gaps, note="; ".join(said))
    return reading, learned.decimal


def _rows_of(distinct: Distinct, chosen: np.ndarray) -> np.ndarray:
    """(rows with a chosen text,) the position of that text among the chosen ones."""
    places = np.cumsum(chosen) - 1
    codes = distinct.codes[distinct.codes >= 0]
    return places[codes[chosen[codes]]]


def _date(distinct: Distinct, setting: Setting) -> tuple[ColumnReading, str] | None:
    counts = np.where(_means_missing(distinct.texts.str.lower()), 0, distinct.counts)
    pattern, fits, other = learn_dates(distinct.texts, counts)
    if not pattern or not _mostly(fits, distinct, categories=0):
        return None
    said = [] if pattern == ISO else [f"holds dates written {told_format(pattern)}"]
    if other:
        said.append(f"does not tell days from months: they may be written {told_format(other)} as well")
    said += _said_of_texts(distinct, ~fits)
    _, minutes = read_dates(distinct.texts[fits], pattern)
    gaps, note = tuple(distinct.texts[~fits]), "; ".join(said)
    return ColumnReading(_name(distinct), "date", date=pattern, zone=_zone(minutes), gaps=gaps, note=note), ""


def _zone(minutes: np.ndarray) -> str:
    """The one time zone of texts that are so far ahead of UTC; '' where they differ or do not say."""
    ahead = np.unique(minutes)
    if len(ahead) != 1 or not np.isfinite(ahead[0]):
        return ""
    hours, rest = divmod(int(abs(ahead[0])), 60)
    return f"UTC{'-' if ahead[0] < 0 else '+'}{hours:02}:{rest:02}"


def _text(distinct: Distinct, setting: Setting, *, target: bool) -> ColumnReading:
    """Text, in which a marker such as NA without quotes means a missing value."""
    if setting.missing is not None:
        return ColumnReading(_name(distinct), "text", gaps=setting.missing)
    if setting.typed:
        return ColumnReading(_name(distinct), "text")
    if not target:
        return ColumnReading(_name(distinct), "text", gaps=MARKERS)
    found = distinct.texts.isin(MARKERS).to_numpy() & (distinct.loose > 0)
    values = len(distinct.texts) - int(found.sum())
    even = distinct.counts.sum() / max(len(distinct.texts), 1)
    common = found & ((distinct.loose >= even / 2) | (values < 2))
    said = [
        f"has {shortened(text)} in {counted(int(count), 'row')}, which "
        + ("is read as a class" if is_class else "is read as a missing value")
        for text, count, is_class in zip(
            distinct.texts[found], distinct.loose[found], common[found], strict=True
        )
    ]
    if said:
        said.append("the setting 'missing' names the texts that mean a missing value")
    kept = set(distinct.texts[common])
    gaps = tuple(marker for marker in MARKERS if marker not in kept)
    return ColumnReading(_name(distinct), "text", gaps=gaps, note="; ".join(said))


def _mostly(fits: np.ndarray, distinct: Distinct, *, categories: int) -> bool:
    """Whether a column holds what fits, but for marks of gaps and a few texts.

    categories: with so few distinct values that fit, one text more makes a column of categories.
    """
    counts = distinct.counts
    texts = ~fits & ~_means_missing(distinct.texts.str.lower())
    if not fits.any() or (~fits).sum() > MOST_TEXTS + len(AMONG_NUMBERS) or texts.sum() > MOST_TEXTS:
        return False
    if texts.any() and fits.sum() <= categories:
        return False
    others = np.sort(counts[texts])[::-1]
    repeated = others[:2][others[:2] > 1].sum()  # one or two texts that return mark what is missing
    valued = counts[fits].sum() + others.sum() - repeated
    return bool(counts[fits].sum() >= LEAST_SHARE * valued and counts[fits].sum() > repeated)


def _means_missing(words: "pd.Series") -> np.ndarray:
    return words.isin(AMONG_NUMBERS).to_numpy()


def _said_of_texts(distinct: Distinct, chosen: np.ndarray) -> list[str]:
    """How many rows have a text that is read as missing, and where the first stands."""
    quiet = distinct.texts.isin(MARKERS).to_numpy()  # everybody's marks
    told = np.flatnonzero(chosen & ~quiet)
    counts = distinct.counts
    named = [
        f"{shortened(distinct.texts.iloc[each])} ({distinct.first(each)})"
        if counts[each] == 1
        else f"{shortened(distinct.texts.iloc[each])} ({counts[each]:,} rows, first {distinct.first(each)})"
        for each in told[np.argsort(-counts[told], kind="stable")][:5]
    ]
    if not named:
        return []
    more = f" and {counted(len(told) - 5, 'other text')}" if len(told) > 5 else ""
    return [f"has {', '.join(named)}{more}, read as missing"]


def _first_marked(numbers: np.ndarray) -> str:
    return shortened(next(text for text in numbers if "," in text or "." in text))


def _name(distinct: Distinct) -> str:
    return str(distinct.column.name)
