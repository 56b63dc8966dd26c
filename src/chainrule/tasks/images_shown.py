"""Shared by the tasks on images: the pictures and points in their reports."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from chainrule.nn import Layer, Sequential, Standardize, building
from chainrule.nn.layer import RANDOM_KEY
from chainrule.program import Tensor, Trace
from chainrule.report.pictures import Picture, gallery, picture
from chainrule.training import Run
from chainrule.training.folder import read_safetensors, safetensors_bytes

PICTURES = "pictures.safetensors"
DRAWS = 6
"""The tiles of an image: unchanged, and five draws of the augmentation."""
_SIDE = 96  # larger pictures are stored smaller


def write_pictures(folder: Path, pictures: Mapping[str, np.ndarray]) -> None:
    """Write the pictures of a report, arrays by name, into the run folder."""
    (folder / PICTURES).write_bytes(safetensors_bytes(pictures, {}))


def read_pictures(folder: Path) -> dict[str, np.ndarray]:
    """The pictures that `write_pictures` wrote; empty if the file is missing."""
    return read_safetensors(folder / PICTURES)[0] if (folder / PICTURES).is_file() else {}


def spread(count: int, most: int) -> np.ndarray:
    """At most `most` whole numbers from 0 to count - 1, at equal distances."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))


def small(pictures: np.ndarray) -> np.ndarray:
    """Images (images, height, width, channels) reduced to sides of at most 96 pixels, by every nth pixel."""
    step = -(-max(pictures.shape[1:3]) // _SIDE)
    return np.ascontiguousarray(pictures[:, ::step, ::step])


def recorded(
    run: Run, x: np.ndarray, record: Callable[[Tensor], Mapping[str, Tensor]], *, training: bool = False
) -> dict[str, np.ndarray]:
    """The outputs of a program that `record` records from the images x, with the parameters of the run."""
    trace = Trace()
    dtype = run.recipe.dtype
    with building(trace, training=training, dtype=dtype) as built:
        outputs = dict(record(trace.input("x", x.shape, dtype)))
    program = trace.program(outputs, built.updates)
    held = {value.name for value in (*program.parameters, *program.state)}
    tree = {name: array.copy() for name, array in run.parameters.items() if name in held}
    tree |= {RANDOM_KEY: np.array([run.recipe.seed, 0], np.uint32)} if RANDOM_KEY in held else {}
    return run.programs.compile(program).run(tree, {"x": x.astype(dtype)})


def augmented(run: Run, layers: Sequence[Layer], x: np.ndarray) -> np.ndarray:
    """Each image unchanged and in five draws of the augmentation, one after the other: uint8.

    layers: the first ones of the run's model, with the augmentation and a Standardize.
    """
    standardize = next(layer for layer in layers if isinstance(layer, Standardize))
    first, repeated = Sequential(layers), np.repeat(x, DRAWS, axis=0)
    y = recorded(run, repeated, lambda pixels: {"y": first(pixels)}, training=True)["y"]
    back = y * np.array(standardize.deviation) + np.array(standardize.mean)
    seen = np.clip(np.round(back), 0, 255).astype(np.uint8)
    seen[::DRAWS] = x
    return seen


def augmented_gallery(pictures: np.ndarray, what: str, draws: str = "draws of the augmentation") -> str:
    """The pictures of `augmented`, a row for each image.

    what: what people should recognize in them. draws: what the other pictures of a row are.
    """
    return gallery(
        [Picture(picture(image)) for image in pictures],
        "What training shows it",
        f"Each row begins with an unchanged image, followed by five {draws}. If you can't "
        f"recognize {what} in them, the augmentation is too strong.",
        columns=DRAWS,
    )


def in_the_plane(features: np.ndarray) -> np.ndarray:
    """(images, 2) float32: points in the plane (t-SNE, van der Maaten and Hinton 2008)."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    count, width = features.shape
    if count < 4 or not np.ptp(features, axis=0).any():
        return np.zeros((count, 2), np.float32)
    reduced = PCA(min(30, count - 1, width), random_state=0).fit_transform(features.astype(np.float64))
    if reduced.shape[1] < 2:
        return np.zeros((count, 2), np.float32)
    plane = TSNE(perplexity=min(30.0, (count - 1) / 3), init="pca", random_state=0).fit_transform(reduced)
    return np.asarray(plane, np.float32)
