"""Masks: images whose target is another image that holds the class number of every pixel."""

import os
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any, Literal

import numpy as np

from chainrule.data.images.checking import left_out, threads
from chainrule.data.images.decoding import quietly
from chainrule.data.images.folders import PARTS, all_files
from chainrule.data.images.images import Images
from chainrule.data.images.opening import open_images
from chainrule.data.source import digest
from chainrule.data.wording import counted, listed
from chainrule.errors import DataError
from chainrule.paths import printable

_IMAGES = ("images", "image", "imgs", "jpegimages")
_MASKS = ("masks", "mask", "labels", "annotations", "segmentationclass")
_NAMES = ("classes.txt", "labels.txt", "codes.txt")
_VOID = ("void", "unlabelled", "unlabeled", "ignore", "ignored")
_BEHIND = ("annot", "_labels", "_masks")
"""Endings that make the name of a folder of masks from that of its images, such as train and trainannot."""


@dataclass(frozen=True, eq=False)
class Masks:
    """Images, each with a mask.

    images: without labels. paths: of the masks, in the order of the images. numbers: the class numbers that
    occur in the masks, ascending, without void. void: the value of pixels that do not count, or None.
    names: the name of each of `numbers`: from a file of names beside the folders, else the number as text.
    """

    images: Images
    paths: tuple[str, ...]
    numbers: tuple[int, ...]
    void: int | None
    names: tuple[str, ...] = ()

    def take(self, rows: np.ndarray) -> "Masks":
        """The pairs at these indices, in this order."""
        return replace(self, images=self.images.take(rows), paths=tuple(self.paths[row] for row in rows))

    def fingerprint(self) -> str:
        """A hash of images and masks as of `Images.fingerprint`, and of numbers, void and names."""
        masks = Images("", self.images.sizes, 1, self.paths, parts=self.images.parts)
        what = f"{self.numbers} {self.void} {self.names}".encode()
        return digest(self.images.fingerprint().encode(), masks.fingerprint().encode(), what)


def read_mask(path: str | os.PathLike[str]) -> np.ndarray:
    """The class number of every pixel of a mask file: (height, width) uint8.

    path: of a PNG, GIF, BMP, TIFF or PPM file. With a palette, the class is the index into the palette,
    whatever the colour; in a grey image it is the grey value.
    Raises DataError, naming the file, for a missing or damaged file, another format (JPEG changes values),
    colours without a palette, and values outside 0 to 255.
    """
    from PIL import Image

    shown = printable(os.fspath(path))
    try:
        with Image.open(path, formats=("PNG", "GIF", "BMP", "TIFF", "PPM")) as image:
            kind, values = image.mode, np.asarray(image)
    except FileNotFoundError:
        raise DataError(f"{shown}: no such file", remedy="check the path") from None
    except Exception as error:  # noqa: BLE001 (what decoders raise on damaged files is any error)
        reason = " ".join((str(error) or type(error).__name__).split())
        raise DataError(
            f"{shown} can't be read as a mask: {printable(reason)}", remedy="save it again, best as PNG"
        ) from None
    if values.ndim != 2:
        raise DataError(
            f"{shown} is a mask of colours ({kind})",
            remedy="save it as grey values or with a palette, the number of a class at every pixel",
        )
    if values.min(initial=0) < 0 or values.max(initial=0) > 255:
        raise DataError(f"{shown} holds values up to {values.max()}", remedy="give class numbers up to 255")
    return values.astype(np.uint8)


def holds_masks(source: str | os.PathLike[str]) -> bool:
    """Whether a folder holds folders of images and of masks, as `open_masks` reads them."""
    root = Path(source)
    try:
        return root.is_dir() and bool(_folders(root))
    except OSError:
        return False


def open_masks(source: str | os.PathLike[str], *, void: int | Literal["auto"] | None = None) -> Masks:
    """Pairs of images and masks in folders; a mask has the name of its image, apart from the suffix.

    source: a folder with images/ and masks/ (or labels/, annotations/); with such folders in train/, val/ and
    test/; or with train/ and trainannot/, and so on. A file classes.txt, labels.txt or codes.txt in it names
    the classes: one per line, counted from 0, or with the number before the name.
    void: the value of pixels that do not count, such as 255; None for none; 'auto': 255 if it occurs and the
    masks hold more than two numbers, else the number that the file of names calls void, unlabelled or ignore.
    Images without a mask, masks without an image, and masks that can't be read or have another size than
    their image are left out; `Masks.images.findings` names them.
    Raises DataError if no pair is found, or the masks hold fewer than two classes.
    """
    root = Path(source)
    shown = printable(str(root))
    if not root.is_dir():
        raise DataError(f"{shown} is no folder", remedy="give a folder with images/ and masks/")
    pairs = _folders(root)
    if not pairs:
        raise DataError(
            f"{shown} holds no folders of images and masks",
            remedy="give it images/ and masks/, with equal names",
        )
    described = [_part(images, masks, part) for images, masks, part in pairs]
    paths = tuple(path for each in described for path in each[1])
    if not paths:
        raise DataError(
            f"{shown} holds no image that has a mask", remedy="; ".join(n for d in described for n in d[2])
        )
    several = [each[0] for each in described if len(each[0])]
    named = _names(root)
    held = {number for each in described for number in each[3]}
    if void == "auto":
        # Of two numbers none is void: black and white are the usual masks of one kind of objects.
        called = next((n for n, each in named.items() if each.lower() in _VOID), None)
        void = 255 if 255 in held and len(held) > 2 else called
    numbers = sorted(held - {void})
    if len(numbers) < 2:
        raise DataError(
            f"{shown} has masks with the class numbers {listed(numbers)} only",
            remedy="give masks of at least two classes",
        )
    images = Images(
        shown,
        np.concatenate([each.sizes for each in several]),
        max(each.channels for each in several),
        tuple(path for each in several for path in each.paths),
        parts=np.concatenate([each.parts for each in several]),
        findings=tuple(note for each in described for note in each[2]),
    )
    names = tuple(named.get(number, str(number)) for number in numbers)
    return Masks(images, paths, tuple(numbers), void, names)


