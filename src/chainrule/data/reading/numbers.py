"""The number format of a text column: finding the format that fits most rows, and parsing with it."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.data.reading.arrow import compute

if TYPE_CHECKING:
    import pyarrow as pa

UNITS = ("%", "$", "€", "£", "¥", "₹", "USD", "EUR", "GBP", "CHF", "JPY")
"""Units that may precede or follow a number without changing its value; one per column."""
_SPACES = "[\u00a0\u2009\u202f]"
Marks = tuple[str, str]
_FORMATS: tuple[Marks, ...] = (
    (".", ""),
    (",", ""),
    (".", ","),
    (",", "."),
    (".", " "),
    (",", " "),
    (".", "'"),
    (",", "'"),
)
"""Decimal mark and thousands mark, the simplest first."""
_INFINITE = r"^[+-]?(?i:inf|infinity)$"
_FIRST = 100
_EXPONENT = r"(?:[eE][+-]?\d+)?"


@dataclass(frozen=True)
class NumberFormat:
    """How numbers are written.

    decimal: the decimal mark, '.' or ','; '' if the column had whole numbers only and no other column
    determined it: a comma then is a decimal mark unless it can be a thousands mark. thousands: the mark
    between groups of three digits, '' for none. unit: the unit that is removed, such as '$' or '%'; '' for
    none. Percentages are not divided by 100: '12.3%' is 12.3.
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as in Python."""
        return self == NumberFormat()

    def described(self) -> str:
        """A clause for a note, such as "'$' taken off, commas between thousands"."""
        said = [f"{self.unit!r} taken off"] if self.unit else []
        said += [f"{_named(self.thousands)} between thousands"] if self.thousands else []
        said += ["decimal commas"] if self.decimal == "," else []
        return ", ".join(said)


PLAIN = NumberFormat()


@dataclass(frozen=True)
class Learned:
    """The number format inferred from a column's texts.

    fits: (texts,) whether each text is a number in this format. decimal: the decimal mark that the texts
    determine, '' for none. ambiguous: two formats fit and give different numbers; other columns may decide.
    """

    format: NumberFormat
    fits: np.ndarray
    decimal: str
    ambiguous: bool


def possible_formats(texts: "pa.Array", most: int) -> tuple[Marks, ...]:
    """The decimal and thousands marks that fit all but at most `most` texts."""
    bare = _bare(texts, _unit_of(texts))
    return tuple(marks for marks in _FORMATS if (~_matches(bare, *marks)).sum() <= most)


def learn_numbers(
    texts: "pa.Array", counts: np.ndarray, decimal: str = "", formats: tuple[Marks, ...] = _FORMATS
) -> Learned:
    """The format that fits most rows of a column.

    texts: its distinct texts, stripped. counts: (texts,) rows with each. decimal: the decimal mark of the
    file's other columns, which decides for ambiguous texts such as 1,234; '' if unknown. formats: the decimal
    and thousands marks to try.
    """
    unit = _unit_of(texts)
    bare = _bare(texts, unit)
    fitting = {marks: _matches(bare, *marks) for marks in formats}
    rows = {marks: int(counts[fits].sum()) for marks, fits in fitting.items()}
    best = max(rows.values())
    candidates = [marks for marks in formats if rows[marks] == best]
    readings = [_converted(bare, marks, fitting[marks]) for marks in candidates]
    ambiguous = any(not np.array_equal(readings[0], other, equal_nan=True) for other in readings[1:])
    told = {mark for mark, _ in candidates}
    chosen = next((marks for marks in candidates if marks[0] == decimal), candidates[0])
    known = next(iter(told)) if len(told) == 1 and not ambiguous else ""
    return Learned(NumberFormat(*chosen, unit), fitting[chosen], known, ambiguous)


def read_numbers(texts: "pa.Array", format: NumberFormat) -> np.ndarray:
    """(texts,) float64, NaN for null and for texts that are not numbers in this format.

    texts: stripped.
    """
    bare = _bare(texts, format.unit)
    marks = (format.decimal or ".", format.thousands)
    numbers = _converted(bare, marks, _matches(bare, *marks))
    if format.decimal:
        return numbers
    commas = _matches(bare, ",", format.thousands) & ~_matches(bare, ".", ",")
    return np.where(commas, _converted(bare, (",", format.thousands), commas), numbers)


def tells_a_point(texts: "pa.Array") -> bool:
    """Whether plain numbers contain a point that is no thousands mark: not exactly three digits follow."""
    if len(texts) > _FIRST and tells_a_point(texts[:_FIRST]):
        return True
    pc = compute()
    sure = r"\.(?:\d{1,2}|\d{4,})?(?:[eE]|$)|^[+-]?0*\.|^[+-]?\d{4,}\.|\.\d{3}[eE]"
    return bool(pc.any(pc.match_substring_regex(texts, sure)).as_py())


def are_thousands(texts: "pa.Array") -> bool:
    """Whether plain numbers contain a point, and every point could be a thousands mark."""
    pc = compute()
    if not pc.any(pc.match_substring(texts, ".")).as_py():
        return False
    grouped = pc.match_substring_regex(texts, r"^[+-]?[1-9]\d{0,2}(?:\.\d{3})+$")
    whole = pc.match_substring_regex(texts, r"^[+-]?\d+$")
    return bool(pc.any(grouped).as_py() and pc.all(pc.or_(grouped, whole)).as_py())


def _unit_of(texts: "pa.Array") -> str:
    """The most frequent unit in the texts, or ''."""
    pc = compute()
    found = {unit: pc.sum(pc.match_substring(texts, unit)).as_py() or 0 for unit in UNITS}
    commonest = max(UNITS, key=lambda unit: found[unit])
    return commonest if found[commonest] else ""


def _bare(texts: "pa.Array", unit: str) -> "pa.Array":
    """The texts without the unit; variants of spaces, minus signs and apostrophes become the ASCII ones."""
    pc = compute()
    bare: Any = pc.replace_substring_regex(texts, _SPACES, " ")
    for sign, usual in (("\u2212", "-"), ("\u2019", "'")):
        bare = pc.replace_substring(bare, sign, usual)
    bare = pc.replace_substring_regex(bare, r"^\((.+)\)$", r"-\1")  # accounting notation of negative numbers
    if unit == "%":  # a number without % is not a percentage, unless it is 0
        alike = pc.or_(pc.match_substring(bare, "%"), pc.match_substring_regex(bare, r"^[+-]?0*[.,]?0*$"))
        bare = pc.if_else(alike, bare, "?")
    if unit:
        sign = re.escape(unit)
        bare = pc.replace_substring_regex(bare, rf"^([+-]?) ?{sign} ?", r"\1")
        bare = pc.replace_substring_regex(bare, rf" ?{sign}$", "")
    return bare


def _matches(bare: "pa.Array", decimal: str, thousands: str) -> np.ndarray:
    pc = compute()
    point, mark = re.escape(decimal), re.escape(thousands)
    whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:{mark}\d{{2,3}})*{mark}\d{{3}})" if thousands else r"\d+"
    pattern = rf"^[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+){_EXPONENT}$|{_INFINITE}"
    found = pc.fill_null(pc.match_substring_regex(bare, pattern), fill_value=False)
    return found.to_numpy(zero_copy_only=False)


def _converted(bare: "pa.Array", marks: tuple[str, str], fits: np.ndarray) -> np.ndarray:
    import pyarrow as pa

    pc = compute()
    decimal, thousands = marks
    written: Any = bare if not thousands else pc.replace_substring(bare, thousands, "")
    written = written if decimal == "." else pc.replace_substring(written, decimal, ".")
    known = pc.if_else(pa.array(fits), written, pa.scalar(None, written.type))
    return pc.cast(known, pa.float64()).to_numpy(zero_copy_only=False)


def _named(mark: str) -> str:
    return {",": "commas", ".": "points", " ": "spaces", "'": "apostrophes"}[mark]
