"""What 'auto' stands for in the settings of masks, and the recipe that they ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from chainrule.nn import (
    ColorJitter,
    CrossEntropyDice,
    ExponentialMovingAverage,
    Layer,
    Padded,
    RandomAffine,
    Sequential,
    Standardize,
    chain,
)
from chainrule.tasks.build import SCHEDULES, optimizer_for
from chainrule.tasks.segment.network import NETWORKS, unet
from chainrule.tasks.segment.objective import VOID, Segmentation
from chainrule.tasks.segment.settings import AUTO, SegmentSettings
from chainrule.training import Recipe

MOST_EPOCHS = 200
_FEWEST_EPOCHS = 10
_EXAMPLES = 20_000
"""That are seen in all, in about."""
_RATES: Mapping[str, tuple[float, float]] = {"adamw": (0.003, 0.01), "nesterov": (0.1, 0.0003)}
"""Learning rate and decay."""


@dataclass(frozen=True)
class Choices:
    """What is set, and what 'auto' stands for; see `settings.HELP`."""

    network: str
    shift: int
    learning_rate: float
    weight_decay: float
    epochs: int
    batch_size: int
    views: str


def choices(settings: SegmentSettings, images: int, size: tuple[int, int]) -> Choices:
    """The choices for so many training images of a size."""
    rate, decay = _RATES[settings.optimizer]
    known = Choices(
        network="medium",
        shift=min(size) // 8,
        learning_rate=rate,
        weight_decay=decay,
        epochs=min(max(round(_EXAMPLES / images), _FEWEST_EPOCHS), MOST_EPOCHS),
        batch_size=min(8, max(2, images // 8)),
        views="mirrored" if settings.flip in ("horizontal", "both") else "one",
    )
    given = {each.name: getattr(settings, each.name) for each in fields(Choices)}
    chosen = replace(known, **{name: value for name, value in given.items() if value != AUTO})
    return replace(chosen, batch_size=min(chosen.batch_size, images))


def recipe_for(
    settings: SegmentSettings,
    chosen: Choices,
    network: Layer,
    part: tuple[int, int],
    shares: np.ndarray,
    steps_per_epoch: int,
) -> Recipe:
    """The recipe of a network for the settings.

    part: (height, width) that training sees. shares: how much each class covers.
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
    """(1 / share of the pixels) ** power of each class, scaled so that a pixel weighs 1 on average.

    None where all weigh alike. A class without pixels weighs what the rarest other does.
    """
    if not power:
        return None
    known = np.where(shares > 0, shares, shares[shares > 0].min())
    weights = known**-power
    return tuple((weights / (weights * shares).sum()).tolist())


def new_network(
    settings: SegmentSettings, chosen: Choices, pixels: np.ndarray, classes: int, size: Sequence[int]
) -> Sequential:
    """A network for these training images with its changes of colour; pixels: some of them."""
    net = unet(classes, NETWORKS[chosen.network], size)
    return Sequential([*colours(settings), Standardize.of(pixels), net])


def colours(settings: SegmentSettings) -> list[Layer]:
    """What changes the colours of raw images by chance."""
    much = settings.colour
    return [ColorJitter(much, much, much)] if much else []


def multiple_of(network: Layer) -> int:
    """What the sides of images are filled up to a multiple of."""
    assert isinstance(network, Sequential)
    assert isinstance(network.layers[-1], Padded)
    return network.layers[-1].multiple
