"""Folders of documents: a folder for each class, with a text file for each document."""

import os
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from chainrule.data.images.checking import IMAGE_SUFFIXES
from chainrule.data.images.findings import left_out, none_left
from chainrule.data.images.folders import PARTS, label_of
from chainrule.data.table import Table
from chainrule.data.wording import counted
from chainrule.errors import DataError
from chainrule.paths import printable

SUFFIX = ".txt"
TEXT, CLASS, PART = "text", "class", "(part)"
"""Names of the columns of a table of documents; `PART` is there only if the folder has parts."""
_LOOKED_AT = 50


def has_documents(folder: Path) -> bool:
    """Whether a folder holds folders of text files and none of images, by its first few entries."""
    inner = _entries(folder)[0][:_LOOKED_AT]
    parts = [each for each in inner if each.name.lower() in PARTS]
    if parts:
        inner = _entries(parts[0])[0][:_LOOKED_AT]
    suffixes = {PurePath(name).suffix.lower() for each in inner for name in _entries(each)[1][:_LOOKED_AT]}
    return SUFFIX in suffixes and not suffixes & set(IMAGE_SUFFIXES)


def table_of_documents(folder: Path) -> tuple[Table, tuple[str, ...]]:
    """A table with a row for each text file: its text, its class, and its part if the folder has parts.

    folder: holds a folder for each class, or train/ (and perhaps test/ and validation/) with such folders.
    Returns the table, and sentences on files that were left out, as they are empty or not UTF-8.
    Raises DataError if no documents are left, or there is a single class.
    """
    import pandas as pd

    shown = printable(str(folder))
    inner = _entries(folder)[0]
    parts = {each: PARTS[each.name.lower()] for each in inner if each.name.lower() in PARTS}
    if "train" in parts.values():
        classes = [(path, part) for each, part in parts.items() for path in _entries(each)[0]]
    else:
        classes = [(path, "") for path in inner]
    reader = _Reader()
    rows = [
        (text, label_of(path.name), part)
        for path, part in classes
        for each in _entries(path)[1]
        if PurePath(each).suffix.lower() == SUFFIX and (text := reader.text(path / each)) is not None
    ]
    found = reader.told()
    if not rows:
        raise none_left(
            f"{shown} holds no text files that can be read",
            found,
            f"give a folder that holds a folder of {SUFFIX} files for each class",
        )
    frame = pd.DataFrame(rows, columns=[TEXT, CLASS, PART])
    names = sorted(frame[CLASS].unique())
    if len(names) < 2:
        raise DataError(
            f"{shown} has {counted(len(names), 'class')} only, {names[0]!r}",
            remedy="give documents of at least two classes, a folder for each",
        )
    if not any(part for _, part in classes):
        frame = frame.drop(columns=PART)
    return Table(frame, CLASS, str(folder)), found


def text_files(path: Path) -> tuple[list[str], list[str], tuple[str, ...]]:
    """The text files below a folder, or a single one: their paths, their texts, and sentences on others.

    Raises DataError if there are none that can be read.
    """
    reader = _Reader()
    paths = sorted(path.rglob(f"*{SUFFIX}")) if path.is_dir() else [path]
    read = {str(each): text for each in paths if (text := reader.text(each)) is not None}
    if not read:
        shown = printable(str(path))
        raise none_left(f"{shown} holds no texts that can be read", reader.told(), f"give files of {SUFFIX}")
    return list(read), list(read.values()), reader.told()


@dataclass(frozen=True)
class _Reader:
    """Reads text files, and keeps which could not be used."""

    strange: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def text(self, path: Path) -> str | None:
        """The text of a file; None if it is empty, not UTF-8, or can't be read."""
        shown = printable(str(path))
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.strange.append(f"{shown} (byte {error.start:,})")
            return None
        except OSError as error:
            self.unread.append(f"{shown} ({error.strerror})")
            return None
        if not text.strip():
            self.empty.append(shown)
            return None
        return text

    def told(self) -> tuple[str, ...]:
        """Sentences on what was left out."""
        kinds = (("that is not UTF-8", self.strange), ("without text", self.empty))
        return tuple(
            left_out("file", what, paths)
            for what, paths in (*kinds, ("that can't be read", self.unread))
            if paths
        )


def _entries(folder: Path) -> tuple[list[Path], list[str]]:
    """The folders in a folder, and the names of its files, both sorted; hidden ones are left out."""
    try:
        seen = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(
            f"{printable(str(folder))} can't be read: {error.strerror}",
            remedy="check the folder and its permissions",
        ) from None
    seen = [entry for entry in seen if not entry.name.startswith(".")]
    return [Path(entry.path) for entry in seen if entry.is_dir()], [
        entry.name for entry in seen if entry.is_file()
    ]
