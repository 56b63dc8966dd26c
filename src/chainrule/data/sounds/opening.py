"""Opening sounds: the kind of source is recognized, and its sounds are checked and described."""

import os
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from chainrule.data.images.findings import none_left
from chainrule.data.images.folders import IMAGES, Walked, all_files, class_folders, lost_labels
from chainrule.data.images.listing import listed_files
from chainrule.data.images.places import check_place
from chainrule.data.labels import trainable
from chainrule.data.reading.opening import SUFFIXES
from chainrule.data.sounds.checking import SOUNDS, check_sounds
from chainrule.data.sounds.sounds import Sounds
from chainrule.errors import DataError
from chainrule.paths import printable

TRIM = 40.0
"""Decibels below the loudest moment of a sound that count as silence at its ends."""
_LOOKED_AT = 1000


def open_sounds(
    source: str | os.PathLike[str], *, target: str | None = None, labelled: bool = True, trim: float = TRIM
) -> Sounds:
    """The sounds of a source, checked, with their labels and parts.

    source: a folder that holds a folder for each class, perhaps within train/, val/ (valid/, validation/) and
    test/; or a table of paths and labels, such as CSV or Parquet.
    target: the column of labels of a table, if it is not obvious.
    labelled: False for sounds to predict: any folder of sounds, a table without labels, or a single file;
    labels are then None. trim: decibels, see `trimming.loud_span`; 0 cuts nothing off.
    Files that can't be decoded, silent ones, those shorter than 0.02 s, and sounds whose class does not occur
    in train, are left out; `Sounds.findings` names them.
    Raises DataError for a source that is missing or holds no sounds; if labelled, for sounds without labels,
    for fewer than two classes, and for a class with a single sound in a set without parts. ConfigError if the
    library for sounds is missing.
    """
    path = Path(os.fspath(source))
    shown = printable(str(path))
    check_place(path)
    if not path.is_dir() and path.suffix.lower() not in SUFFIXES:
        return _of_file(path, shown, trim, labelled=labelled)
    if path.is_dir():
        walked = class_folders(path, SOUNDS) if labelled else all_files(path, SOUNDS)
    else:
        walked = listed_files(path, target, labelled=labelled, kind=SOUNDS)
    sounds = _of_files(walked, str(path), shown, trim, labelled=labelled)
    if not labelled:
        return sounds
    assert sounds.labels is not None  # as they were asked for
    kept, findings = trainable(sounds.labels, sounds.parts, SOUNDS.noun, shown, sounds.name_of)
    return replace(sounds.take(kept), findings=(*sounds.findings, *findings)) if findings else sounds


def holds_sounds(folder: Path) -> bool:
    """Whether among the first thousand files below a folder more are sounds than images."""
    names = (name for _, _, names in os.walk(folder) for name in names if not name.startswith("."))
    balance = 0
    for name in islice(names, _LOOKED_AT):
        balance += SOUNDS.may_be(name)
        balance -= "." in name and IMAGES.may_be(name)
    return balance > 0


def _of_file(path: Path, shown: str, trim: float, *, labelled: bool) -> Sounds:
    if labelled:
        raise DataError(
            f"{shown} is a single file", remedy="give a folder that holds a folder of sounds for each class"
        )
    checked = check_sounds([str(path)], trim)
    if checked.broken:
        raise checked.broken[0]
    return Sounds(str(path), (str(path),), checked.rates, checked.spans, parts=np.zeros(1, "U10"))


def _of_files(walked: Walked, source: str, shown: str, trim: float, *, labelled: bool) -> Sounds:
    checked = check_sounds([file.path for file in walked.files], trim)
    files = [walked.files[row] for row in checked.rows]
    findings = (*checked.findings, *walked.findings, *lost_labels(walked, files, SOUNDS.noun))
    if not files:
        remedy = checked.broken[0].remedy if checked.broken else "give files of WAV, FLAC or Ogg"
        raise none_left(f"{shown} holds no sounds that can be read", findings, remedy)
    return Sounds(
        source,
        tuple(file.path for file in files),
        checked.rates,
        checked.spans,
        labels=np.array([file.label for file in files]) if labelled else None,
        parts=np.array([file.part for file in files], "U10"),
        findings=findings,
    )
