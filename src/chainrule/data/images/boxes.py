"""Boxes: images whose targets are objects, each with a class and a rectangle; the format of Pascal VOC."""

import xml.parsers.expat
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from chainrule.data.images.findings import few, left_out, none_left
from chainrule.data.images.folders import PARTS, files_below
from chainrule.data.images.images import Images
from chainrule.data.images.opening import open_images
from chainrule.data.images.places import text_lines
from chainrule.data.labels import ordered_classes
from chainrule.data.wording import counted, listed
from chainrule.errors import DataError
from chainrule.paths import printable

_LISTS = Path("ImageSets/Main")


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
    """The objects of one image: (left, top, right, bottom) in pixels, and the name of the class, of each.

    size: (height, width) that the annotation gives of the image; None if it gives none.
    """

    corners: list[tuple[float, float, float, float]]
    names: list[str]
    size: tuple[int, int] | None = None


def open_voc(folder: str | Path) -> Boxes:
    """Images with boxes in a folder laid out like Pascal VOC.

    folder: holds JPEGImages/, Annotations/ with an XML file for each image, and perhaps ImageSets/Main/ with
    train.txt, val.txt and test.txt, which list the images of each part.
    VOC counts pixels from 1 and includes the last one: corners become (xmin - 1, ymin - 1, xmax, ymax),
    clipped to the image. Boxes without area, images without an annotation, annotations without an image, and
    images whose annotation can't be read are left out; `Boxes.images.findings` names them.
    Raises DataError if a folder is missing, a list is not UTF-8, or no image has a box.
    """
    root = Path(folder)
    shown = printable(str(root))
    for inner in ("JPEGImages", "Annotations"):
        if not (root / inner).is_dir():
            raise DataError(f"{shown} holds no folder {inner}", remedy="give a folder as Pascal VOC has it")
    images = open_images(root / "JPEGImages", labelled=False)
    notes = list(images.findings)
    annotations = files_below(root / "Annotations", ".xml")
    rows, found, lacking, broken, empty = [], [], [], [], []
    for row, path in enumerate(images.paths):
        place = annotations.get(Path(path).stem)
        if place is None:
            lacking.append(printable(path))
            continue
        try:
            each, without_area = clipped(_read_voc(Path(place)), images.sizes[row])
        except DataError as error:
            broken.append(error)
            continue
        rows.append(row)
        found.append(each)
        empty += [printable(place)] * without_area
    if lacking:
        notes.append(left_out("image", "without an annotation", lacking))
    if broken:
        notes.append(left_out("image", "whose annotation can't be read", [each.what for each in broken]))
    known = {Path(path).stem for path in images.paths}
    notes += without_image(
        "annotation", {stem: annotations[stem] for stem in annotations if stem not in known}
    )
    parts, unknown = _parts(root / _LISTS, known)
    if unknown:
        notes.append(left_out("name", f"in {printable(str(root / _LISTS))} without an image", unknown))
    kept = replace(
        images.take(np.array(rows, np.int64)),
        source=shown,
        parts=np.array([parts.get(Path(images.paths[row]).stem, "") for row in rows], "U10"),
    )
    return described(kept, found, notes, empty, remedy=broken[0].remedy if broken else "")


def without_image(noun: str, spare: Mapping[str, str]) -> list[str]:
    """A sentence on files of annotations that go with no image, if there are such. spare: name -> path."""
    shown = [printable(path) for path in spare.values()]
    return [left_out(noun, "whose image is missing or can't be used", shown)] if spare else []


def described(
    images: Images,
    found: Sequence[Annotated],
    notes: Sequence[str],
    empty: Sequence[str],
    classes: Sequence[str] = (),
    remedy: str = "",
) -> Boxes:
    """The Boxes of images and the objects found in each.

    found: one for each image. notes: findings so far. empty: for each box left out for having no area, the
    path of its annotation. classes: in the order of their numbers; empty: the names that occur, sorted
    (`ordered_classes`). remedy: for annotations that can't be read, if there are such.
    Raises DataError if no image has a box.
    """
    notes = list(notes)
    if empty:
        notes.append(left_out("object", "whose box has no area within its image", empty))
    other = [
        printable(path)
        for path, size, each in zip(images.paths, images.sizes.tolist(), found, strict=True)
        if each.size is not None and list(each.size) != size
    ]
    if other:
        notes.append(
            f"{counted(len(other), 'image')} of another size than the annotations say: {few(other)}; "
            "boxes are taken in pixels of the images as they are."
        )
    names = sorted({name for each in found for name in each.names})
    if not names:
        remedy = remedy or "give annotations that have boxes of objects"
        raise none_left(f"{images.source} holds no image with boxes", notes, remedy)
    known = tuple(classes) or ordered_classes(np.array(names))
    corners = tuple(np.array(each.corners, np.float32).reshape(-1, 4) for each in found)
    numbers = tuple(np.array([known.index(name) for name in each.names], np.int64) for each in found)
    return Boxes(replace(images, findings=tuple(notes)), known, corners, numbers)


def _parts(folder: Path, known: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """The part of each name in the lists of a folder, and the names that are not among the known ones."""
    part_of: dict[str, str] = {}
    for name in PARTS:
        file = folder / f"{name}.txt"
        if file.exists():
            part_of |= {line.split()[0]: PARTS[name] for line in text_lines(file) if line.strip()}
    return part_of, [printable(name) for name in part_of if name not in known]


def clipped(given: Annotated, size: np.ndarray) -> tuple[Annotated, int]:
    """The boxes clipped to an image of this (height, width), and how many were dropped for having no area."""
    height, width = size.tolist()
    corners, names = [], []
    for (left, top, right, bottom), name in zip(given.corners, given.names, strict=True):
        box = (max(left, 0), max(top, 0), min(right, width), min(bottom, height))
        if box[0] < box[2] and box[1] < box[3]:
            corners.append(box)
            names.append(name)
    return replace(given, corners=corners, names=names), len(given.names) - len(names)


def _read_voc(path: Path) -> Annotated:
    shown = printable(str(path))
    corners, names = [], []
    root = _xml(path, shown)
    for thing in root.iter("object"):
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
    return Annotated(corners, names, said_size(root.findtext("size/height"), root.findtext("size/width")))


def said_size(height: object, width: object) -> tuple[int, int] | None:
    """What an annotation says of the size of its image; None where that is no size, as some tools write 0."""
    given = (str(height or "").strip(), str(width or "").strip())
    if not all(side.isascii() and side.isdecimal() and int(side) for side in given):
        return None
    return int(given[0]), int(given[1])


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
    except (LookupError, ValueError) as error:  # of an encoding that the parser does not know
        if isinstance(error, DataError):
            raise
        raise DataError(f"{shown}: {error}", remedy="save it as UTF-8") from None
    except OSError as error:
        raise DataError(f"{shown} can't be read: {error.strerror}", remedy="check its permissions") from None
    return builder.close()
