"""The losses that a name says all of. LOSSES lists them by name; see docs/vocabulary.md for the others."""

from collections.abc import Callable, Mapping

from chainrule.nn.losses.classification import (
    BinaryCrossEntropy,
    BinaryCrossEntropyOfProbabilities,
    BinaryFocal,
    CategoricalCrossEntropyOfProbabilities,
    Hinge,
    KLDivergence,
    SoftmaxCrossEntropy,
    SoftmaxFocal,
    SquaredHinge,
)
from chainrule.nn.losses.loss import Loss
from chainrule.nn.losses.ordering import CoxPartialLikelihood, Ordinal
from chainrule.nn.losses.overlap import Dice, SoftIoU, Tversky
from chainrule.nn.losses.ratios import LogCosh, MeanAbsolutePercentageError, MeanSquaredLogarithmicError
from chainrule.nn.losses.regression import (
    GaussianNegativeLogLikelihood,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
)

LOSSES: Mapping[str, Callable[[], Loss]] = {
    "cross_entropy": SoftmaxCrossEntropy,
    "binary_cross_entropy": BinaryCrossEntropy,
    "cross_entropy_of_probabilities": CategoricalCrossEntropyOfProbabilities,
    "binary_cross_entropy_of_probabilities": BinaryCrossEntropyOfProbabilities,
    "focal": SoftmaxFocal,
    "binary_focal": BinaryFocal,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "kl_divergence": KLDivergence,
    "mean_squared_error": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "huber": Huber,
    "log_cosh": LogCosh,
    "mean_squared_logarithmic_error": MeanSquaredLogarithmicError,
    "mean_absolute_percentage_error": MeanAbsolutePercentageError,
    "poisson": Poisson,
    "gaussian": GaussianNegativeLogLikelihood,
    "quantile": Quantile,
    "dice": Dice,
    "soft_iou": SoftIoU,
    "tversky": Tversky,
    "ordinal": Ordinal,
    "cox": CoxPartialLikelihood,
}
"""Losses by the names that `loss=` accepts."""
