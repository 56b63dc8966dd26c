"""From a file in a package to a tidy table: names, dates and categories as a person would expect them."""

import io
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING

from chainrule.data.named.catalogue import NamedTable
from chainrule.data.named.frames import read_pickled_frame

if TYPE_CHECKING:
    import pandas as pd


def tidy_table(entry: NamedTable, content: bytes) -> "pd.DataFrame":
    """The table in a package's file; DataError where it is a pickle that is more than a table."""
    frame = _read(entry, content)
    frame = frame.drop(columns="rownames", errors="ignore")  # R's, which count the rows
    return _TIDYING[entry.name](frame) if entry.name in _TIDYING else frame


def _read(entry: NamedTable, content: bytes) -> "pd.DataFrame":
    import pandas as pd

    if entry.member.endswith(".pkl.compress"):
        return read_pickled_frame(content, f"{entry.name} ({entry.member})")
    if entry.member.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = archive.read(archive.namelist()[0])
    return pd.read_csv(io.BytesIO(content))


def _adult(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Categories as they were: the package has a column of zeros and ones for each.

    Its other file, adult_old.csv, has all 48,842 rows, but unknown values filled with the most frequent.
    """
    import pandas as pd

    encoded = [name for name in frame if "_" in str(name)]
    return frame.drop(columns=encoded).join(pd.from_dummies(frame[encoded], sep="_"))


def _ames(frame: "pd.DataFrame") -> "pd.DataFrame":
    """'None' is a category of these columns (no masonry, no feature), which was read as a missing value."""
    return frame.fillna({"Mas_Vnr_Type": "None", "Misc_Feature": "None"})


def _hotel(frame: "pd.DataFrame") -> "pd.DataFrame":
    return _with_time(frame, "arrival_date")


def _flights(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Without what is known only after landing, which would give the delay away."""
    return _with_time(frame.drop(columns=["arr_time", "air_time"]), "time_hour")


def _bike(frame: "pd.DataFrame") -> "pd.DataFrame":
    return _with_time(frame.drop(columns="date"), "ts")  # the day of ts, once more


def _electricity(frame: "pd.DataFrame") -> "pd.DataFrame":
    return _with_time(frame, "ts")


def _rossmann(frame: "pd.DataFrame") -> "pd.DataFrame":
    return _with_time(frame, "Date").sort_values(["Store", "Date"], ignore_index=True)


def _with_time(frame: "pd.DataFrame", column: str) -> "pd.DataFrame":
    import pandas as pd

    return frame.assign(**{column: pd.to_datetime(frame[column])})


_TIDYING: "dict[str, Callable[[pd.DataFrame], pd.DataFrame]]" = {
    "adult": _adult,
    "ames": _ames,
    "hotel": _hotel,
    "flights": _flights,
    "bike": _bike,
    "electricity": _electricity,
    "rossmann": _rossmann,
}
