"""Opening images: the kind of source is recognized, and its images are checked and described."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.images.arrays import (
    images_of_arrays,
    images_of_mapping,
    numpy_files,
    open_numpy,
    open_numpy_folder,
)
from chainrule.data.images.checking import IMAGE_SUFFIXES, check_files
from chainrule.data.images.decoding import FORMATS
from chainrule.data.images.findings import none_left
from chainrule.data.images.folders import Walked, all_files, class_folders, lost_labels
from chainrule.data.images.idx_files import idx_files, is_idx, open_idx
from chainrule.data.images.images import Images
from chainrule.data.images.listing import listed_files
from chainrule.data.images.places import check_place
from chainrule.data.labels import trainable
from chainrule.data.named.fetching import Say, fetch_named
from chainrule.data.named.image_sets import NAMED_IMAGES
from chainrule.data.reading.opening import SUFFIXES
from chainrule.errors import DataError
from chainrule.paths import printable


def open_images(
    source: Any,
    *,
    target: str | None = None,
    labelled: bool = True,
    shared_classes: bool = True,
    say: Say = lambda sentence: None,
) -> Images:
    """The images of a source, checked, with their labels and parts.

    source: the name of a set (`NAMED_IMAGES`); a folder that holds a folder for each class, perhaps within
    train/, val/ (valid/, validation/) and test/; a table of paths and labels, such as CSV or Parquet; an IDX
    file (the format of MNIST), or a folder of them; a .npz file, or a folder with x.npy and y.npy; a pair of
    arrays (images, labels), or a mapping of arrays as in a .npz file.
    target: the column of labels of a table, if it is not obvious.
    labelled: False for images to predict: any folder of images, a table without labels, a .npy file, an
    array, or a single image file; labels are then None.
    shared_classes: False if each part may have classes of its own, such as other people; classes are then not
    checked.
    say: called with a sentence when a named set is downloaded.
    Files that can't be decoded, and images whose class does not occur in train, are left out;
    `Images.findings` names them.
    Raises DataError for a source that is missing or holds no images; if labelled, for images without labels;
    if classes are shared, for fewer than two classes, and for a class with a single image in a set without
    parts.
    """
    if isinstance(source, str) and source in NAMED_IMAGES and not Path(source).exists():
        images = replace(open_numpy(fetch_named(source, say=say)), source=source)
    elif isinstance(source, str | os.PathLike):
        path = Path(os.fspath(source))
        images = replace(_of_path(path, target, labelled=labelled), source=str(path))
    elif isinstance(source, Mapping):
        images = images_of_mapping(source)
    elif isinstance(source, tuple) and len(source) == 2:
        images = images_of_arrays(*source)
    else:
        images = images_of_arrays(source)
    if not labelled:
        return images
    return _checked(images) if shared_classes else _with_labels(images)


def _of_path(path: Path, target: str | None, *, labelled: bool) -> Images:
    shown = printable(str(path))
    check_place(path, NAMED_IMAGES)
    if path.is_dir():
        return _of_folder(path, shown, labelled=labelled)
    if path.suffix.lower() in (".npy", ".npz"):
        return open_numpy(path)
    if is_idx(path):
        return open_idx([path], shown, labelled=labelled)
    if labelled and path.suffix.lower() in IMAGE_SUFFIXES:
        raise DataError(
            f"{shown} is a single image", remedy="give a folder that holds a folder of images for each class"
        )
    if labelled or path.suffix.lower() in SUFFIXES:
        return _of_files(listed_files(path, target, labelled=labelled), shown, labelled=labelled)
    checked = check_files([str(path)])
    if checked.broken:
        raise checked.broken[0]
    return Images(shown, checked.sizes, checked.channels, (str(path),), parts=np.zeros(1, "U10"))


def _of_folder(folder: Path, shown: str, *, labelled: bool) -> Images:
    try:
        idx, arrays = idx_files(folder), numpy_files(folder)
    except OSError as error:
        raise DataError(
            f"{shown} can't be read: {error.strerror}", remedy="check the folder and its permissions"
        ) from None
    if idx:
        return open_idx(idx, shown, labelled=labelled)
    if arrays:
        return open_numpy_folder(arrays, shown)
    walked = class_folders(folder) if labelled else all_files(folder)
    return _of_files(walked, shown, labelled=labelled)


def _of_files(walked: Walked, shown: str, *, labelled: bool) -> Images:
    checked = check_files([file.path for file in walked.files])
    files = [walked.files[row] for row in checked.rows]
    findings = (*checked.findings, *walked.findings, *lost_labels(walked, files, "image"))
    if not files:
        remedy = checked.broken[0].remedy if checked.broken else f"give files of {', '.join(FORMATS)}"
        raise none_left(f"{shown} holds no images that can be read", findings, remedy)
    return Images(
        shown,
        checked.sizes,
        checked.channels,
        tuple(file.path for file in files),
        labels=np.array([file.label for file in files]) if labelled else None,
        parts=np.array([file.part for file in files], "U10"),
        findings=findings,
    )


def _with_labels(images: Images) -> Images:
    """The images. Raises DataError if they have no labels."""
    if images.labels is None:
        raise DataError(
            f"{images.source} has no labels",
            remedy="give labels beside the images, or a folder for each class",
        )
    return images


def _checked(images: Images) -> Images:
    """Labelled images, those of classes left out that do not occur in train. Raises as `open_images`."""
    images = _with_labels(images)
    assert images.labels is not None  # looked at just now
    kept, findings = trainable(images.labels, images.parts, "image", images.source, images.name_of)
    return replace(images.take(kept), findings=(*images.findings, *findings)) if findings else images
