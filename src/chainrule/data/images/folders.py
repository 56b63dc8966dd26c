"""Folders of images, or other files: one for each class, perhaps within one for each part."""

import os
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from chainrule.data.images.checking import IMAGE_SUFFIXES
from chainrule.data.images.findings import left_out
from chainrule.data.images.images import Part
from chainrule.data.wording import counted, one
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
class FileKind:
    """The files that are looked for. noun: what one is called. suffixes: in small letters, '' for none."""

    noun: str
    suffixes: tuple[str, ...]

    def may_be(self, name: str) -> bool:
        """Whether the suffix of a name is that of such a file."""
        return PurePath(name).suffix.lower() in self.suffixes


IMAGES = FileKind("image", (*IMAGE_SUFFIXES, ""))


@dataclass(frozen=True)
class Found:
    """A file that may be of the kind. label: its class. part: 'train', 'validation', 'test'; '' for none."""

    path: str
    label: str = ""
    part: str = ""


@dataclass(frozen=True)
class Walked:
    """The files of a folder. findings: sentences on what was left out."""

    files: tuple[Found, ...]
    findings: tuple[str, ...]


def class_folders(folder: Path, kind: FileKind = IMAGES) -> Walked:
    """The files of a folder that holds a folder for each class, or train/, val/ and test/ with such folders.

    A class has all files below its folder. Links are followed, except to a folder that contains them. Hidden
    files and those of operating systems (Thumbs.db, desktop.ini) are ignored.
    Raises DataError, naming the folder, if it can't be read or holds no folders.
    """
    inner, _ = _listed(folder, kind)
    parts = {path: PARTS[PurePath(path).name.lower()] for path in inner if _name(path).lower() in PARTS}
    if "train" not in parts.values():
        return _of_classes(folder, "", kind)
    walks = [_of_classes(Path(path), part, kind) for path, part in parts.items()]
    findings = [finding for walk in walks for finding in walk.findings]
    beside = [path for path in inner if path not in parts]
    if beside:
        findings.append(left_out("folder", "beside those of the parts", _shown(beside)))
    return Walked(tuple(file for walk in walks for file in walk.files), tuple(findings))


def all_files(folder: Path, kind: FileKind = IMAGES) -> Walked:
    """All files below a folder that may be of a kind, without labels."""
    notes = _Notes(kind)
    return Walked(tuple(Found(path) for path in _below(str(folder), notes, _around(folder))), notes.told())


def files_below(folder: Path, suffix: str) -> dict[str, str]:
    """The files of a suffix below a folder: path within it, without the suffix -> path.

    suffix: in small letters, which the files' may not be. Links and hidden files are as in `all_files`.
    """
    found = _below(str(folder), _Notes(FileKind("file", (suffix,))), _around(folder))
    return {str(PurePath(path).relative_to(folder).with_suffix("")): path for path in found}


def parts_without(root: Path, used: list[Path], what: str) -> list[str]:
    """A sentence on folders of parts in a folder that hold none of those which are used, if there are such.

    what: what is lacking in them.
    """
    inner, _ = _listed(root, IMAGES)
    lacking = [
        path
        for path in inner
        if _name(path).lower() in PARTS and not any(each.is_relative_to(path) for each in used)
    ]
    return [left_out("folder", f"of a part, without {what}", _shown(lacking))] if lacking else []


def lost_labels(walked: Walked, files: Sequence[Found], noun: str) -> list[str]:
    """A sentence on labels that are lost, as none of their files is among those that can be used."""
    lost = sorted({file.label for file in walked.files} - {file.label for file in files})
    return [left_out("label", f"without {one(noun)} that can be used", lost)] if lost and files else []


def label_of(name: str) -> str:
    """The class that a folder's name means. Accents get Unicode's composed form, the same on all systems."""
    return unicodedata.normalize("NFC", printable(name))


@dataclass(frozen=True)
class _Notes:
    """What a walk leaves out: links back to a folder above, what can't be read, files of other kinds."""

    kind: FileKind
    round: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def told(self) -> tuple[str, ...]:
        told = []
        if self.round:
            told.append(left_out("link", "back to a folder around it", _shown(self.round)))
        if self.unread:
            told.append(left_out("path", "that can't be read", _shown(self.unread)))
        if self.others:
            told.append(left_out("file", f"of another kind than {self.kind.noun}s", _shown(self.others)))
        return tuple(told)


def _of_classes(folder: Path, part: str, kind: FileKind) -> Walked:
    inner, loose = _listed(folder, kind)
    if not inner and part != "train" and part:
        return Walked(
            (), (left_out("folder", "of a part, without folders of classes", _shown([str(folder)])),)
        )
    if not inner:
        raise DataError(
            f"{printable(str(folder))} holds no folders"
            + (f", only {counted(len(loose), 'file')}" if loose else ""),
            remedy=f"give a folder that holds a folder of {kind.noun}s for each class",
        )
    notes = _Notes(kind)
    above = (*_around(folder), _identity(str(folder)))
    files: list[Found] = []
    empty = []
    for path in inner:
        below = [Found(each, label_of(_name(path)), part) for each in _below(path, notes, above)]
        files += below
        if not below:
            empty.append(path)
    findings = [*notes.told()]
    if empty:
        findings.append(left_out("folder", f"without {kind.noun}s", _shown(empty)))
    if loose:
        findings.append(left_out("file", "in no class's folder", _shown(loose)))
    return Walked(tuple(files), tuple(findings))


def _listed(folder: Path, kind: FileKind) -> tuple[list[str], list[str]]:
    """The folders in a folder, and the files in it that may be of a kind, both sorted by name."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(
            f"{printable(str(folder))} can't be read: {error.strerror}",
            remedy="check the folder and its permissions",
        ) from None
    seen = [entry for entry in entries if not _is_litter(entry.name)]
    inner = [entry.path for entry in seen if entry.is_dir()]
    return inner, [entry.path for entry in seen if not entry.is_dir() and kind.may_be(entry.name)]


def _below(folder: str, notes: _Notes, above: tuple[Identity, ...]) -> Iterator[str]:
    """The files of the notes' kind below a folder, sorted by name; links are followed.

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
        elif stat.S_ISREG(mode) and notes.kind.may_be(entry.name):
            yield entry.path
        else:
            notes.others.append(entry.path)


def _around(folder: Path) -> tuple[Identity, ...]:
    """The folders that a folder is in: who follows a link to one of them comes back to it."""
    found = []
    for each in folder.resolve().parents:
        with suppress(OSError):  # one that may not be looked into
            found.append(_identity(str(each)))
    return tuple(found)


def _identity(folder: str) -> Identity:
    found = os.stat(folder)  # noqa: PTH116 (paths are text here)
    return found.st_dev, found.st_ino


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.lower() in _LITTER


def _name(path: str) -> str:
    return os.path.basename(path)  # noqa: PTH119 (paths are text here)


def _shown(paths: list[str]) -> list[str]:
    return [printable(path) for path in paths]
