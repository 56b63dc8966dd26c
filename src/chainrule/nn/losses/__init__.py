"""Losses, one file a family."""

from chainrule.nn.losses.alignment import CTC
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
from chainrule.nn.losses.detection import CenterMap
from chainrule.nn.losses.embedding import Contrastive, CosineEmbedding, LargeMarginCosine, Triplet
from chainrule.nn.losses.ensemble import MeanOfMembers
from chainrule.nn.losses.loss import Loss
from chainrule.nn.losses.names import LOSSES
from chainrule.nn.losses.ordering import CoxPartialLikelihood, MarginRanking, Ordinal
from chainrule.nn.losses.overlap import BoxGIoU, BoxIoU, CrossEntropyDice, Dice, SoftIoU, Tversky
from chainrule.nn.losses.ratios import LogCosh, MeanAbsolutePercentageError, MeanSquaredLogarithmicError
from chainrule.nn.losses.regression import (
    GaussianNegativeLogLikelihood,
    HalfSquaredError,
    Huber,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    Quantile,
)
from chainrule.nn.losses.several import MultiOutputLoss
from chainrule.nn.losses.weighting import ClassWeighted

__all__ = [
    "CTC",
    "LOSSES",
    "BinaryCrossEntropy",
    "BinaryCrossEntropyOfProbabilities",
    "BinaryFocal",
    "BoxGIoU",
    "BoxIoU",
    "CategoricalCrossEntropyOfProbabilities",
    "CenterMap",
    "ClassWeighted",
    "Contrastive",
    "CosineEmbedding",
    "CoxPartialLikelihood",
    "CrossEntropyDice",
    "Dice",
    "GaussianNegativeLogLikelihood",
    "HalfSquaredError",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LargeMarginCosine",
    "LogCosh",
    "Loss",
    "MarginRanking",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanOfMembers",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "MultiOutputLoss",
    "Ordinal",
    "Poisson",
    "Quantile",
    "SoftIoU",
    "SoftmaxCrossEntropy",
    "SoftmaxFocal",
    "SquaredHinge",
    "Triplet",
    "Tversky",
]
