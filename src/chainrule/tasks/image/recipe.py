"""Values for 'auto' in the settings of images, and the recipe of the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from chainrule.nn import (
    AddWeightDecay,
    AlternatingFlip,
    Cutout,
    ExponentialMovingAverage,
    Layer,
    Momentum,
    Partition,
    RandomAffine,
    Scale,
    ScaleByLearningRate,
    Schedule,
    Sequential,
    SoftmaxCrossEntropy,
    Transform,
    chain,
    muon,
)
from chainrule.tasks.build import SCHEDULES, colour_layers, optimizer_for, usual_epochs
from chainrule.tasks.image.network import CALM, NETWORKS, image_network
from chainrule.tasks.image.settings import ImageSettings
from chainrule.tasks.settings import AUTO, with_given
from chainrule.training import Recipe, Supervised

_EXAMPLES = 600_000
"""By default there are so many epochs that training sees about as many images in all; 10 for MNIST."""
MOST_EPOCHS = 100
_FEWEST_EPOCHS = 8
_BATCH_PIXELS = 500 * 32 * 32
"""The most pixels of a batch, which limits the memory of a step with larger images."""
_RATES: Mapping[str, tuple[float, float]] = {
    "nesterov": (0.0, 0.009),
    "adamw": (0.004, 0.05),
    "muon": (0.1, 0.1),
}
"""Learning rate and weight decay by optimizer; nesterov's rate is `_NESTEROV_RATE` times the batch size."""
_NESTEROV_RATE = 0.0015
"""Learning rate per image in a batch."""
_SHIFTS = 64.0
"""The learning rate of BatchNorm's shifts is so many times as large (Jordan 2024, section 3.4)."""


@dataclass(frozen=True)
class Choices:
    """The settings of these names, with values in place of 'auto'; see `settings.HELP`."""

    network: str
    shift: int
    degrees: float
    scale: float
    flip: str
    learning_rate: float
    weight_decay: float
    epochs: int
    batch_size: int
    views: str


def choices(settings: ImageSettings, images: int, size: tuple[int, int], channels: int) -> Choices:
    """The choices for a number of training images of this (height, width)."""
    grey = channels == 1
    largest = min(500, max(16, _BATCH_PIXELS // (size[0] * size[1])))
    batch = min(largest, max(16, images // 40)) if settings.batch_size == AUTO else settings.batch_size
    batch = min(batch, images)
    rate, decay = _RATES[settings.optimizer]
    flip = ("none" if grey else "alternating") if settings.flip == AUTO else settings.flip
    known = Choices(
        network="small" if grey else "medium",
        shift=round(min(size) / 16),
        degrees=10.0 if grey else 0.0,
        scale=1.1 if grey else 1.0,
        flip=flip,
        learning_rate=rate or _NESTEROV_RATE * batch,
        weight_decay=decay,
        epochs=usual_epochs(images, _EXAMPLES, _FEWEST_EPOCHS, MOST_EPOCHS),
        batch_size=batch,
        views="mirrored" if flip in ("horizontal", "alternating", "both") else "one",
    )
    return replace(with_given(known, settings), batch_size=batch)


def recipe_for(settings: ImageSettings, chosen: Choices, model: Layer, steps_per_epoch: int) -> Recipe:
    """The recipe that trains a network by the settings."""
    steps = chosen.epochs * steps_per_epoch
    rate = SCHEDULES[settings.schedule](chosen.learning_rate, steps, max(1, chosen.epochs // 4))
    return Recipe(
        Supervised(model, SoftmaxCrossEntropy(settings.label_smoothing)),
        _optimizer(settings, chosen, rate),
        epochs=chosen.epochs,
        batch_size=chosen.batch_size,
        seed=settings.seed,
    )


def new_network(
    settings: ImageSettings, chosen: Choices, pixels: np.ndarray, classes: int, steps_per_epoch: int
) -> Sequential:
    """A network with augmentation by the settings. pixels: some of the training images."""
    before, after = augmentation(settings, chosen, pixels.shape[3], steps_per_epoch)
    return image_network(pixels, classes, NETWORKS[chosen.network], before, after)


def augmentation(
    settings: ImageSettings, chosen: Choices, channels: int, steps_per_epoch: int
) -> tuple[list[Layer], list[Layer]]:
    """The layers of augmentation for raw images, and those for standardized images."""
    before: list[Layer] = []
    alternating = chosen.flip == "alternating"
    moves = RandomAffine(
        shift=chosen.shift,
        degrees=float(chosen.degrees),
        scale=(1 / chosen.scale, float(chosen.scale)),
        flip="none" if alternating else chosen.flip,
        edge="zeros" if channels == 1 else "reflect",
    )
    if alternating:
        before.append(AlternatingFlip(steps_per_epoch))
    if moves != RandomAffine(edge=moves.edge):
        before.append(moves)
    before += colour_layers(settings.colour)
    return before, [Cutout(settings.cutout)] if settings.cutout else []


def _optimizer(settings: ImageSettings, chosen: Choices, rate: float | Schedule) -> Transform:
    decay = chosen.weight_decay
    if settings.optimizer == "nesterov":
        # Logits divided by CALM learn as a last layer that begins smaller, at a rate divided by its square.
        rates = Partition((("*shift", Scale(_SHIFTS)), ("dense_*", Scale(1 / CALM**2))))
        optimizer = chain(
            Momentum(0.85, nesterov=True), AddWeightDecay(decay), rates, ScaleByLearningRate(rate)
        )
    elif settings.optimizer == "muon":
        optimizer = muon(rate, decay, momentum=0.6, adam_share=0.05, on="conv2_d_*weight")
    else:
        optimizer = optimizer_for(settings.optimizer, rate, decay)
    return chain(optimizer, ExponentialMovingAverage(settings.average)) if settings.average else optimizer
