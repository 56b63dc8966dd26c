"""From the files in a package to arrays of images and labels."""

import io
import json
from collections.abc import Callable, Mapping

import numpy as np

from chainrule.data.idx import read_idx
from chainrule.data.named.image_sets import NamedImages
from chainrule.errors import DataError


def unpacked_images(entry: NamedImages, files: Mapping[str, bytes]) -> dict[str, np.ndarray]:
    """Images and labels by name: x_train, y_train, x_test and y_test, or x and y.

    files: the members of the release, by name. Images are (images, height, width, channels) uint8, labels
    (images,) text. Raises DataError where they are not as the catalogue says.
    """
    contents = [files[name] for name in entry.members]
    arrays = _UNPACKING[entry.name](entry, contents)
    found = tuple(len(array) for name, array in arrays.items() if name.startswith("x"))
    shapes = {array.shape[1:] for name, array in arrays.items() if name.startswith("x")}
    if found != entry.images or shapes != {(*entry.size, entry.channels)}:
        raise DataError(
            f"{entry.name} holds {found} images of {shapes}", remedy="fetch another release of it"
        )
    return arrays


def _idx(entry: NamedImages, contents: list[bytes]) -> dict[str, np.ndarray]:
    x_train, y_train, x_test, y_test = (
        read_idx(content, name) for name, content in zip(entry.members, contents, strict=True)
    )
    names = np.array(entry.classes)
    return {
        "x_train": x_train[..., None],
        "y_train": names[y_train],
        "x_test": x_test[..., None],
        "y_test": names[y_test],
    }


def _cifar10(entry: NamedImages, contents: list[bytes]) -> dict[str, np.ndarray]:
    """Each file is one RGB image of 10,000 rows, of which each is an image of 32 × 32 pixels."""
    *train, train_labels, test, test_labels = contents
    names = np.array(entry.classes)
    return {
        "x_train": np.concatenate([_pixels(content).reshape(-1, *entry.size, 3) for content in train]),
        "y_train": names[json.loads(train_labels)],
        "x_test": _pixels(test).reshape(-1, *entry.size, 3),
        "y_test": names[json.loads(test_labels)],
    }


def _faces(entry: NamedImages, contents: list[bytes]) -> dict[str, np.ndarray]:
    people = [name.split("/")[-2].removeprefix("s") for name in entry.members]
    return {"x": np.stack([_pixels(content)[..., None] for content in contents]), "y": np.array(people)}


def _pixels(content: bytes) -> np.ndarray:
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=("PNG", "PPM")) as image:
        return np.asarray(image, np.uint8)


_UNPACKING: dict[str, Callable[[NamedImages, list[bytes]], dict[str, np.ndarray]]] = {
    "mnist": _idx,
    "fashion": _idx,
    "cifar10": _cifar10,
    "orl-faces": _faces,
}
