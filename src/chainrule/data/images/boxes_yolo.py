"""Boxes in the format of YOLO: a text file for each image, with one line per object."""

from itertools import islice
from pathlib import Path

import numpy as np

from chainrule.data.images.boxes import Annotated, Boxes, clipped, described, without_image
from chainrule.data.images.checking import IMAGE_SUFFIXES
from chainrule.data.images.findings import left_out
from chainrule.data.images.folders import PARTS, files_below, parts_without
from chainrule.data.images.images import Images
from chainrule.data.images.opening import open_images
from chainrule.data.images.places import text_lines
from chainrule.errors import DataError
from chainrule.paths import printable

_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "classes.txt", "obj.names")
_LOOKED_AT = 1000
_OUTSIDE = 0.01  # as shares; rounding puts edges a little outside of the image


def yolo_folders(root: Path) -> list[tuple[Path, Path, str]]:
    """(images, labels, part) of each pair of folders of images and of labels.

    They are images/ and labels/ in the root, images/train/ and labels/train/ and so on, or train/images/ and
    train/labels/ and so on. Empty if labels/ holds no text files: it may hold masks.
    """
    inner = {path.name.lower(): path for path in sorted(root.iterdir()) if path.is_dir()}
    if "images" in inner and "labels" in inner and _is_text(inner["labels"]):
        below = {path.name.lower(): path for path in sorted(inner["images"].iterdir()) if path.is_dir()}
        parts = [(path, inner["labels"] / path.name, PARTS[n]) for n, path in below.items() if n in PARTS]
        return parts or [(inner["images"], inner["labels"], "")]
    return [
        (path / "images", path / "labels", PARTS[name])
        for name, path in inner.items()
        if name in PARTS and (path / "images").is_dir() and _is_text(path / "labels")
    ]


def _is_text(labels: Path) -> bool:
    """Whether labels are texts, and not masks with a text or two beside them."""
    suffixes = [path.suffix.lower() for path in islice(labels.rglob("*"), _LOOKED_AT)]
    return suffixes.count(".txt") > sum(suffix in IMAGE_SUFFIXES for suffix in suffixes)


def open_yolo(root: Path) -> Boxes:
    """The images with boxes in the folders that `yolo_folders` finds.

    labels/NAME.txt has a line for each object of images/NAME.jpg: the number of its class, then x and y of
    its centre, width and height as fractions of the image's. An image without such a file has no objects. The
    names of the classes are read from data.yaml, data.yml, dataset.yaml, classes.txt or obj.names in the
    root; if there is none, their numbers are their names. Images whose labels can't be read, and labels
    without an image, are left out; `Boxes.images.findings` names them.
    Raises DataError if no image has a box, and if a class has no name or one that another has.
    """
    names = _class_names(root)
    several: list[Images] = []
    found: list[Annotated] = []
    notes: list[str] = []
    broken: list[DataError] = []
    empty: list[str] = []
    folders = yolo_folders(root)
    for folder, labels, part in folders:
        images = open_images(folder, labelled=False)
        notes += images.findings
        files = files_below(labels, ".txt")
        rows = []
        stems = [str(Path(path).relative_to(folder).with_suffix("")) for path in images.paths]
        for row, stem in enumerate(stems):
            file = Path(files.get(stem, labels / f"{stem}.txt"))
            try:
                each, without_area = clipped(_objects(file, images.sizes[row], names), images.sizes[row])
            except DataError as error:
                broken.append(error)
                continue
            rows.append(row)
            found.append(each)
            empty += [printable(str(file))] * without_area
        spare = files.keys() - {*stems, "classes"}  # labelling tools put a list of classes there
        notes += without_image("file", {stem: files[stem] for stem in sorted(spare)})
        kept = images.take(np.array(rows, np.int64))
        several.append(
            Images(kept.source, kept.sizes, kept.channels, kept.paths, parts=np.full(len(rows), part, "U10"))
        )
    if broken:
        notes.append(left_out("image", "whose labels can't be read", [each.what for each in broken]))
    notes += parts_without(root, [folder for folder, _, _ in folders], "images/ and labels/")
    images = Images(
        printable(str(root)),
        np.concatenate([each.sizes for each in several]),
        max(each.channels for each in several),
        tuple(path for each in several for path in each.paths),
        parts=np.concatenate([each.parts for each in several]),
    )
    return described(images, found, notes, empty, names, broken[0].remedy if broken else "")


def _objects(file: Path, size: np.ndarray, names: tuple[str, ...]) -> Annotated:
    height, width = size.tolist()
    corners, classes = [], []
    for number, line in enumerate(text_lines(file) if file.exists() else [], 1):
        if not line.strip():
            continue
        try:
            kind, x, y, w, h = line.split()
            place = int(kind)
            across, down, wide, high = shares = [float(each) for each in (x, y, w, h)]
        except ValueError:
            raise _wrong(file, number, line, "a class and four numbers") from None
        if not all(-_OUTSIDE <= share <= 1 + _OUTSIDE for share in shares):
            raise _wrong(file, number, line, "shares of the image from 0 to 1")
        if place < 0 or (names and place >= len(names)):
            raise _wrong(
                file, number, line, f"a class from 0 to {len(names) - 1}" if names else "a class from 0 on"
            )
        corners.append(
            (
                (across - wide / 2) * width,
                (down - high / 2) * height,
                (across + wide / 2) * width,
                (down + high / 2) * height,
            )
        )
        classes.append(names[place] if names else str(place))
    return Annotated(corners, classes)


def _wrong(file: Path, number: int, line: str, expected: str) -> DataError:
    return DataError(
        f"{printable(str(file))}, line {number}, is '{printable(line.strip()[:60])}', and not {expected}",
        remedy="write class, x and y of the centre, width and height, as shares of the image's",
    )


def _class_names(root: Path) -> tuple[str, ...]:
    """The names of the classes, from the first of `_NAMES` that has any; empty without one."""
    for place in (root / name for name in _NAMES):
        if place.is_file():
            lines = text_lines(place)
            names = _of_yaml(lines) if place.suffix in (".yaml", ".yml") else [each.strip() for each in lines]
            while names and not names[-1]:
                names.pop()
            if "" in names:
                raise DataError(
                    f"{printable(str(place))} has no name for class {names.index('')}", remedy="give it one"
                )
            if len({*names}) < len(names):
                raise DataError(f"{printable(str(place))} names a class twice", remedy="give each its own")
            if names:
                return tuple(names)
    return ()


def _of_yaml(lines: list[str]) -> list[str]:
    """The names under 'names:' in lines of YAML: [a, b], {0: a, 1: b}, or lines of '- a' or '0: a'."""
    start = next((n for n, line in enumerate(lines) if line.startswith("names:")), None)
    if start is None:
        return []
    behind = lines[start].removeprefix("names:").split(" #")[0].strip()
    if behind:
        inside = behind.strip("[]{}").split(",")
        return [_plain(each.split(":", 1)[-1] if behind.startswith("{") else each) for each in inside]
    names = []
    for line in lines[start + 1 :]:
        text = line.split(" #")[0].strip()
        if text.startswith("- "):
            names.append(_plain(text[2:]))
        elif line[:1].isspace() and ":" in text:
            names.append(_plain(text.split(":", 1)[1]))
        elif text:
            break
    return names


def _plain(text: str) -> str:
    return text.strip().strip("'\"")
