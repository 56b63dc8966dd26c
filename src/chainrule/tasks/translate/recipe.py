"""The recipe of translators: Muon for matrices, Adam for the rest, and perhaps averaged weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.nn import CosineDecay, ExponentialMovingAverage, Transform, chain, muon
from chainrule.tasks.settings import AUTO
from chainrule.tasks.translate.network import Translation, Translator
from chainrule.training import Recipe

EPOCHS = 30
WARM_UP = 0.04
"""The share of the steps in which the rate rises."""
ADAM_SHARE = 0.15
"""Of the rate of the matrices: that of the rest, by Adam."""


@dataclass(frozen=True)
class Size:
    """Of a translator. heads: of 32 numbers each."""

    width: int
    encoders: int
    decoders: int

    @property
    def heads(self) -> int:
        """How many."""
        return self.width // 32


NETWORKS: Mapping[str, Size] = {
    "tiny": Size(64, 1, 1),
    "small": Size(192, 3, 3),
    "medium": Size(256, 4, 4),
}


def recipe_for(settings: Any, vocabulary: int, pairs: int) -> Recipe:
    """The recipe of these settings. vocabulary: tokens of both sides. pairs: to train on."""
    epochs = EPOCHS if settings.epochs == AUTO else settings.epochs
    size = NETWORKS["small" if settings.network == AUTO else settings.network]
    rows = min(settings.batch_size, pairs)
    steps = epochs * -(-pairs // rows)
    network = Translator(
        vocabulary,
        size.width,
        size.encoders,
        size.decoders,
        size.heads,
        settings.longest + 2,
        settings.dropout,
    )
    warm = max(1, round(WARM_UP * steps))
    rate = CosineDecay(settings.learning_rate, max(1, steps - warm), warm)
    optimizer: Transform = muon(rate, adam_share=ADAM_SHARE)
    if settings.average:
        optimizer = chain(optimizer, ExponentialMovingAverage(settings.average))
    return Recipe(
        Translation(network, settings.label_smoothing),
        optimizer,
        epochs=epochs,
        batch_size=rows,
        patience=settings.patience,
        seed=settings.seed,
    )
