"""How one column of a table is read: its type, and the format of its texts."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from chainrule.data.reading.arrow import compute
from chainrule.data.reading.cells import Cells, Distinct
from chainrule.data.reading.dates import ISO, learn_dates, possible_dates, told_format
from chainrule.data.reading.numbers import (
    PLAIN,
    NumberFormat,
    are_thousands,
    learn_numbers,
    possible_formats,
    tells_a_point,
)
from chainrule.data.values import Kind, kind_of
from chainrule.data.wording import counted, shortened

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MARKERS = (
    "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "null", "NULL", "None", "<NA>", "?",
    "#N/A", "#N/A N/A", "#NA", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
)  # fmt: skip
"""Texts that, without quotes, mean a missing value in a column of text."""
AMONG_NUMBERS = frozenset(
    {"-", "--", "---", "–", "—", ".", "..", "...", "*", "na", "n.a.", "n/d", "nd", "n.d.", "none", "nil",
     "unknown", "missing", "not available", "k.a.", "#div/0!", "#value!", "#ref!", "#num!", "#name?",
     "0000-00-00", "0000-00-00 00:00:00", *(marker.lower() for marker in MARKERS)}
)  # fmt: skip
"""Texts, in lower case, that mean a missing value in a column of numbers or dates."""
MOST_TEXTS = 20
"""A column of numbers or dates may hold at most so many other distinct texts, which then mean missing."""
LEAST_SHARE = 0.8
"""The least share of a column's values that must be numbers, or dates, for it to be read as such."""
SAMPLE = 500
"""Distinct texts that are tried first: if too many are not numbers, the others are not tried."""
FEW = 10
"""A column of at most so many distinct numbers and another text, such as 0, 1, 2, 3+, holds categories."""


