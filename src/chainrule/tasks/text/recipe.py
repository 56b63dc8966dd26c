"""The recipe for texts: the network, and how it is trained, by the settings and the number of documents."""

from collections.abc import Sequence

import numpy as np

from chainrule.data import Feature
from chainrule.nn import Dense, Layer, OneCycle, Partition, Sequential, TableFeatures, adagrad, adam, adamw
from chainrule.tasks.build import usual_epochs
from chainrule.tasks.settings import AUTO
from chainrule.tasks.text.network import (
    BAG,
    CONVOLUTION,
    NaiveBayesBag,
    TextNetwork,
    WordConvolution,
    WordTransformer,
)
from chainrule.tasks.text.problems import Problem
from chainrule.tasks.text.settings import TextSettings
from chainrule.training import Recipe, Supervised

WORDS_KNOWN = 30_000
"""The most words of a network that reads words; of a bag there are as many as are needed."""
RATES, RATE_OF_WORDS = {1: 0.02}, 0.001
"""Of the bag by its outputs, else `RATE`; and of the networks that read words in their order."""
RATE = 0.01
_OF_COLUMNS = 0.003
_PRESENTED, _FEWEST, _MOST = 125_000, 5, 30
MOST_EPOCHS = _MOST


def is_bag(settings: TextSettings) -> bool:
    """Whether the network takes n-grams, not words in their order."""
    return settings.network in (AUTO, BAG)


def recipe_for(
    settings: TextSettings,
    problem: Problem,
    size: int,
    documents: int,
    features: Sequence[Feature],
    beside: np.ndarray | None,
) -> Recipe:
    """The recipe of these settings.

    size: n-grams of the bag, or known words. documents: to train on. features, beside: of the columns beside
    the text, (documents, features); None if there are none.
    """
    network = BAG if settings.network == AUTO else settings.network
    rate = settings.learning_rate
    if rate == AUTO:
        rate = RATES.get(problem.outputs, RATE) if network == BAG else RATE_OF_WORDS
    epochs = settings.epochs
    if epochs == AUTO:
        epochs = usual_epochs(documents, _PRESENTED, _FEWEST, _MOST)
    steps = epochs * -(-documents // settings.batch_size)
    if network == BAG:
        text: Layer = NaiveBayesBag.of(size, problem.outputs)
        optimizer = Partition((("text.*", adagrad(rate)),), otherwise=adam(_OF_COLUMNS))
    else:
        if network == CONVOLUTION:
            text = WordConvolution(size, 64, 5, problem.outputs, 0.3)
        else:
            text = WordTransformer(size, 64, 4, 2, problem.outputs, 0.1)
        optimizer = adamw(OneCycle(rate, max(steps, 2)))
    columns = None if beside is None else _columns_network(features, problem.outputs)
    return Recipe(
        Supervised(TextNetwork(text, columns), problem.loss(settings.label_smoothing)),
        optimizer,
        epochs=epochs,
        batch_size=min(settings.batch_size, documents),
        patience=settings.patience,
        seed=settings.seed,
    )


def _columns_network(features: Sequence[Feature], outputs: int) -> Layer:
    codes = [feature.size if feature.kind == "code" else 0 for feature in features]
    return Sequential([TableFeatures(codes), Dense(64, "relu"), Dense(outputs)])
