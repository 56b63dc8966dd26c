"""The pictures and points in the report of images, as arrays by name.

mistakes, shown: held-out images. augmented: training images after augmentation, a row for each image.
saliency, attention: maps for `shown`, from the deltas of the score of the predicted class. filters: of the
first layer. points, labels: held-out images as points in the plane, and their classes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.backprop import differentiate
from chainrule.data.images import read_pixels
from chainrule.nn import Layer, PatchWhitening, Sequential
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.tasks.image.network import HEAD_LAYERS
from chainrule.tasks.image.prepare import PreparedImages
from chainrule.tasks.images_shown import DRAWS, augmented, in_the_plane, recorded, small, spread
from chainrule.training import Run

_SHOWN = 12
_POINTS = 500
_POOLED = HEAD_LAYERS + 1  # the last layers, from the pooling on


def pictures_of(run: Run, prepared: PreparedImages, evaluation: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """All arrays of the report: images, scaled down, as uint8; points as floats."""
    shape, model = prepared.shape, run.recipe.model
    assert isinstance(model, Sequential)  # as every network of this task
    held_out = prepared.rows["test"]

    def read(rows: Any) -> np.ndarray:
        return read_pixels(prepared.images, np.asarray(rows, np.int64), shape.size, shape.channels)

    truth = prepared.truth("test")
    shown = read(held_out[_one_of_each(truth)])
    saliency, attention = _maps(run, model, shown)
    some = spread(len(held_out), _POINTS)
    arrays = {
        "shown": shown,
        "saliency": saliency,
        "attention": attention,
        "augmented": augmented(
            run, _augmentation(model), prepared.sample[spread(len(prepared.sample), DRAWS)]
        ),
        "filters": _filters(model),
        "points": in_the_plane(_features(run, model, read(held_out[some]))),
        "labels": truth[some].astype(np.int32),
    }
    if evaluation["mistakes"]:
        arrays["mistakes"] = read([each["row"] for each in evaluation["mistakes"]])
    return {name: small(array) if array.ndim == 4 else array for name, array in arrays.items()}


def _one_of_each(truth: np.ndarray) -> np.ndarray:
    """The index of the first image of each class, in the order of the classes, for the first few classes."""
    return np.unique(truth, return_index=True)[1][:_SHOWN]


def _maps(run: Run, model: Sequential, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(saliency, class activation) of each image, (images, height, width, 1) uint8.

    Saliency is the largest absolute delta of a pixel's channels (Simonyan et al. 2014). The class activation
    is max(0, Σ over features of their mean delta · activation) of the last convolution (Selvaraju et al.
    2017), enlarged.
    """

    def record(pixels: Tensor) -> dict[str, Tensor]:
        features = Sequential(model.layers[:-_POOLED])(pixels)
        # The names of the last layers are the same: each kind stands once.
        logits = Sequential(model.layers[-_POOLED:])(features)
        score = logits.max(-1).sum()
        deltas = differentiate(score, [pixels, features])
        mean = deltas[features.value].mean((1, 2), keepdims=True)
        return {
            "saliency": abs(deltas[pixels.value]).max(-1, keepdims=True),
            "attention": f.maximum((mean * features).sum(-1, keepdims=True), 0.0),
        }

    found = recorded(run, x, record)
    return _stretched(found["saliency"]), _stretched(_enlarged(found["attention"], x.shape[1:3]))


def _stretched(maps: np.ndarray) -> np.ndarray:
    """Each map scaled to 0 … 255 by its largest value."""
    largest = maps.max((1, 2, 3), keepdims=True)
    return (255 * maps / np.where(largest > 0, largest, 1)).round().astype(np.uint8)


def _enlarged(maps: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    from scipy.ndimage import zoom

    factors = (1, size[0] / maps.shape[1], size[1] / maps.shape[2], 1)
    return np.asarray(zoom(maps, factors, order=1, grid_mode=True, mode="nearest"))


def _augmentation(model: Sequential) -> Sequence[Layer]:
    """The layers of augmentation, with the Standardize among them: the first ones of the model."""
    place = next(i for i, layer in enumerate(model.layers) if isinstance(layer.placed(), PatchWhitening))
    return model.layers[:place]


def _filters(model: Sequential) -> np.ndarray:
    """The filters of the first layer, scaled from black to white: (filters, size, size, channels) uint8."""
    placed = (layer.placed() for layer in model.layers)
    images = next(layer for layer in placed if isinstance(layer, PatchWhitening)).images
    largest = np.abs(images).max((1, 2, 3), keepdims=True)
    return (127.5 + 127.5 * images / np.where(largest > 0, largest, 1)).round().astype(np.uint8)


def _features(run: Run, model: Sequential, x: np.ndarray) -> np.ndarray:
    """The inputs of the last layer: (images, features)."""
    return recorded(run, x, lambda pixels: {"y": Sequential(model.layers[:-HEAD_LAYERS])(pixels)})["y"]
