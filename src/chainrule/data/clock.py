"""The zone, resolution and form of a column of times, so that forecasts write times in the same way.

Moments are int64, units since 1970-01-01: in UTC where the column has a time zone, else in local time.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timezone
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.data.frequency import NANOSECONDS, Unit, dates_of, times_of_day
from chainrule.data.values import kind_of, moments_of, numbers_of, refuse_infinite
from chainrule.data.wording import place, shortened
from chainrule.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

Form = Literal["number", "datetime", "arrow", "object", "date", "arrow date", "text"]
_TEXT = re.compile(
    r"\d{4}-\d\d-\d\d(?:([T ])\d\d(:\d\d(?:(:\d\d)(?:\.(\d{3}|\d{6}|\d{9}))?)?)?(Z|[+-]\d\d:?\d\d)?)?"
)


@dataclass(frozen=True)
class TextForm:
    """The variant of ISO 8601 in the texts of a column.

    separator: between date and time. unit: of the last part that is written. offset: how the offset from UTC
    is written: '' (not at all), 'Z', '+0000' or '+00:00'.
    """

    separator: str
    unit: Literal["D", "h", "m", "s", "ms", "us", "ns"]
    offset: Literal["", "Z", "+0000", "+00:00"]

    @staticmethod
    def of(text: str) -> "TextForm | None":
        """The form of one text; None if `write` can't reproduce it."""
        found = _TEXT.fullmatch(text)
        if found is None:
            return None
        separator, minutes, seconds, fraction, offset = found.groups()
        units: dict[int, Any] = {3: "ms", 6: "us", 9: "ns"}
        unit = "D" if separator is None else "h" if minutes is None else "m" if seconds is None else "s"
        style: Any = offset if offset in (None, "Z") else "+00:00" if ":" in offset else "+0000"
        return TextForm(separator or "T", units[len(fraction)] if fraction else unit, style or "")

    def write(self, local: np.ndarray, offsets: np.ndarray, unit: Unit) -> np.ndarray:
        """(times,) texts. local: (times,) moments of local time. offsets: (times,) minutes ahead of UTC."""
        texts = np.datetime_as_string(local.view(f"datetime64[{unit}]"), unit=self.unit)
        texts = np.char.replace(texts, "T", self.separator)
        if not self.offset:
            return texts.astype(object)
        distinct, which = np.unique(offsets, return_inverse=True)
        colon = ":" if self.offset == "+00:00" else ""
        written = [f"{'-' if m < 0 else '+'}{abs(m) // 60:02}{colon}{abs(m) % 60:02}" for m in distinct]
        return np.char.add(texts, np.array(["Z"] if self.offset == "Z" else written)[which]).astype(object)


