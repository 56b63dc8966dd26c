"""Optimizers: chains of pure transforms, recorded into the program, and presets of the literature."""

from chainrule.nn.optimizers.accumulation import Accumulate
from chainrule.nn.optimizers.adaptive import ScaleByAdadelta, ScaleByAmsgrad, ScaleByLion, ScaleByNadam
from chainrule.nn.optimizers.averaging import ExponentialMovingAverage, Lookahead, StochasticWeightAverage
from chainrule.nn.optimizers.clipping import AdaptiveClip, ClipByGlobalNorm, ClipByValue
from chainrule.nn.optimizers.descent import AddWeightDecay, ScaleByLearningRate
from chainrule.nn.optimizers.matrices import Orthogonalize
from chainrule.nn.optimizers.partition import Partition, Scale
from chainrule.nn.optimizers.presets import (
    PRESETS,
    adadelta,
    adagrad,
    adam,
    adamw,
    amsgrad,
    lion,
    momentum,
    muon,
    nadam,
    nesterov,
    rmsprop,
    sgd,
)
from chainrule.nn.optimizers.projection import MaxNorm
from chainrule.nn.optimizers.quasi_newton import LBFGS
from chainrule.nn.optimizers.scaling import Momentum, ScaleByAdagrad, ScaleByAdam, ScaleByRms
from chainrule.nn.optimizers.sharpness import SharpnessAware
from chainrule.nn.optimizers.transform import Chain, Transform, chain

__all__ = [
    "LBFGS",
    "PRESETS",
    "Accumulate",
    "AdaptiveClip",
    "AddWeightDecay",
    "Chain",
    "ClipByGlobalNorm",
    "ClipByValue",
    "ExponentialMovingAverage",
    "Lookahead",
    "MaxNorm",
    "Momentum",
    "Orthogonalize",
    "Partition",
    "Scale",
    "ScaleByAdadelta",
    "ScaleByAdagrad",
    "ScaleByAdam",
    "ScaleByAmsgrad",
    "ScaleByLearningRate",
    "ScaleByLion",
    "ScaleByNadam",
    "ScaleByRms",
    "SharpnessAware",
    "StochasticWeightAverage",
    "Transform",
    "adadelta",
    "adagrad",
    "adam",
    "adamw",
    "amsgrad",
    "chain",
    "lion",
    "momentum",
    "muon",
    "nadam",
    "nesterov",
    "rmsprop",
    "sgd",
]
