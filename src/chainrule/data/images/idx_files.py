"""Images in IDX files, the format of MNIST: a file of images, and one of labels, for each part."""

from pathlib import Path

import numpy as np

from chainrule.data.idx import read_idx
from chainrule.data.images.arrays import images_of_arrays, joined
from chainrule.data.images.images import Images
from chainrule.errors import DataError
from chainrule.paths import printable

_PARTS = {"train": "train", "t10k": "test", "test": "test", "val": "validation"}


def idx_files(folder: Path) -> list[Path]:
    """The IDX files of images in a folder, by their names, such as train-images-idx3-ubyte or ….gz."""
    return sorted(path for path in folder.iterdir() if is_idx(path) and "idx1" not in path.name)


def is_idx(path: Path) -> bool:
    """Whether a file's name is that of an IDX file: it contains idx1, idx3 or idx4."""
    return path.is_file() and any(part in path.name for part in ("idx1", "idx3", "idx4"))


def open_idx(files: list[Path], source: str, *, labelled: bool) -> Images:
    """The images of IDX files, with the labels from the files beside them.

    The labels of train-images-idx3-ubyte are in train-labels-idx1-ubyte. If there are several files, the part
    of each is the word in its name: train, t10k or test, val.
    labelled: False leaves the labels unread. Raises DataError for damaged files, and if labels are missing.
    """
    several = []
    for file in files:
        part = next((part for word, part in _PARTS.items() if word in file.name), "")
        labels = _labels(file) if labelled else None
        pixels = read_idx(_content(file), printable(str(file)))
        several.append(images_of_arrays(pixels, labels, source, part if len(files) > 1 else ""))
    return joined(several)


def _labels(file: Path) -> np.ndarray:
    name = file.name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")
    plain = name.removesuffix(".gz")
    for each in (name, plain, f"{plain}.gz"):
        if (found := file.with_name(each)).is_file() and found != file:
            return read_idx(_content(found), printable(str(found)))
    raise DataError(
        f"{printable(str(file))} has no labels beside it: {printable(plain)} is missing",
        remedy="put the file of labels into the same folder",
    )


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(
            f"{printable(str(file))} can't be read: {error.strerror}", remedy="check the file's permissions"
        ) from None
