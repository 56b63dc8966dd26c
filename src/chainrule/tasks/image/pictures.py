"""What the report of images shows: arrays of pictures and points, by name.

mistakes, shown: held-out images. augmented: training images as the network got them, rows of one image each.
saliency, attention: of `shown`, by the deltas of the score of the class that the network says. filters: of
the first layer. points, labels: held-out images in the plane, and their classes.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from chainrule.backprop import differentiate
from chainrule.data.images import read_pixels
from chainrule.nn import PatchWhitening, Sequential, Standardize, building
from chainrule.nn.layer import RANDOM_KEY
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f
from chainrule.tasks.image.network import HEAD_LAYERS
from chainrule.tasks.image.prepare import PreparedImages
from chainrule.training import Run

_SHOWN = 12
_DRAWS = 6
_POINTS = 500
_POOLED = HEAD_LAYERS + 1  # the last layers, from the pooling on
_SIDE = 96  # larger pictures are stored smaller


def pictures_of(run: Run, prepared: PreparedImages, evaluation: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """All of them, in small: uint8 pictures, and floats for points."""
    shape, model = prepared.shape, run.recipe.model
    assert isinstance(model, Sequential)  # as every network of this task
    held_out = prepared.rows["test"]

    def read(rows: Any) -> np.ndarray:
        return read_pixels(prepared.images, np.asarray(rows, np.int64), shape.size, shape.channels)

    truth = prepared.truth("test")
    shown = read(held_out[_one_of_each(truth)])
    saliency, attention = _maps(run, model, shown)
    some = _spread(len(held_out), _POINTS)
    arrays = {
        "shown": shown,
        "saliency": saliency,
        "attention": attention,
        "augmented": _augmented(run, model, prepared.sample[_spread(len(prepared.sample), _DRAWS)]),
        "filters": _filters(model),
        "points": _in_the_plane(_features(run, model, read(held_out[some]))),
        "labels": truth[some].astype(np.int32),
    }
    if evaluation["mistakes"]:
        arrays["mistakes"] = read([each["row"] for each in evaluation["mistakes"]])
    return {name: _small(array) if array.ndim == 4 else array for name, array in arrays.items()}


def _one_of_each(truth: np.ndarray) -> np.ndarray:
    """The first image of each class, up to so many, in the order of the classes."""
    return np.unique(truth, return_index=True)[1][:_SHOWN]


def _spread(count: int, most: int) -> np.ndarray:
    """Up to so many places from 0 to count - 1, evenly."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))


def _small(pictures: np.ndarray) -> np.ndarray:
    step = -(-max(pictures.shape[1:3]) // _SIDE)
    return np.ascontiguousarray(pictures[:, ::step, ::step])


def _recorded(
    run: Run, x: np.ndarray, record: Callable[[Tensor], Mapping[str, Tensor]], *, training: bool = False
) -> dict[str, np.ndarray]:
    """The outputs of what is recorded of a model on these images."""
    trace = Trace()
    dtype = run.recipe.dtype
    with building(trace, training=training, dtype=dtype) as built:
        outputs = dict(record(trace.input("x", x.shape, dtype)))
    program = trace.program(outputs, built.updates)
    held = {value.name for value in (*program.parameters, *program.state)}
    tree = {name: array.copy() for name, array in run.parameters.items() if name in held}
    tree |= {RANDOM_KEY: np.array([run.recipe.seed, 0], np.uint32)} if RANDOM_KEY in held else {}
    return run.programs.compile(program).run(tree, {"x": x.astype(dtype)})


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

    found = _recorded(run, x, record)
    return _stretched(found["saliency"]), _stretched(_enlarged(found["attention"], x.shape[1:3]))


def _stretched(maps: np.ndarray) -> np.ndarray:
    """Each from 0 to 255 by its own largest value."""
    largest = maps.max((1, 2, 3), keepdims=True)
    return (255 * maps / np.where(largest > 0, largest, 1)).round().astype(np.uint8)


def _enlarged(maps: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    from scipy.ndimage import zoom

    factors = (1, size[0] / maps.shape[1], size[1] / maps.shape[2], 1)
    return np.asarray(zoom(maps, factors, order=1, grid_mode=True, mode="nearest"))


def _augmented(run: Run, model: Sequential, x: np.ndarray) -> np.ndarray:
    """Each image as it is and as training got it in five draws, one after the other."""
    place = next(i for i, layer in enumerate(model.layers) if isinstance(layer.placed(), PatchWhitening))
    standardize = next(layer for layer in model.layers if isinstance(layer, Standardize))
    first = Sequential(model.layers[:place])
    repeated = np.repeat(x, _DRAWS, axis=0)
    y = _recorded(run, repeated, lambda pixels: {"y": first(pixels)}, training=True)["y"]
    back = y * np.array(standardize.deviation) + np.array(standardize.mean)
    seen = np.clip(np.round(back), 0, 255).astype(np.uint8)
    seen[::_DRAWS] = x
    return seen


def _filters(model: Sequential) -> np.ndarray:
    """The first layer's, each from black to white: (filters, size, size, channels) uint8."""
    placed = (layer.placed() for layer in model.layers)
    images = next(layer for layer in placed if isinstance(layer, PatchWhitening)).images
    largest = np.abs(images).max((1, 2, 3), keepdims=True)
    return (127.5 + 127.5 * images / np.where(largest > 0, largest, 1)).round().astype(np.uint8)


def _features(run: Run, model: Sequential, x: np.ndarray) -> np.ndarray:
    """What the last layer gets: (images, features)."""
    return _recorded(run, x, lambda pixels: {"y": Sequential(model.layers[:-HEAD_LAYERS])(pixels)})["y"]


def _in_the_plane(features: np.ndarray) -> np.ndarray:
    """(images, 2) float32: neighbours stay neighbours (t-SNE, van der Maaten and Hinton 2008)."""
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
