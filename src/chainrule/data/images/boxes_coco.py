"""Boxes in the format of COCO: a JSON file with images, annotations and categories."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.images.boxes import Annotated, Boxes, clipped, described
from chainrule.data.images.checking import check_files, left_out
from chainrule.data.images.folders import PARTS
from chainrule.data.images.images import Images
from chainrule.data.wording import counted
from chainrule.errors import DataError
from chainrule.paths import printable

_BEGIN = 4096


def coco_files(folder: Path) -> list[Path]:
    """The JSON files in a folder, in its annotations/, and in its folders of parts (`PARTS`)."""
    inner = [path for path in sorted(folder.iterdir()) if path.is_dir()]
    places = [folder, *(path for path in inner if path.name.lower() in ("annotations", *PARTS))]
    return [file for place in places for file in sorted(place.glob("*.json"))]


def is_coco(file: Path) -> bool:
    """Whether a file is a JSON object with one of COCO's keys in its first 4,096 bytes."""
    with file.open("rb") as opened:
        begin = opened.read(_BEGIN)
    keys = (b'"images"', b'"annotations"', b'"categories"', b'"licenses"')
    return begin.lstrip().startswith(b"{") and any(key in begin for key in keys)


def open_coco(files: list[Path], root: Path) -> Boxes:
    """The images with boxes that JSON files in COCO's format list.

    The part of a file's images is a word of its name (instances_val2017.json), else the name of its folder.
    An image is looked for, under its file_name, beside the JSON file, in the root, in the folder of its part,
    and in images/ of each of these. Classes are the categories in the order of their ids. Annotations of
    crowds (iscrowd) or without bbox, boxes without area, and images that are missing or damaged are left out;
    `Boxes.images.findings` says so.
    Raises DataError, naming the file, for one in another format, and if no image has a box.
    """
    shown, named = printable(str(root)), dict[int, str]()
    paths: list[str] = []
    parts: list[str] = []
    objects: list[Annotated] = []
    missing: list[str] = []
    crowds = 0
    for file in files:
        content = _content(file)
        named |= {int(each["id"]): str(each["name"]) for each in content["categories"]}
        by_image: dict[Any, Annotated] = {each["id"]: Annotated([], []) for each in content["images"]}
        for each in content["annotations"]:
            if each.get("iscrowd") or not each.get("bbox"):
                crowds += 1
                continue
            left, top, width, height = map(float, each["bbox"])
            by_image[each["image_id"]].corners.append((left, top, left + width, top + height))
            by_image[each["image_id"]].names.append(named[int(each["category_id"])])
        part = _part_of(file)
        for each in content["images"]:
            path = _found(str(each["file_name"]), file, root, part)
            if path is None:
                missing.append(printable(str(each["file_name"])))
                continue
            paths.append(str(path))
            parts.append(part)
            objects.append(by_image[each["id"]])
    checked = check_files(paths)
    notes = list(checked.findings)
    if missing:
        notes.append(left_out(len(missing), "that can't be found", missing))
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
    classes = list(dict.fromkeys(named[number] for number in sorted(named)))
    return described(images, [each for each, _ in several], notes, sum(n for _, n in several), classes)


def _content(file: Path) -> Mapping[str, Any]:
    shown = printable(str(file))
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        for name, keys in (
            ("images", ("id", "file_name")),
            ("annotations", ("image_id", "category_id")),
            ("categories", ("id", "name")),
        ):
            for each in content[name]:
                for key in keys:
                    each[key]
        known = {each["id"] for each in content["images"]}
        categories = {int(each["id"]) for each in content["categories"]}
        for each in content["annotations"]:
            if each["image_id"] not in known or int(each["category_id"]) not in categories:
                raise DataError(
                    f"{shown}: annotation {each.get('id', '')} is of image {each['image_id']} and category "
                    f"{each['category_id']}, one of which is not there",
                    remedy="write the file again",
                )
            if each.get("bbox") and not each.get("iscrowd"):
                _left, _top, _width, _height = map(float, each["bbox"])
    except OSError as error:
        raise DataError(f"{shown} can't be read: {error.strerror}", remedy="check its permissions") from None
    except (KeyError, TypeError, ValueError) as error:
        reason = printable(" ".join(str(error).split()))
        raise DataError(
            f"{shown} is no JSON of boxes as COCO has it ({type(error).__name__}: {reason})",
            remedy="it must hold images (id, file_name), annotations (image_id, category_id, bbox) and "
            "categories (id, name)",
        ) from None
    return content


def _part_of(file: Path) -> str:
    """The part that the name of a file says, such as instances_train2017, or of its folder; '' for none."""
    words = [*re.findall("[a-z]+", file.stem.lower()), file.parent.name.lower()]
    return next((PARTS[word] for word in words if word in PARTS), "")


def _found(name: str, file: Path, root: Path, part: str) -> Path | None:
    inner = [path for path in sorted(root.iterdir()) if path.is_dir()] if root.is_dir() else []
    of_part = [
        path
        for path in [*inner, *(below for each in inner if each.name == "images" for below in each.iterdir())]
        if part and PARTS.get(re.sub("[^a-z]", "", path.name.lower())) == part
    ]
    for base in (file.parent, root, *of_part):
        for place in (base / name, base / "images" / name):
            if place.is_file():
                return place
    return None