def _names(root: Path) -> dict[int, str]:
    """Class number -> name, from the file of names; empty without one."""
    file = next((root / name for name in _NAMES if (root / name).is_file()), None)
    if file is None:
        return {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{printable(str(file))} can't be read: {error}", remedy="save it as UTF-8") from None
    found: dict[int, str] = {}
    for line in filter(None, (line.strip() for line in lines)):
        number, name = re.match(r"(?:(\d+)[\s,;:]+)?(.*)", line).groups()  # type: ignore[union-attr] (all match)
        found[int(number) if number else len(found)] = name
    return found


def _folders(root: Path) -> list[tuple[Path, Path, str]]:
    """(images, masks, part) of every pair of folders of images and masks."""
    inner = {path.name.lower(): path for path in sorted(root.iterdir()) if path.is_dir()}
    parts = {name: path for name, path in inner.items() if name in PARTS}
    found = []
    for name, path in parts.items():
        behind = [inner[name + ending] for ending in _BEHIND if name + ending in inner]
        found += [(path, masks, PARTS[name]) for masks in behind[:1]]
        if not behind:
            found += [(images, masks, PARTS[name]) for images, masks, _ in _pair(path)]
    return found or _pair(root)


def _pair(folder: Path) -> list[tuple[Path, Path, str]]:
    inner = {path.name.lower(): path for path in folder.iterdir() if path.is_dir()}
    images = [inner[name] for name in _IMAGES if name in inner]
    masks = [inner[name] for name in _MASKS if name in inner]
    return [(images[0], masks[0], "")] if images and masks else []


def _part(images: Path, masks: Path, part: str) -> tuple[Images, list[str], list[str], set[int]]:
    """The images of a part, the paths of their masks, findings, and the numbers that occur in the masks."""
    opened = open_images(images, labelled=False)
    by_name = {_name(file.path, masks): file.path for file in all_files(masks).files}
    wanted = [by_name.get(_name(path, images)) for path in opened.paths]
    with quietly(), ThreadPoolExecutor(threads()) as pool:
        checked = list(pool.map(_check, wanted, opened.sizes.tolist()))
    rows = [row for row, each in enumerate(checked) if isinstance(each, np.ndarray)]
    notes = list(opened.findings)
    lacking = [printable(path) for path, mask in zip(opened.paths, wanted, strict=True) if mask is None]
    if lacking:
        notes.append(left_out(len(lacking), f"without a mask in {printable(str(masks))}", lacking))
    broken = [each for each in checked if isinstance(each, str)]
    if broken:
        notes.append(left_out(len(broken), "whose mask can't be used", broken))
    spare = {*by_name} - {_name(path, images) for path in opened.paths}
    if spare:
        notes.append(f"Left out: {counted(len(spare), 'mask')} without an image: {listed(sorted(spare), 3)}.")
    kept = opened.take(np.array(rows, np.int64))
    named: Mapping[str, Any] = {"parts": np.full(len(rows), part, "U10")}
    numbers = {int(value) for row in rows for value in np.asarray(checked[row])}
    mask_paths = [str(wanted[row]) for row in rows]
    return Images(kept.source, kept.sizes, kept.channels, kept.paths, **named), mask_paths, notes, numbers


def _check(path: str | None, size: list[int]) -> np.ndarray | str | None:
    """The distinct numbers in a mask, or what is wrong with it; None for an image without a mask."""
    if path is None:
        return None
    try:
        mask = read_mask(path)
    except DataError as error:
        return error.what
    if list(mask.shape) != size:
        shape = f"{mask.shape[0]} × {mask.shape[1]}"
        return f"{printable(path)} is {shape}, and its image {size[0]} × {size[1]} pixels"
    return np.unique(mask)


def _name(path: str, folder: Path) -> str:
    """The path relative to a folder, without the suffix."""
    return str(PurePath(path).relative_to(folder).with_suffix(""))
