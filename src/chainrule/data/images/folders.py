"""Folders of images: one for each class, perhaps within one for each part."""

import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from chainrule.data.images.checking import IMAGE_SUFFIXES, NAMED_PATHS
from chainrule.data.images.images import Part
from chainrule.data.wording import counted
from chainrule.errors import DataError
from chainrule.paths import printable

PARTS: dict[str, Part] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
"""The part that a name of a folder, cell or array means, in lower case."""

_LITTER = ("thumbs.db", "desktop.ini", "__macosx")  # of systems; other litter is hidden


Identity = tuple[int, int]
"""Device and inode of a folder: the same through any link to it."""


@dataclass(frozen=True)
class Found:
    """A file that may be an image. label: its class; part: 'train', 'validation' or 'test'; '' for none."""

    path: str
    label: str = ""
    part: str = ""


@dataclass(frozen=True)
class Walked:
    """The files of a folder. findings: sentences on what was left out."""

    files: tuple[Found, ...]
    findings: tuple[str, ...]


def class_folders(folder: Path) -> Walked:
    """The files of a folder that holds a folder for each class, or train/, val/ and test/ with such folders.

    A class has all files below its folder. Links are followed, except to a folder that contains them. Hidden
    files and those of operating systems (Thumbs.db, desktop.ini) are ignored.
    Raises DataError, naming the folder, if it can't be read or holds no folders.
    """
    inner, _ = _listed(folder)
    parts = {path: PARTS[PurePath(path).name.lower()] for path in inner if _name(path).lower() in PARTS}
    if "train" not in parts.values():
        return _of_classes(folder, "", ())
    walks = [_of_classes(Path(path), part, (_identity(str(folder)),)) for path, part in parts.items()]
    findings = [finding for walk in walks for finding in walk.findings]
    beside = [path for path in inner if path not in parts]
    if beside:
        findings.append(_few("beside the folders of parts, passed over:", beside))
    return Walked(tuple(file for walk in walks for file in walk.files), tuple(findings))


def all_files(folder: Path) -> Walked:
    """All files below a folder that may be images, without labels."""
    notes = _Notes()
    return Walked(tuple(Found(path) for path in _below(str(folder), notes)), notes.told())


def label_of(name: str) -> str:
    """The class that a folder's name means. Accents get Unicode's composed form, the same on all systems."""
    return unicodedata.normalize("NFC", printable(name))


@dataclass(frozen=True)
class _Notes:
    """What a walk leaves out: links back to a folder above, what can't be read, files of other kinds."""

    round: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def told(self) -> tuple[str, ...]:
        told = []
        if self.round:
            told.append(_few("links that go round, not followed:", self.round))
        if self.unread:
            told.append(_few("what can't be read, left out:", self.unread))
        if self.others:
            told.append(_few("files that are no images by their names, left out:", self.others))
        return tuple(told)


def _of_classes(folder: Path, part: str, above: tuple[Identity, ...]) -> Walked:
    inner, loose = _listed(folder)
    if not inner and part != "train" and part:
        return Walked((), (f"{printable(str(folder))} holds no folders of classes: it is left out.",))
    if not inner:
        raise DataError(
            f"{printable(str(folder))} holds no folders"
            + (f", only {counted(len(loose), 'file')}" if loose else ""),
            remedy="give a folder that holds a folder of images for each class",
        )
    notes = _Notes()
    above = (*above, _identity(str(folder)))
    files: list[Found] = []
    empty = []
    for path in inner:
        below = [Found(each, label_of(_name(path)), part) for each in _below(path, notes, above)]
        files += below
        if not below:
            empty.append(path)
    findings = [*notes.told()]
    if empty:
        findings.append(_few("folders without images, no classes:", empty))
    if loose:
        findings.append(_few("files that are in no class's folder, left out:", loose))
    return Walked(tuple(files), tuple(findings))


def _listed(folder: Path) -> tuple[list[str], list[str]]:
    """The folders in a folder, and the files in it that may be images, both sorted by name."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(
            f"{printable(str(folder))} can't be read: {error.strerror}",
            remedy="check the folder and its permissions",
        ) from None
    seen = [entry for entry in entries if not _is_litter(entry.name)]
    inner = [entry.path for entry in seen if entry.is_dir()]
    return inner, [entry.path for entry in seen if not entry.is_dir() and _may_be_image(entry.name)]


def _below(folder: str, notes: _Notes, above: tuple[Identity, ...] = ()) -> Iterator[str]:
    """The files below a folder that may be images, sorted by name; links are followed.

    above: the folders that contain this one, which a link must not lead back to.
    """
    try:
        here = _identity(folder)
        if here in above:
            notes.round.append(folder)
            return
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        notes.unread.append(folder)
        return
    for entry in entries:
        if _is_litter(entry.name):
            continue
        try:
            mode = entry.stat().st_mode
        except OSError:  # a link to nothing, or to itself
            notes.unread.append(entry.path)
            continue
        if stat.S_ISDIR(mode):
            yield from _below(entry.path, notes, (*above, here))
        elif stat.S_ISREG(mode) and _may_be_image(entry.name):
            yield entry.path
        else:
            notes.others.append(entry.path)


def _identity(folder: str) -> Identity:
    found = os.stat(folder)  # noqa: PTH116 (paths are text here)
    return found.st_dev, found.st_ino


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LITTER


def _may_be_image(name: str) -> bool:
    """Whether the suffix is that of an image, or missing."""
    return PurePath(name).suffix.lower() in (*IMAGE_SUFFIXES, "")


def _name(path: str) -> str:
    return os.path.basename(path)  # noqa: PTH119 (paths are text here)


def _few(what: str, paths: list[str]) -> str:
    shown = ", ".join(printable(path) for path in paths[:NAMED_PATHS])
    more = f" and {len(paths) - NAMED_PATHS:,} more" if len(paths) > NAMED_PATHS else ""
    return f"{len(paths):,} {what} {shown}{more}."
