"""Images, or other files, listed in a table: a column of paths, one of labels, and perhaps one of parts."""

import os
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from chainrule.data.images.findings import left_out
from chainrule.data.images.folders import IMAGES, PARTS, FileKind, Found, Walked
from chainrule.data.reading import Raw, open_raw
from chainrule.data.table import tidy_columns
from chainrule.data.values import column_of
from chainrule.data.wording import counted, listed
from chainrule.errors import DataError, did_you_mean
from chainrule.paths import printable

if TYPE_CHECKING:
    import pandas as pd

_LABELS = ("label", "labels", "class", "classes", "target", "category", "y")
_PART_COLUMNS = ("split", "part", "subset", "set", "fold")


@dataclass(frozen=True)
class _Columns:
    paths: str
    labels: str | None
    parts: str | None


def listed_files(table: Path, target: str | None, *, labelled: bool, kind: FileKind = IMAGES) -> Walked:
    """The files of a kind that a table lists.

    table: a file in any format of tables (CSV, Parquet, …). Paths in it are absolute, or relative to its
    folder. The first column in which most cells have a suffix of the kind holds the paths.
    target: the column of labels; None: the one called label, class, target, category or y (or labels,
    classes), else the only remaining one. labelled: False reads no labels.
    A column called split, part, subset, set or fold gives the part of each file, if all its cells are among
    `PARTS`.
    Rows without a path or label, and rows whose file is missing, are left out; the findings say so.
    Raises DataError if a column can't be identified, or none of the files exists.
    """
    raw = open_raw(table)
    frame = tidy_columns(raw.frame, raw.source)
    columns = _columns(frame, raw.source, target, kind, labelled=labelled)
    raw = replace(raw, frame=frame)
    paths = _texts(frame, columns.paths)
    labels = _written(raw, columns.labels) if columns.labels else [""] * len(frame)
    parts = _texts(frame, columns.parts) if columns.parts else [""] * len(frame)
    files, missing, blank = [], [], 0
    for path, label, part in zip(paths, labels, parts, strict=True):
        if not path or (labelled and not label):
            blank += 1
            continue
        place = _place(table.parent, path)
        if place is None:
            missing.append(path)
        else:
            files.append(Found(place, label, PARTS.get(part.lower(), "")))
    if not files:
        raise DataError(
            f"{raw.source}: none of the files in column {columns.paths!r} exists, such as "
            f"{printable(str(table.parent / (missing[0] if missing else '')))}",
            remedy="give paths relative to the table's folder",
        )
    return Walked(tuple(files), tuple(_told(missing, blank, kind.noun)))


def _told(missing: list[str], blank: int, noun: str) -> list[str]:
    told = []
    if missing:
        told.append(left_out("row", f"whose {noun} is missing", [printable(path) for path in missing]))
    if blank:
        told.append(f"Left out: {counted(blank, 'row')} without a path or a label.")
    return told


def _columns(
    frame: "pd.DataFrame", source: str, target: str | None, kind: FileKind, *, labelled: bool
) -> _Columns:
    names = [str(name) for name in frame.columns]
    paths = [name for name in names if holds_paths(_texts(frame, name), kind)]
    if not paths:
        raise DataError(
            f"{source} has no column of paths of {kind.noun}s",
            remedy=f"name files such as cats/1{kind.suffixes[0]} in one of its columns {listed(names)}",
        )
    if target is not None and target not in names:
        raise DataError(
            f"{source} has no column {target!r}{did_you_mean(target, names)}",
            remedy=f"name one of {listed(names)} as the target",
        )
    others = [name for name in names if name != paths[0]]
    parts = next((name for name in others if _holds_parts(frame, name)), None)
    others = [name for name in others if name != parts]
    usual = [name for name in others if name.lower() in _LABELS]
    labels = target or (usual or others)[0] if usual or others or target else None
    if labelled and (labels is None or (target is None and not usual and len(others) > 1)):
        raise DataError(
            f"{source}: which column holds the labels? It has {listed(names)}",
            remedy="name it ({target})",
            settings={"target": ...},
        )
    return _Columns(paths[0], labels if labelled else None, parts)


def holds_paths(texts: list[str], kind: FileKind) -> bool:
    """Whether most of some cells are names with a suffix of the kind; one without a suffix is none."""
    suffixes = [PurePath(text).suffix != "" and kind.may_be(text) for text in texts if text]
    return bool(suffixes) and sum(suffixes) > len(suffixes) / 2


def _holds_parts(frame: "pd.DataFrame", name: str) -> bool:
    return name.lower() in _PART_COLUMNS and all(text.lower() in PARTS for text in _texts(frame, name))


def _written(raw: Raw, name: str) -> list[str]:
    """The cells of a column as written in the file, so that 007 stays 007."""
    cells = raw.cells(name)
    if not cells.are_texts:
        return _texts(raw.frame, name)
    shown = cells.shown
    return ["" if gone else str(text).strip() for text, gone in zip(shown, shown.isna(), strict=True)]


def _texts(frame: "pd.DataFrame", name: str) -> list[str]:
    """The cells of a column as texts, '' if missing."""
    column = column_of(frame, name)
    return ["" if gone else str(value).strip() for value, gone in zip(column, column.isna(), strict=True)]


def _place(folder: Path, path: str) -> str | None:
    """The path of a file, or None if it does not exist. Tables written on Windows have backslashes."""
    for each in (path, path.replace("\\", "/")):
        place = os.path.join(folder, each)  # noqa: PTH118 (paths are text here)
        if os.path.isfile(place):  # noqa: PTH113
            return place
    return None
