"""From a file in a package to a tidy table: names, dates and categories as a person would expect them."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from chainrule.data.named.catalogue import NamedTable
from chainrule.data.named.frames import read_pickled_frame
from chainrule.data.named.pairs import messages, pronunciations, verses

if TYPE_CHECKING:
    import pandas as pd


def tidy_table(entry: NamedTable, files: Mapping[str, bytes]) -> "pd.DataFrame":
    """The table in a package; DataError where it is a pickle that is more than a table.

    files: the content of the entry's members, or of all files in them, by name.
    """
    if entry.name in _OF_TEXTS:
        frame = _OF_TEXTS[entry.name](files)
        return frame.drop_duplicates(frame.columns[0], ignore_index=True)
    if entry.name in _OF_PAIRS:
        return _OF_PAIRS[entry.name](files)
    frame = _read(entry, files[entry.member])
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


def _imdb(files: Mapping[str, bytes]) -> "pd.DataFrame":
    import pandas as pd

    (content,) = files.values()
    reviews = json.loads(content)
    kinds = ("negative", "positive")
    return pd.DataFrame(
        {"review": [each["t"] for each in reviews], "sentiment": [kinds[each["s"]] for each in reviews]}
    )


def _bbc_topics(files: Mapping[str, bytes]) -> "pd.DataFrame":
    """One file, sports/199.txt, is written in Latin 1, the others in UTF-8."""
    import pandas as pd

    rows = []
    for name, content in sorted(files.items()):
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
        rows.append((text.strip(), PurePosixPath(name).parent.name))
    return pd.DataFrame(rows, columns=["text", "topic"])


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

_OF_TEXTS: "dict[str, Callable[[Mapping[str, bytes]], pd.DataFrame]]" = {
    "imdb": _imdb,
    "bbc-topics": _bbc_topics,
}

_OF_PAIRS: "dict[str, Callable[[Mapping[str, bytes]], pd.DataFrame]]" = {
    "kjv-spanish": verses,
    "software-spanish": messages,
    "cmudict": pronunciations,
}
