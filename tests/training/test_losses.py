"""Whole runs with every kind of loss: targets taken, metrics measured, predictions given."""

import numpy as np
import pytest
from tests.training.helpers import points

from chainrule import nn, train


def both(x):
    """Two embeddings per example, from both halves of it."""
    return x.reshape(len(x), 2, 2)


X, CLASSES = points(40)
LOSSES = {
    "binary_focal": (1, X, CLASSES == 1, nn.BinaryFocal(), {"binary_accuracy"}),
    "softmax_focal": (3, X, CLASSES, nn.SoftmaxFocal(), {"accuracy"}),
    "divergence": (3, X, np.eye(3)[CLASSES], nn.KLDivergence(), {"accuracy"}),
    "hinge": (1, X, CLASSES == 1, nn.Hinge(), {"binary_accuracy"}),
    "squared_hinge": (1, X, CLASSES == 1, nn.SquaredHinge(), {"binary_accuracy"}),
    "poisson": (1, X, CLASSES, nn.Poisson(), {"r2", "mean_absolute_error", "root_mean_squared_error"}),
    "quantile": (3, X, X[:, 0], nn.Quantile(), set()),
    "normal": (
        2,
        X,
        X[:, 0],
        nn.GaussianNegativeLogLikelihood(),
        {"r2", "mean_absolute_error", "root_mean_squared_error"},
    ),
    "dice": (4, X, X > 0, nn.Dice(), {"binary_accuracy"}),
    "soft_iou": (4, X, X > 0, nn.SoftIoU(), {"binary_accuracy"}),
    "box_iou": (4, X, np.sort(X, axis=1), nn.BoxIoU(), set()),
    "box_giou": (4, X, np.sort(X, axis=1), nn.BoxGIoU(), set()),
    "cosine": (5, both(X), CLASSES == 1, nn.CosineEmbedding(), set()),
    "contrastive": (5, both(X), CLASSES == 1, nn.Contrastive(), set()),
    "triplet": (5, X, CLASSES, nn.Triplet(), set()),
    "ctc": (4, both(X), CLASSES[:, None] + 1, nn.CTC(), set()),
}


@pytest.mark.parametrize("name", LOSSES)
def test_every_kind_of_targets_trains_and_is_measured(name):
    units, x, y, loss, metrics = LOSSES[name]
    settings = {"loss": loss, "epochs": 30, "batch_size": 10, "optimizer": nn.adam(0.02)}
    run = train(nn.Dense(units), (x, y), validation=0.25, **settings)
    last = run.history[-1]
    assert last["loss"] < run.history[0]["loss"]
    measured = {key.removeprefix("validation_") for key in last if key.startswith("validation_")}
    assert measured == {"loss"} | metrics
    assert len(run.predict(x)) == 40
