"""The network for faces: members side by side, each with blocks of two convolutions and a dense layer."""

import numpy as np

from chainrule.nn import (
    Activation,
    BatchNorm,
    ColorJitter,
    Concatenate,
    Conv2D,
    Dense,
    Flatten,
    Layer,
    MaxPool2D,
    RandomAffine,
    Sequential,
    Standardize,
    dirac,
    glorot_uniform,
)
from chainrule.tasks.faces.settings import FaceSettings
from chainrule.tasks.settings import AUTO

_FILTERS = (32, 64, 128, 128)
_LEAST = 3  # pixels that are left of the shorter side, at least


def face_network(settings: FaceSettings, pixels: np.ndarray) -> Sequential:
    """A network from raw images to embeddings, with augmentation.

    pixels: training images (images, height, width, channels), whose mean and deviation are measured.
    """
    members = [_member(settings, pixels.shape[1:3]) for _ in range(settings.members)]
    return Sequential([*augmentation(settings, pixels), Concatenate(members)])


def augmentation(settings: FaceSettings, pixels: np.ndarray) -> list[Layer]:
    """The layers of augmentation, and the standardization of raw images."""
    shift = round(min(pixels.shape[1:3]) / 12) if settings.shift == AUTO else settings.shift
    moves = RandomAffine(
        shift=shift,
        degrees=settings.degrees,
        scale=(1 / settings.scale, settings.scale),
        flip="horizontal" if settings.mirror else "none",
        edge="nearest",
    )
    jitter = [ColorJitter(settings.contrast, settings.contrast)] if settings.contrast else []
    return [moves, *jitter, Standardize.of(pixels)]


def _member(settings: FaceSettings, size: tuple[int, ...]) -> Sequential:
    blocks: list[Layer] = []
    side = min(size)
    for filters in _FILTERS:
        if blocks and side // 2 < _LEAST:
            break
        side //= 2
        blocks += [_convolution(filters), MaxPool2D(2), BatchNorm(), Activation("gelu")]
        blocks += [_convolution(filters), BatchNorm(), Activation("gelu")]
    return Sequential([*blocks, Flatten(), Dense(settings.features, weight=glorot_uniform()), BatchNorm()])


def _convolution(filters: int) -> Conv2D:
    return Conv2D(filters, 3, padding="same", use_bias=False, weight=dirac())
