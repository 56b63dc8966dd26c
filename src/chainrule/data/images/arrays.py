"""Images in arrays: in memory, or in .npy and .npz files."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy_format

from chainrule.data.images.folders import PARTS
from chainrule.data.images.images import Images
from chainrule.data.wording import counted, listed
from chainrule.errors import DataError
from chainrule.paths import printable

_IMAGES = ("x", "images", "image", "imgs", "data")
_LABELS = ("y", "labels", "label", "targets", "target", "classes")


def images_of_arrays(pixels: Any, labels: Any = None, source: str = "the arrays", part: str = "") -> Images:
    """Images in memory.

    pixels: (images, height, width) or (images, height, width, channels) uint8; (images, channels, height,
    width) is transposed. channels: 1, 3, or 4 with alpha, where transparent pixels become white.
    labels: (images,) or (images, 1) whole numbers or text, or None.
    part: 'train', 'validation', 'test' or ''.
    Raises DataError for another dtype or shape, and unless there is one label for each image.
    """
    array, findings = _checked(np.asanyarray(pixels), source)
    count, height, width, channels = array.shape
    texts = None if labels is None else _texts(np.asarray(labels), count, source)
    told = f"{counted(count, 'image')} of {height} × {width} pixels."
    return Images(
        source,
        np.tile(np.array([[height, width]], np.int32), (count, 1)),
        channels,
        pixels=array,
        labels=texts,
        parts=np.full(count, part, "U10"),
        findings=(told, *findings),
    )


def images_of_mapping(arrays: Mapping[str, Any], source: str = "the arrays") -> Images:
    """Images in named arrays, such as x_train and y_train, train_images and train_labels, or x and y.

    A name is one of x, images, image, imgs, data (pixels) or y, labels, label, targets, target, classes,
    perhaps with a part, named as in `PARTS`.
    Raises DataError for other names, for labels without images, and as `images_of_arrays` does.
    """
    pixels: dict[str, Any] = {}
    labels: dict[str, Any] = {}
    for name, array in arrays.items():
        words = name.lower().replace("-", "_").split("_")
        parts = [PARTS[word] for word in words if word in PARTS]
        others = [word for word in words if word not in PARTS]
        if len(parts) > 1 or len(others) != 1 or others[0] not in (*_IMAGES, *_LABELS):
            raise DataError(
                f"{source} has an array called {name!r}, which is not known",
                remedy="call them x and y, or x_train, y_train, x_test, y_test",
            )
        of = pixels if others[0] in _IMAGES else labels
        part = parts[0] if parts else ""
        if part in of:
            raise DataError(f"{source} has two arrays like {name!r}", remedy="give one of each")
        of[part] = array
    for part in labels:
        if part not in pixels:
            raise DataError(
                f"{source} has labels{f' of {part}' if part else ''} and no images",
                remedy=f"it has {listed(list(arrays))}: give images, such as x, beside them",
            )
    if not pixels:
        raise DataError(f"{source} has no arrays", remedy="give x and y")
    if "train" in pixels and "" in pixels:
        raise DataError(f"{source} has images of 'train', and of no part", remedy="name the part of each")
    return joined([images_of_arrays(pixels[p], labels.get(p), source, p) for p in pixels])


def open_numpy(path: Path) -> Images:
    """The images of a .npz file, whose arrays have the names of `images_of_mapping`, or of a .npy file.

    A .npy file has no labels and is mapped into memory, not read at once. Raises DataError, naming the file,
    for a damaged one, and as `images_of_mapping` does.
    """
    shown = printable(str(path))
    try:
        if path.suffix.lower() == ".npy":
            return images_of_arrays(npy_format.open_memmap(path, mode="r"), source=shown)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as loaded:
            return images_of_mapping({name: loaded[name] for name in loaded.files}, shown)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, DataError):
            raise
        raise _unreadable(shown, error) from None


def open_numpy_folder(files: list[Path], source: str) -> Images:
    """The images of a folder of .npy files that are named as in `images_of_mapping`: x.npy and y.npy."""
    arrays = {}
    for file in files:
        try:
            arrays[file.stem] = npy_format.open_memmap(file, mode="r")
        except (ValueError, OSError, EOFError) as error:
            raise _unreadable(printable(str(file)), error) from None
    return images_of_mapping(arrays, source)


def joined(several: list[Images]) -> Images:
    """The images of several parts together; DataError if their shapes differ, or only some have labels."""
    first = several[0]
    if len(several) == 1:
        return first
    for each in several[1:]:
        if each.pixels is None or first.pixels is None or each.pixels.shape[1:] != first.pixels.shape[1:]:
            raise DataError(
                f"{first.source} has images of different shapes in its parts", remedy="give all one shape"
            )
        if (each.labels is None) != (first.labels is None):
            raise DataError(f"{first.source} has labels of some parts only", remedy="give labels for all")
    pixels = np.concatenate([each.pixels for each in several if each.pixels is not None])
    counts = ", ".join(f"{len(each):,} {each.parts[0] if len(each) else ''}" for each in several)
    height, width = pixels.shape[1:3]
    told = f"{len(pixels):,} images ({counts}) of {height} × {width} pixels."
    return Images(
        first.source,
        np.concatenate([each.sizes for each in several]),
        first.channels,
        pixels=pixels,
        labels=None if first.labels is None else np.concatenate([np.asarray(e.labels) for e in several]),
        parts=np.concatenate([each.parts for each in several]),
        findings=(told, *dict.fromkeys(finding for each in several for finding in each.findings[1:])),
    )


def _unreadable(shown: str, error: Exception) -> DataError:
    return DataError(
        f"{shown} can't be read as NumPy's: {error}", remedy="write it again with numpy.save or numpy.savez"
    )


def _checked(array: np.ndarray, source: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """The pixels as (images, height, width, 1 or 3), and a sentence on each change made to them."""
    if array.dtype != np.uint8:
        raise DataError(
            f"{source} holds images of dtype {array.dtype}; uint8 from 0 to 255 was expected",
            remedy="convert them: from 0 to 1, (255 * x).round().astype(numpy.uint8)",
        )
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or not array.size:
        raise DataError(
            f"{source} holds an array of shape {array.shape}; (images, height, width) or (images, height, "
            "width, channels) was expected",
            remedy="give at least one image, along the first axis",
        )
    findings = []
    if array.shape[3] not in (1, 3, 4) and array.shape[1] in (1, 3, 4):
        array = array.transpose(0, 2, 3, 1)
        findings.append("The channels stood before the height; they are moved behind the width.")
    if array.shape[3] not in (1, 3, 4):
        raise DataError(
            f"{source} holds images of {array.shape[3]} channels, by its shape {array.shape}",
            remedy="give 1 channel (grey), 3 (RGB) or 4 (with alpha)",
        )
    if array.shape[3] == 4:
        alpha = array[..., 3:].astype(np.uint16)
        array = ((array[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
        findings.append("The images are transparent: they are put on white.")
    return array, tuple(findings)


def _texts(labels: np.ndarray, count: int, source: str) -> np.ndarray:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (count,):
        raise DataError(
            f"{source} has {counted(count, 'image')}, and labels of shape {labels.shape}",
            remedy="give one label for each image",
        )
    if labels.dtype.kind not in "biuUSO":
        raise DataError(
            f"{source} has labels of dtype {labels.dtype}", remedy="give whole numbers or text as labels"
        )
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8")
    return labels.astype(str)
