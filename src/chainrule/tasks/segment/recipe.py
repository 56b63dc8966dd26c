"""Values for 'auto' in the settings of masks, and the recipe of the settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from chainrule.nn import (
    CrossEntropyDice,
    ExponentialMovingAverage,
    Layer,
    Padded,
    RandomAffine,
    Sequential,
    Standardize,
    chain,
)
from chainrule.tasks.build import SCHEDULES, colour_layers, optimizer_for, usual_epochs
from chainrule.tasks.segment.network import NETWORKS, unet
from chainrule.tasks.segment.objective import VOID, Segmentation
from chainrule.tasks.segment.settings import SegmentSettings
from chainrule.tasks.settings import with_given
from chainrule.training import Recipe

MOST_EPOCHS = 200
_FEWEST_EPOCHS = 10
_EXAMPLES = 20_000
"""By default there are so many epochs that training sees about as many images in all."""
_RATES: Mapping[str, tuple[float, float]] = {"adamw": (0.003, 0.01), "nesterov": (0.1, 0.0003)}
"""Learning rate and weight decay by optimizer."""


@dataclass(frozen=True)
class Choices:
    """The settings of these names, with values in place of 'auto'; see `settings.HELP`."""

    network: str
    shift: int
    learning_rate: float
    weight_decay: float
    epochs: int
    batch_size: int
    views: str


def choices(settings: SegmentSettings, images: int, size: tuple[int, int]) -> Choices:
    """The choices for a number of training images of this (height, width)."""
    rate, decay = _RATES[settings.optimizer]
    known = Choices(
        network="medium",
        shift=min(size) // 8,
        learning_rate=rate,
        weight_decay=decay,
        epochs=usual_epochs(images, _EXAMPLES, _FEWEST_EPOCHS, MOST_EPOCHS),
        batch_size=min(8, max(2, images // 8)),
        views="mirrored" if settings.flip in ("horizontal", "both") else "one",
    )
    chosen = with_given(known, settings)
    return replace(chosen, batch_size=min(chosen.batch_size, images))


def recipe_for(
    settings: SegmentSettings,
    chosen: Choices,
    network: Layer,
    part: tuple[int, int],
    shares: np.ndarray,
    steps_per_epoch: int,
) -> Recipe:
    """The recipe that trains a network by the settings.

    part: (height, width) to which training crops images. shares: (classes,) share of the pixels of each
    class.
    """
    steps = chosen.epochs * steps_per_epoch
    rate = SCHEDULES[settings.schedule](chosen.learning_rate, steps, max(1, chosen.epochs // 4))
    optimizer = optimizer_for(settings.optimizer, rate, chosen.weight_decay)
    if settings.average:
        optimizer = chain(optimizer, ExponentialMovingAverage(settings.average))
    loss = CrossEntropyDice(
        dice=settings.dice,
        class_weights=class_weights(shares, settings.class_weights),
        void=VOID,
        label_smoothing=settings.label_smoothing,
    )
    # The scale is drawn evenly in its logarithm: larger twice as often as smaller.
    moves = RandomAffine(
        chosen.shift, float(settings.degrees), (settings.scale**-0.5, float(settings.scale)), settings.flip
    )
    return Recipe(
        Segmentation(network, loss, moves, part),
        optimizer,
        epochs=chosen.epochs,
        batch_size=chosen.batch_size,
        seed=settings.seed,
        keep="last",
    )


def class_weights(shares: np.ndarray, power: float) -> tuple[float, ...] | None:
    """(1 / share) ** power of each class, scaled so that the mean weight of a pixel is 1.

    None for power 0, where all weights are equal. A class without pixels gets the weight of the rarest other
    class.
    """
    if not power:
        return None
    known = np.where(shares > 0, shares, shares[shares > 0].min())
    weights = known**-power
    return tuple((weights / (weights * shares).sum()).tolist())


def new_network(
    settings: SegmentSettings, chosen: Choices, pixels: np.ndarray, classes: int, size: Sequence[int]
) -> Sequential:
    """A network with augmentation of colours by the settings. pixels: some of the training images."""
    net = unet(classes, NETWORKS[chosen.network], size)
    return Sequential([*colour_layers(settings.colour), Standardize.of(pixels), net])


def multiple_of(network: Layer) -> int:
    """The number of pixels to whose multiple the network pads the sides of images."""
    assert isinstance(network, Sequential)
    assert isinstance(network.layers[-1], Padded)
    return network.layers[-1].multiple