@dataclass(frozen=True)
class Clock:
    """How a column represents times.

    unit: the resolution. zone: a name that pandas knows, such as 'Europe/Berlin', 'UTC' or 'UTC+02:00'; None:
    times without a zone. form: what the column holds: pandas' datetime64, pyarrow's timestamps or dates,
    Python's datetimes or dates (as objects), texts of dates, or whole numbers. text: how texts are written.
    """

    unit: Unit = "us"
    zone: str | None = None
    form: Form = "datetime"
    text: TextForm | None = None

    def local(self, moments: np.ndarray) -> np.ndarray:
        """(times,) local time, as moments. moments: (times,) in UTC where the clock has a zone."""
        import pandas as pd

        if self.zone is None or self.form == "number":
            return moments
        utc = pd.DatetimeIndex(moments.view(f"datetime64[{self.unit}]")).tz_localize("UTC")
        return _moments(utc.tz_convert(self.zone).tz_localize(None), self.unit)

    def absolute(self, local: np.ndarray) -> np.ndarray:
        """(times,) moments in UTC of local times.

        Where a clock change repeats a local time, the first moment; where a clock change skips it, the first
        moment after the gap, as in pandas' resample.
        """
        import pandas as pd

        if self.zone is None or self.form == "number":
            return local
        wall = pd.DatetimeIndex(local.view(f"datetime64[{self.unit}]"))
        aware = wall.tz_localize(self.zone, ambiguous=np.ones(len(local), bool), nonexistent="shift_forward")
        return _moments(aware.tz_convert("UTC").tz_localize(None), self.unit)

    def labels(self, moments: np.ndarray) -> Any:
        """(times,) in the form of the column.

        If texts or Python's dates would lose a part of the time, datetime64 instead.
        """
        import pandas as pd

        if self.form == "number":
            return moments
        local = self.local(moments)
        times = pd.DatetimeIndex(moments.view(f"datetime64[{self.unit}]"))
        if self.zone is not None:
            times = times.tz_localize("UTC").tz_convert(self.zone)
        if self.form == "arrow":
            import pyarrow as pa

            return pd.Series(times, dtype=pd.ArrowDtype(pa.timestamp(self.unit, self.zone)))
        if self.form == "object":
            return times.astype(object)
        if self.form in ("date", "arrow date") and not times_of_day(local, self.unit).any():
            dates: Any = pd.Series(dates_of(local, self.unit).tolist(), dtype=object)
            return dates if self.form == "date" else dates.astype("date32[day][pyarrow]")
        if self.text is not None:
            size: Any = np.timedelta64(1, self.text.unit) // np.timedelta64(1, self.unit) or 1
            if not (local % int(size)).any():
                offsets = (local - moments) // (60 * 10**9 // NANOSECONDS[self.unit])
                return pd.Series(self.text.write(local, offsets, self.unit))
        return times if self.zone is not None else times.to_numpy()

    def written(self, moment: int) -> str:
        """A time for a message: 2015-07-31, 2015-07-31 08:00:00, 2015-07-31 08:00:00+02:00 or 17."""
        import pandas as pd

        if self.form == "number":
            return str(moment)
        local = int(self.local(np.array([moment]))[0])
        if local % (86_400 * 10**9 // NANOSECONDS[self.unit]) == 0:
            return str(np.array([local]).view(f"datetime64[{self.unit}]").astype("datetime64[D]")[0])
        time: Any = replace(self, form="datetime", text=None).labels(np.array([moment]))[0]
        return str(pd.Timestamp(time))

    def refined(self, unit: Unit) -> "Clock":
        """The clock with this resolution, if it is finer than its own."""
        return replace(self, unit=min(self.unit, unit, key=NANOSECONDS.__getitem__))

    def converted(self, moments: np.ndarray, unit: Unit) -> tuple[np.ndarray, np.ndarray]:
        """((times,) moments converted from a unit to this clock's, rounded down; (times,) whether exact).

        Moments beyond the range of this clock's unit are clipped to its limits, and not exact.
        """
        ratio = NANOSECONDS[unit] // NANOSECONDS[self.unit]
        if ratio:
            most = np.iinfo(np.int64).max // ratio
            return np.clip(moments, -most, most) * ratio, np.abs(moments) <= most
        ratio = NANOSECONDS[self.unit] // NANOSECONDS[unit]
        return moments // ratio, moments % ratio == 0


@dataclass(frozen=True, eq=False)
class Times:
    """The times of a column.

    moments: (rows,) int64. mixed: whether the offsets from UTC differ between rows; no time zone is
    known then, and the clock is in UTC.
    """

    moments: np.ndarray
    clock: Clock
    mixed: bool = False


def read_times(column: "pd.Series", source: str) -> Times:
    """Read a column of dates, ISO texts of dates or whole numbers, without gaps.

    Texts with one offset from UTC keep it as their zone. Raises DataError, naming source, column and row, for
    a cell that is neither a date nor a whole number, and for a zone without a name.
    """
    if kind_of(column) == "number":
        return Times(_whole_numbers(column, source), Clock(form="number"))
    dates, mixed = _dates(column, source)
    zone = None
    if dates.tz is not None:
        zone = _zone_name(dates.tz, column, source)
        dates = dates.tz_convert("UTC").tz_localize(None)
    unit: Any = np.datetime_data(dates.dtype)[0]
    moments = _moments(dates, unit)
    return Times(moments, _clock(column, moments, Clock(unit, zone), mixed), mixed)


def _dates(column: "pd.Series", source: str) -> tuple[Any, bool]:
    """(a DatetimeIndex, whether the offsets of its rows differ, so that it is in UTC)."""
    import pandas as pd

    kind = kind_of(column)
    text = kind == "text"
    plain: Any = column.astype(object) if text or isinstance(column.dtype, pd.ArrowDtype) else column
    options: dict[str, Any] = {"format": "ISO8601"} if text else {}
    found: Any = None
    if kind in ("text", "date"):
        with suppress(ValueError):  # differing offsets, or what is no date
            found = pd.DatetimeIndex(pd.to_datetime(plain, **options))
    if found is not None and not found.isna().any():
        return found, False
    moments_of(column, source)  # raises an error that names the row that is no date
    return pd.DatetimeIndex(pd.to_datetime(plain, utc=True, **options)), True


def _clock(column: "pd.Series", moments: np.ndarray, clock: Clock, mixed: bool) -> Clock:
    """The clock with the form of the column."""
    import pandas as pd

    if mixed:
        return clock
    if kind_of(column) == "text":
        form = TextForm.of(str(column.iloc[0]))
        told = replace(clock, form="text", text=form)
        alike = form is not None and list(told.labels(moments)) == list(column)
        return told if alike else clock
    if isinstance(column.dtype, pd.ArrowDtype):
        return replace(clock, form="arrow date" if str(column.dtype).startswith("date") else "arrow")
    if column.dtype != object:
        return clock
    return replace(clock, form="date" if pd.api.types.infer_dtype(column) == "date" else "object")


def _zone_name(zone: Any, column: "pd.Series", source: str) -> str:
    import pandas as pd

    file = re.search(r"zoneinfo/(\w.*)'\)$", str(zone))  # of python-dateutil
    fixed = zone.utcoffset(None)
    names = [
        str(zone),
        f"dateutil/{file[1]}" if file else "",
        str(timezone(fixed)) if fixed is not None else "",
    ]
    for name in names:
        with suppress(KeyError, ValueError, TypeError):
            if pd.DatetimeTZDtype("ns", name) == pd.DatetimeTZDtype("ns", zone):
                return name
    raise DataError(
        f"{source}, column {column.name!r}: its time zone, {zone}, has no name to store it by",
        remedy=f"convert it, such as frame[{column.name!r}].dt.tz_convert('Europe/Berlin')",
    )


def _whole_numbers(column: "pd.Series", source: str) -> np.ndarray:
    numbers = numbers_of(column, source)
    refuse_infinite(column, numbers, source)
    whole = numbers == np.trunc(numbers)
    if not whole.all():
        row = int(np.argmin(whole))
        where = f"{source}, column {column.name!r}, {place(column, row)}"
        raise DataError(
            f"{where}: {shortened(column.iloc[row])} is not a whole number",
            remedy="give dates, or numbers that count the steps",
        )
    return numbers.astype(np.int64)


def _moments(times: Any, unit: Unit) -> np.ndarray:
    """(times,) int64 moments of a DatetimeIndex without a zone."""
    return np.ascontiguousarray(times.to_numpy().astype(f"datetime64[{unit}]")).view(np.int64)
