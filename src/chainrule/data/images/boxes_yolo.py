"""Boxes in the format of YOLO: a text file for each image, with one line per object."""

from pathlib import Path

import numpy as np

from chainrule.data.images.boxes import Annotated, Boxes, clipped, described
from chainrule.data.images.checking import left_out
from chainrule.data.images.folders import PARTS
from chainrule.data.images.images import Images
from chainrule.data.images.opening import open_images
from chainrule.errors import DataError
from chainrule.paths import printable

_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "classes.txt", "obj.names")


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
    return next(labels.rglob("*.txt"), None) is not None


def open_yolo(root: Path) -> Boxes:
    """The images with boxes in the folders that `yolo_folders` finds.

    labels/NAME.txt has a line for each object of images/NAME.jpg: the number of its class, then x and y of
    its centre, width and height as fractions of the image's. An image without such a file has no objects. The
    names of the classes are read from data.yaml, data.yml, dataset.yaml, classes.txt or obj.names in the
    root; if there is none, their numbers are their names. Images whose labels can't be read are left out;
    `Boxes.images.findings` names them.
    Raises DataError if no image has a box, or a class name occurs twice.
    """
    names = _class_names(root)
    several: list[Images] = []
    found: list[Annotated] = []
    notes: list[str] = []
    broken: list[str] = []
    empty = 0
    for folder, labels, part in yolo_folders(root):
        images = open_images(folder, labelled=False)
        notes += images.findings
        rows = []
        for row, path in enumerate(images.paths):
            file = labels / Path(path).relative_to(folder).with_suffix(".txt")
            try:
                each, without_area = clipped(_objects(file, images.sizes[row], names), images.sizes[row])
            except DataError as error:
                broken.append(error.what)
                continue
            rows.append(row)
            found.append(each)
            empty += without_area
        kept = images.take(np.array(rows, np.int64))
        several.append(
            Images(kept.source, kept.sizes, kept.channels, kept.paths, parts=np.full(len(rows), part, "U10"))
        )
    if broken:
        notes.append(left_out(len(broken), "whose labels can't be read", broken))
    images = Images(
        printable(str(root)),
        np.concatenate([each.sizes for each in several]),
        max(each.channels for each in several),
        tuple(path for each in several for path in each.paths),
        parts=np.concatenate([each.parts for each in several]),
    )
    return described(images, found, notes, empty, names)


def _objects(file: Path, size: np.ndarray, names: tuple[str, ...]) -> Annotated:
    height, width = size.tolist()
    corners, classes = [], []
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{printable(str(file))} can't be read ({type(error).__name__})") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            kind, x, y, w, h = line.split()
            place = int(kind)
            across, down, wide, high = (float(each) for each in (x, y, w, h))
        except ValueError:
            place = -1
            across = down = wide = high = np.nan
        if place < 0 or (names and place >= len(names)) or not np.isfinite([across, down, wide, high]).all():
            raise DataError(f"{printable(str(file))}, line {number}: '{printable(line.strip()[:60])}'")
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


def _class_names(root: Path) -> tuple[str, ...]:
    """The names of the classes, from the first of `_NAMES` that has any; empty without one."""
    for place in (root / name for name in _NAMES):
        if place.is_file():
            lines = place.read_text(encoding="utf-8").splitlines()
            names = _of_yaml(lines) if place.suffix in (".yaml", ".yml") else [each.strip() for each in lines]
            names = [name for name in names if name]
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
