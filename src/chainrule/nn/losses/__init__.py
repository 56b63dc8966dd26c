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
from chainrule.nn.losses.margins import CategoricalHinge, MultiMargin
from chainrule.nn.losses.mixture import MixtureDensity
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
from chainrule.nn.losses.similarity import AngularMargin, Circle, CosineSimilarity, NTXent
from chainrule.nn.losses.weighting import ClassWeighted

__all__ = [
    "CTC",
    "LOSSES",
    "AngularMargin",
    "BinaryCrossEntropy",
    "BinaryCrossEntropyOfProbabilities",
    "BinaryFocal",
    "BoxGIoU",
    "BoxIoU",
    "CategoricalCrossEntropyOfProbabilities",
    "CategoricalHinge",
    "CenterMap",
    "Circle",
    "ClassWeighted",
    "Contrastive",
    "CosineEmbedding",
    "CosineSimilarity",
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
    "MixtureDensity",
    "MultiMargin",
    "MultiOutputLoss",
    "NTXent",
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
