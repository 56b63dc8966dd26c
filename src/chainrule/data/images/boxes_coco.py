"""Boxes in the format of COCO: a JSON file with images, annotations and categories."""

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.images.boxes import Annotated, Boxes, clipped, described, said_size
from chainrule.data.images.checking import check_files
from chainrule.data.images.findings import left_out
from chainrule.data.images.folders import PARTS
from chainrule.data.images.images import Images
from chainrule.data.images.places import check_is_file
from chainrule.data.wording import counted, shortened
from chainrule.errors import DataError
from chainrule.paths import printable

_BEGIN = 4096
_SHOWN = 100  # characters of a name


def coco_files(folder: Path) -> list[Path]:
    """The JSON files in a folder, in its annotations/, and in its folders of parts (`PARTS`)."""
    inner = [path for path in sorted(folder.iterdir()) if path.is_dir()]
    places = [folder, *(path for path in inner if path.name.lower() in ("annotations", *PARTS))]
    return [file for place in places for file in sorted(place.glob("*.json")) if file.is_file()]


def is_coco(file: Path) -> bool:
    """Whether a file is a JSON object with one of COCO's keys in its first 4,096 bytes."""
    with file.open("rb") as opened:
        begin = opened.read(_BEGIN)
    keys = (b'"images"', b'"annotations"', b'"categories"', b'"licenses"')
    return begin.removeprefix(BOM_UTF8).lstrip().startswith(b"{") and any(key in begin for key in keys)


def open_coco(files: list[Path], root: Path) -> Boxes:
    """The images with boxes that JSON files in COCO's format list.

    The part of a file's images is a word of its name (instances_val2017.json), else the name of its folder.
    An image is looked for, under its file_name, beside the JSON file, in the root, in the folder of its part,
    and in images/ of each of these. Classes are the categories in the order of their ids. Annotations of
    crowds (iscrowd), without bbox or of an image that is not listed, boxes without area, and images that are
    missing or damaged are left out; `Boxes.images.findings` says so.
    Raises DataError, naming the file, for one in another format, and if no image has a box.
    """
    shown, ids = printable(str(root)), dict[str, int]()
    paths: list[str] = []
    parts: list[str] = []
    objects: list[Annotated] = []
    missing: list[str] = []
    strange: list[str] = []
    crowds = 0
    for file in files:
        content = _content(file)
        named = {int(each["id"]): str(each["name"]) for each in content["categories"]}
        ids = {name: number for number, name in named.items()} | ids
        by_image: dict[Any, Annotated] = {
            each["id"]: Annotated([], [], said_size(each.get("height"), each.get("width")))
            for each in content["images"]
        }
        for each in content["annotations"]:
            if _is_crowd(each):
                crowds += 1
                continue
            image = by_image.get(each["image_id"])
            if image is None:
                strange.append(f"{_of(each, file)}, of image {each['image_id']}")
                continue
            left, top, width, height = map(float, each["bbox"])
            image.corners.append((left, top, left + width, top + height))
            image.names.append(named[int(each["category_id"])])
        part = _part_of(file)
        bases = _bases(file, root, part)
        for each in content["images"]:
            path = _found(str(each["file_name"]), bases)
            if path is None:
                missing.append(printable(f"{str(each['file_name'])[:_SHOWN]} of {file}"))
                continue
            paths.append(str(path))
            parts.append(part)
            objects.append(by_image[each["id"]])
    checked = check_files(paths)
    notes = list(checked.findings)
    if missing:
        notes.append(left_out("image", "that can't be found", missing))
    if strange:
        notes.append(left_out("annotation", "whose image is not listed", strange))
    if crowds:
        notes.append(f"Left out: {counted(crowds, 'annotation')} of crowds or without a box.")
    several = [clipped(objects[row], size) for row, size in zip(checked.rows, checked.sizes, strict=True)]
    images = Images(
        shown,
        checked.sizes,
        checked.channels,
        tuple(paths[row] for row in checked.rows),
        parts=np.array([parts[row] for row in checked.rows], "U10"),
    )
    empty = [
        printable(path) for path, (_, count) in zip(images.paths, several, strict=True) for _ in range(count)
    ]
    return described(
        images, [each for each, _ in several], notes, empty, sorted(ids, key=lambda name: ids[name])
    )


def _is_crowd(annotation: Mapping[str, Any]) -> bool:
    """Whether it is of many objects at once, or has no box."""
    return bool(annotation.get("iscrowd")) or not annotation.get("bbox")


def _of(annotation: Mapping[str, Any], file: Path) -> str:
    return f"{printable(str(file))}, annotation {annotation.get('id', '')}"


def _content(file: Path) -> Mapping[str, Any]:
    shown = printable(str(file))
    try:
        check_is_file(str(file))
        content = json.loads(file.read_text(encoding="utf-8-sig"))
        for name, keys in (
            ("images", ("id", "file_name")),
            ("annotations", ("image_id", "category_id")),
            ("categories", ("id", "name")),
        ):
            for each in content[name]:
                for key in keys:
                    each[key]
        images = Counter(each["id"] for each in content["images"])
        categories = {int(each["id"]) for each in content["categories"]}
        kinds = [int(each["category_id"]) for each in content["annotations"]]
    except OSError as error:
        raise DataError(f"{shown} can't be read: {error.strerror}", remedy="check its permissions") from None
    except RecursionError:
        raise DataError(f"{shown} is nested too deeply", remedy="write the file again") from None
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        lacking = f"there is no {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise DataError(
            f"{shown} is no JSON of boxes as COCO has it ({printable(lacking)})",
            remedy="it must hold images (id, file_name), annotations (image_id, category_id, bbox) and "
            "categories (id, name)",
        ) from None
    twice = next((number for number, count in images.items() if count > 1), None)
    if twice is not None:
        raise DataError(f"{shown} has several images of the id {twice}", remedy="give each an id of its own")
    for each, kind in zip(content["annotations"], kinds, strict=True):
        if kind not in categories:
            raise DataError(
                f"{_of(each, file)}, is of category {kind}, which is not listed",
                remedy="add it to the categories",
            )
        if not (_is_crowd(each) or _is_box(each["bbox"])):
            raise DataError(
                f"{_of(each, file)}, has the bbox {shortened(each['bbox'])}",
                remedy="give left, top, width and height in pixels",
            )
    return content


def _is_box(given: Any) -> bool:
    try:
        _left, _top, _width, _height = map(float, given)
    except (TypeError, ValueError):
        return False
    return True


def _part_of(file: Path) -> str:
    """The part that the name of a file says, such as instances_train2017, or of its folder; '' for none."""
    words = [*re.findall("[a-z]+", file.stem.lower()), file.parent.name.lower()]
    return next((PARTS[word] for word in words if word in PARTS), "")


def _bases(file: Path, root: Path, part: str) -> list[Path]:
    """Folders in which images of a file may lie, those that are looked into first at the beginning."""
    inner = [path for path in sorted(root.iterdir()) if path.is_dir()] if root.is_dir() else []
    of_part = [
        path
        for path in [*inner, *(below for each in inner if each.name == "images" for below in each.iterdir())]
        if part and PARTS.get(re.sub("[^a-z]", "", path.name.lower())) == part
    ]
    return [place for base in (file.parent, root, *of_part) for place in (base, base / "images")]


def _found(name: str, bases: list[Path]) -> Path | None:
    """Where an image is; files written on Windows have backslashes."""
    for base in bases:
        for place in (base / name, base / name.replace("\\", "/")):
            with suppress(OSError, ValueError):  # of a name that no system takes
                if place.is_file():
                    return place
    return None
