"""Boxes: images whose targets are objects, each with a class and a rectangle; the format of Pascal VOC."""

import xml.parsers.expat
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from chainrule.data.images.checking import left_out
from chainrule.data.images.folders import PARTS
from chainrule.data.images.images import Images, ordered_classes
from chainrule.data.images.opening import open_images
from chainrule.data.wording import counted, listed
from chainrule.errors import DataError
from chainrule.paths import printable


@dataclass(frozen=True, eq=False)
class Boxes:
    """Images and the objects in them.

    images: without labels. classes: the names of the classes, in the order of their numbers.
    corners: for each image (objects, 4) float32, the left, top, right and bottom edge of each object in
    pixels from the upper left corner; right and bottom are exclusive.
    numbers: for each image (objects,) int64, the class of each object, from 0.
    """

    images: Images
    classes: tuple[str, ...]
    corners: tuple[np.ndarray, ...]
    numbers: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Annotated:
    """The objects of one image: (left, top, right, bottom) in pixels, and the name of the class, of each."""

    corners: list[tuple[float, float, float, float]]
    names: list[str]


def open_voc(folder: str | Path) -> Boxes:
    """Images with boxes in a folder laid out like Pascal VOC.

    folder: holds JPEGImages/, Annotations/ with an XML file for each image, and perhaps ImageSets/Main/ with
    train.txt, val.txt and test.txt, which list the images of each part.
    VOC counts pixels from 1 and includes the last one: corners become (xmin - 1, ymin - 1, xmax, ymax),
    clipped to the image. Boxes without area, images without an annotation, and images whose annotation can't
    be read are left out; `Boxes.images.findings` names them.
    Raises DataError if a folder is missing, or no image has a box.
    """
    root = Path(folder)
    shown = printable(str(root))
    for inner in ("JPEGImages", "Annotations"):
        if not (root / inner).is_dir():
            raise DataError(f"{shown} holds no folder {inner}", remedy="give a folder as Pascal VOC has it")
    images = open_images(root / "JPEGImages", labelled=False)
    notes = list(images.findings)
    rows, found, lacking, broken, empty = [], [], [], [], 0
    for row, path in enumerate(images.paths):
        place = root / "Annotations" / f"{Path(path).stem}.xml"
        if not place.is_file():
            lacking.append(printable(path))
            continue
        try:
            each, without_area = clipped(_read_voc(place), images.sizes[row])
        except DataError as error:
            broken.append(error.what)
            continue
        rows.append(row)
        found.append(each)
        empty += without_area
    if lacking:
        notes.append(left_out(len(lacking), "without an annotation", lacking))
    if broken:
        notes.append(left_out(len(broken), "whose annotation can't be read", broken))
    parts = _parts(root / "ImageSets" / "Main", [Path(images.paths[row]).stem for row in rows])
    kept = replace(images.take(np.array(rows, np.int64)), source=shown, parts=parts)
    return described(kept, found, notes, empty)


def described(
    images: Images, found: Sequence[Annotated], notes: Sequence[str], empty: int, classes: Sequence[str] = ()
) -> Boxes:
    """The Boxes of images and the objects found in each.

    found: one for each image. notes: findings so far. empty: number of boxes left out for having no area.
    classes: in the order of their numbers; empty: the names that occur, sorted (`ordered_classes`).
    Raises DataError if no image has a box.
    """
    notes = list(notes)
    if empty:
        notes.append(f"Left out: {counted(empty, 'object')} whose box has no area within its image.")
    names = sorted({name for each in found for name in each.names})
    if not names:
        raise DataError(f"{images.source} holds no image with boxes", remedy="; ".join(notes))
    known = tuple(classes) or ordered_classes(np.array(names))
    corners = tuple(np.array(each.corners, np.float32).reshape(-1, 4) for each in found)
    numbers = tuple(np.array([known.index(name) for name in each.names], np.int64) for each in found)
    return Boxes(replace(images, findings=tuple(notes)), known, corners, numbers)


def _parts(folder: Path, stems: list[str]) -> np.ndarray:
    """(stems,) the part of each image; '' if no list names it."""
    part_of: dict[str, str] = {}
    for name in PARTS:
        file = folder / f"{name}.txt"
        if file.is_file():
            for line in file.read_text(encoding="utf-8").splitlines():
                if line.strip():
                    part_of[line.split()[0]] = PARTS[name]
    return np.array([part_of.get(stem, "") for stem in stems], "U10")


def clipped(given: Annotated, size: np.ndarray) -> tuple[Annotated, int]:
    """The boxes clipped to an image of this (height, width), and how many were dropped for having no area."""
    height, width = size.tolist()
    corners, names = [], []
    for (left, top, right, bottom), name in zip(given.corners, given.names, strict=True):
        box = (max(left, 0), max(top, 0), min(right, width), min(bottom, height))
        if box[0] < box[2] and box[1] < box[3]:
            corners.append(box)
            names.append(name)
    return Annotated(corners, names), len(given.names) - len(names)


def _read_voc(path: Path) -> Annotated:
    shown = printable(str(path))
    corners, names = [], []
    for thing in _xml(path, shown).iter("object"):
        name, box = (thing.findtext("name") or "").strip(), thing.find("bndbox")
        if not name or box is None:
            raise DataError(f"{shown} has an object without name or bndbox", remedy="annotate it again")
        try:
            left, top, right, bottom = (float(box.findtext(key) or "") for key in _KEYS)
        except ValueError:
            raise DataError(
                f"{shown} has a bndbox without {listed(_KEYS)} as numbers", remedy="annotate it again"
            ) from None
        corners.append((left - 1, top - 1, right, bottom))
        names.append(name)
    return Annotated(corners, names)


_KEYS = ("xmin", "ymin", "xmax", "ymax")


def _xml(path: Path, shown: str) -> ElementTree.Element:
    """The root element of an XML file. Raises DataError for entities, which can expand without bound."""

    def refuse(name: str, *rest: object) -> None:
        raise DataError(f"{shown} defines the XML entity {name!r}", remedy="write it without entities")

    builder = ElementTree.TreeBuilder()
    parser = xml.parsers.expat.ParserCreate()
    parser.buffer_text = True
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(path.read_bytes(), True)
    except xml.parsers.expat.ExpatError as error:
        raise DataError(f"{shown} is no XML: {error}", remedy="annotate it again") from None
    except OSError as error:
        raise DataError(f"{shown} can't be read: {error.strerror}", remedy="check its permissions") from None
    return builder.close()