@dataclass(frozen=True)
class ColumnReading:
    """How a column's cells become values.

    name: the column. kind: the type of its values. number: the format of its numbers. date: the format of its
    dates, `ISO` or a pattern of strptime. zone: the time zone to whose local time dates are converted; '' for
    none. gaps: texts that mean a missing value, besides empty ones (and, for numbers and dates,
    AMONG_NUMBERS). note: what was ambiguous, as a clause after the column's name; '' if nothing was.
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
    """What is known of the whole table when a column is read.

    typed: the format distinguishes texts from numbers (Parquet, JSON, a DataFrame). told: the decimal marks
    that other columns determine. usual: the decimal mark if none does. missing: the texts that mean a missing
    value according to the user; None infers them.
    """

    typed: bool = False
    told: frozenset[str] = frozenset()
    usual: str = "."
    missing: tuple[str, ...] | None = None

    @property
    def sure(self) -> bool:
        """Whether all other columns that determine a decimal mark agree."""
        return len(self.told) == 1

    @property
    def decimal(self) -> str:
        """The most likely decimal mark."""
        return next(iter(self.told)) if self.sure else self.usual

    @property
    def decimal_of_fractions(self) -> str:
        """The decimal mark of a column of whole numbers, for fractions in a later file; '' allows both."""
        return self.decimal if self.sure or (not self.told and self.usual == ".") else ""


def learn_column(cells: Cells, setting: Setting, *, target: bool = False) -> tuple[ColumnReading, str]:
    """The reading of a column, from all of its rows, and the decimal mark that it determines ('' for none).

    target: the column is the target: a marker of missing values that is as frequent as a class is a class.
    """
    if not cells.are_texts:
        kind = kind_of(cells.column)
        zone = zone_of(cells.column) if kind == "date" else ""
        return ColumnReading(str(cells.column.name), kind, zone=zone), ""
    plain = _plain(cells, setting)
    if plain is not None:
        return plain
    if not target and _is_surely_text(cells.texts):
        return _plain_text(str(cells.column.name), setting), ""
    for learn in (_boolean, _number, _date):
        found = learn(cells.distinct, setting)
        if found is not None:
            return found
    return _text(cells.distinct, setting, target=target), ""


def zone_of(column: "pd.Series") -> str:
    """The name of the time zone of a column of dates, as pandas writes it; '' for none."""
    zone = getattr(column.dtype, "tz", None)
    return "" if zone is None else str(zone)


def _plain(cells: Cells, setting: Setting) -> tuple[ColumnReading, str] | None:
    """The reading of a column that holds only plain numbers; None for any other."""
    if cells.numbers is None:
        return None
    if setting.sure and setting.decimal == "," and are_thousands(cells.texts):
        return None
    if (setting.typed or cells.whole) and _are_codes(cells.texts, setting):
        return None
    if not cells.whole and cells.commas and tells_a_point(cells.texts):
        return ColumnReading(str(cells.column.name), "number"), "."
    return ColumnReading(str(cells.column.name), "number", NumberFormat(setting.decimal_of_fractions)), ""


def _are_codes(texts: "pa.Array", setting: Setting) -> bool:
    """Whether numbers written as text are codes rather than quantities: they repeat, and either the format
    marks them as text, or all are whole numbers of one width with leading zeros, such as 007.
    """
    pc = compute()
    if not setting.typed:
        if not pc.any(pc.match_substring_regex(texts, r"^0\d")).as_py():
            return False
        widths = pc.min_max(pc.utf8_length(texts)).as_py()
        if widths["min"] != widths["max"] or not pc.all(pc.utf8_is_decimal(texts)).as_py():
            return False
    return pc.count_distinct(texts).as_py() <= max(FEW, (len(texts) - texts.null_count) / 2)


def _boolean(distinct: Distinct, setting: Setting) -> tuple[ColumnReading, str] | None:
    if len(distinct.texts) > MOST_TEXTS:
        return None
    true = distinct.among(("true", "false"), lower=True)
    if not true.any() or not (true | _means_missing(distinct)).all():
        return None
    return ColumnReading(_name(distinct), "boolean", gaps=tuple(distinct.chosen(~true))), ""


def _number(distinct: Distinct, setting: Setting) -> tuple[ColumnReading, str] | None:
    formats = possible_formats(distinct.texts[:SAMPLE], MOST_TEXTS + len(AMONG_NUMBERS))
    if not formats:
        return None
    counts = np.where(_means_missing(distinct), 0, distinct.counts)
    learned = learn_numbers(distinct.texts, counts, setting.decimal, formats)
    if not _mostly(learned.fits, distinct, categories=FEW):
        return None
    numbers = distinct.chosen(learned.fits)
    if setting.typed or (not learned.decimal and not learned.format.unit):
        of_rows = distinct.codes[distinct.codes >= 0]
        if _are_codes(distinct.texts.take(of_rows[learned.fits[of_rows]]), setting):
            return None
    said = []
    number = learned.format
    if not learned.decimal and not learned.ambiguous:
        number = replace(number, decimal=setting.decimal_of_fractions)
    if number.unit or number.thousands:
        example = shortened(next(text for text in numbers if not text.isdecimal()))
        said.append(f"is read as numbers ({number.described()}), such as {example}")
    if learned.ambiguous and not setting.sure:
        other = "a thousands mark" if learned.format.decimal == "," else "a decimal comma"
        marked = next(text for text in numbers if "," in text or "." in text)
        said.append(f"is ambiguous: it may also mean {shortened(marked)} with {other}")
    said += _said_of_texts(distinct, ~learned.fits)
    gaps, note = tuple(distinct.chosen(~learned.fits)), "; ".join(said)
    return ColumnReading(_name(distinct), "number", number, gaps=gaps, note=note), learned.decimal


def _date(distinct: Distinct, setting: Setting) -> tuple[ColumnReading, str] | None:
    counts = np.where(_means_missing(distinct), 0, distinct.counts)
    learned = learn_dates(distinct.texts, counts, MOST_TEXTS + len(AMONG_NUMBERS), distinct.dates)
    if learned is None or not _mostly(learned.fits, distinct, categories=0):
        return None
    said = [] if learned.pattern == ISO else [f"holds dates written {told_format(learned.pattern)}"]
    if learned.other:
        other = told_format(learned.other)
        said.append(f"is ambiguous: its dates may also be written {other}")
    said += _said_of_texts(distinct, ~learned.fits)
    gaps, note = tuple(distinct.chosen(~learned.fits)), "; ".join(said)
    zone = _zone(learned.minutes[learned.fits])
    return ColumnReading(_name(distinct), "date", date=learned.pattern, zone=zone, gaps=gaps, note=note), ""


def _is_surely_text(texts: "pa.Array") -> bool:
    """Whether the first cells have more texts than a column of numbers, dates or booleans may have."""
    first = compute().drop_null(compute().unique(texts[: 4 * SAMPLE]))[:SAMPLE]
    most = MOST_TEXTS + len(AMONG_NUMBERS)
    return len(first) > most and not possible_formats(first, most) and not possible_dates(first, most)


def _plain_text(name: str, setting: Setting) -> ColumnReading:
    usual = () if setting.typed else MARKERS
    return ColumnReading(name, "text", gaps=usual if setting.missing is None else setting.missing)


def _zone(minutes: np.ndarray) -> str:
    """The time zone of texts with these offsets; '' if they differ or are unknown. minutes: ahead of UTC."""
    ahead = np.unique(minutes)
    if len(ahead) != 1 or not np.isfinite(ahead[0]):
        return ""
    hours, rest = divmod(int(abs(ahead[0])), 60)
    return f"UTC{'-' if ahead[0] < 0 else '+'}{hours:02}:{rest:02}"


def _text(distinct: Distinct, setting: Setting, *, target: bool) -> ColumnReading:
    """Text, in which a marker such as NA without quotes means a missing value."""
    if not target or setting.typed or setting.missing is not None:
        return _plain_text(_name(distinct), setting)
    found = distinct.among(MARKERS) & (distinct.loose > 0)
    values = len(distinct.texts) - int(found.sum())
    even = distinct.counts.sum() / max(len(distinct.texts), 1)
    common = found & ((distinct.loose >= even / 2) | (values < 2))
    said = [
        f"has {shortened(text)} in {counted(int(count), 'row')}, which "
        + ("is read as a class" if is_class else "is read as a missing value")
        for text, count, is_class in zip(
            distinct.chosen(found), distinct.loose[found], common[found], strict=True
        )
    ]
    if said:
        said.append("the setting 'missing' names the texts that mean a missing value")
    kept = set(distinct.chosen(common))
    gaps = tuple(marker for marker in MARKERS if marker not in kept)
    return ColumnReading(_name(distinct), "text", gaps=gaps, note="; ".join(said))


def _mostly(fits: np.ndarray, distinct: Distinct, *, categories: int) -> bool:
    """Whether most values of a column fit, except for markers of missing values and a few texts.

    categories: if at most so many distinct values fit, any other text makes it a column of categories.
    """
    counts = distinct.counts
    texts = ~fits & ~_means_missing(distinct)
    if not fits.any() or texts.sum() > MOST_TEXTS:
        return False
    if texts.any() and fits.sum() <= categories:
        return False
    others = np.sort(counts[texts])[::-1]
    repeated = others[:2][others[:2] > 1].sum()  # one or two texts that repeat are markers of missing values
    valued = counts[fits].sum() + others.sum() - repeated
    return bool(counts[fits].sum() >= LEAST_SHARE * valued and counts[fits].sum() > repeated)


def _means_missing(distinct: Distinct) -> np.ndarray:
    return distinct.among(AMONG_NUMBERS, lower=True)


def _said_of_texts(distinct: Distinct, chosen: np.ndarray) -> list[str]:
    """A clause on texts that are read as missing: their rows, and the place of the first."""
    told = np.flatnonzero(chosen & ~distinct.among(MARKERS))  # the usual markers are not mentioned
    counts = distinct.counts
    named = []
    for each in told[np.argsort(-counts[told], kind="stable")][:5]:
        rows = "" if counts[each] == 1 else f"{counts[each]:,} rows, first "
        named.append(f"{shortened(distinct.texts[int(each)].as_py())} ({rows}{distinct.first(each)})")
    if not named:
        return []
    more = f" and {counted(len(told) - 5, 'other text')}" if len(told) > 5 else ""
    return [f"has {', '.join(named)}{more}, read as missing"]


def _name(distinct: Distinct) -> str:
    return str(distinct.column.name)
