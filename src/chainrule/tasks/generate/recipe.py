"""The recipe of language models: the decoder, Muon for its matrices, Adam for the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.nn import CosineDecay, Layer, SoftmaxCrossEntropy, muon
from chainrule.tasks.generate.network import Decoder, RecurrentModel
from chainrule.tasks.settings import AUTO
from chainrule.training import Recipe, Supervised

EPOCHS = 10
MOST_WINDOWS_OF_AN_EPOCH = 1 << 14
WARM_UP = 0.02  # of all steps
ADAM_SHARE = 0.15


@dataclass(frozen=True)
class Size:
    """Of a decoder. heads: of 32 numbers each."""

    width: int
    blocks: int

    @property
    def heads(self) -> int:
        """How many."""
        return self.width // 32


LSTM = "lstm"
NETWORKS: Mapping[str, Size] = {
    "tiny": Size(64, 2),
    "small": Size(128, 4),
    "medium": Size(192, 6),
    "large": Size(384, 6),
    LSTM: Size(256, 2),
}
"""Transformers, the smallest first, and a recurrent network."""
MANY_READINGS = 8
"""A text that is read more often is learned by heart without dropout."""


def recipe_for(settings: Any, vocabulary: int, windows: int) -> Recipe:
    """The recipe of these settings.

    vocabulary: tokens. windows: of an epoch.
    """
    epochs = EPOCHS if settings.epochs == AUTO else settings.epochs
    size = NETWORKS["medium" if settings.network == AUTO else settings.network]
    rows = min(settings.batch_size, windows)
    steps = epochs * -(-windows // rows)
    dropout = settings.dropout
    if dropout == AUTO:
        dropout = 0.1 if epochs > MANY_READINGS else 0.0
    if settings.network == LSTM:
        network: Layer = RecurrentModel(vocabulary, size.width, size.blocks, settings.context, dropout)
    else:
        network = Decoder(vocabulary, size.width, size.blocks, size.heads, settings.context, dropout)
    warm = max(1, round(WARM_UP * steps))
    rate = CosineDecay(settings.learning_rate, max(1, steps - warm), warm)
    return Recipe(
        Supervised(network, SoftmaxCrossEntropy()),
        muon(rate, weight_decay=settings.weight_decay, adam_share=ADAM_SHARE),
        epochs=epochs,
        batch_size=rows,
        patience=settings.patience,
        seed=settings.seed,
    )
