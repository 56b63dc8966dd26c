"""Optimizers: chains of pure transforms, recorded into the program, and presets of the literature."""

from chainrule.nn.optimizers.accumulation import Accumulate
from chainrule.nn.optimizers.adaptive import ScaleByAdadelta, ScaleByAmsgrad, ScaleByLion, ScaleByNadam
from chainrule.nn.optimizers.averaging import ExponentialMovingAverage, Lookahead, StochasticWeightAverage
from chainrule.nn.optimizers.bayesian import BayesianRegularization
from chainrule.nn.optimizers.clipping import AdaptiveClip, ClipByGlobalNorm, ClipByValue
from chainrule.nn.optimizers.conjugate import ConjugateGradient
from chainrule.nn.optimizers.descent import AddWeightDecay, ScaleByLearningRate
from chainrule.nn.optimizers.distance import ScaleByProdigy
from chainrule.nn.optimizers.factored import ScaleByFactoredRms, ScaleByParameter
from chainrule.nn.optimizers.least_squares import LevenbergMarquardt
from chainrule.nn.optimizers.matrices import Orthogonalize
from chainrule.nn.optimizers.partition import Partition, Scale
from chainrule.nn.optimizers.presets import (
    PRESETS,
    adadelta,
    adafactor,
    adagrad,
    adam,
    adamax,
    adamw,
    amsgrad,
    lamb,
    lars,
    lion,
    momentum,
    muon,
    nadam,
    nesterov,
    prodigy,
    quickprop,
    radam,
    rmsprop,
    rprop,
    schedule_free_adamw,
    schedule_free_sgd,
    sgd,
)
from chainrule.nn.optimizers.projection import MaxNorm
from chainrule.nn.optimizers.quasi_newton import LBFGS
from chainrule.nn.optimizers.rectified import ScaleByAdamax, ScaleByRectifiedAdam
from chainrule.nn.optimizers.resilient import ScaleByQuickprop, ScaleByRprop
from chainrule.nn.optimizers.scaled_conjugate import ScaledConjugateGradient
from chainrule.nn.optimizers.scaling import Momentum, ScaleByAdagrad, ScaleByAdam, ScaleByRms
from chainrule.nn.optimizers.schedule_free import ScheduleFree
from chainrule.nn.optimizers.sharpness import SharpnessAware
from chainrule.nn.optimizers.transform import Chain, Transform, chain
from chainrule.nn.optimizers.trust import ScaleByLars, ScaleByTrustRatio

__all__ = [
    "LBFGS",
    "PRESETS",
    "Accumulate",
    "AdaptiveClip",
    "AddWeightDecay",
    "BayesianRegularization",
    "Chain",
    "ClipByGlobalNorm",
    "ClipByValue",
    "ConjugateGradient",
    "ExponentialMovingAverage",
    "LevenbergMarquardt",
    "Lookahead",
    "MaxNorm",
    "Momentum",
    "Orthogonalize",
    "Partition",
    "Scale",
    "ScaleByAdadelta",
    "ScaleByAdagrad",
    "ScaleByAdam",
    "ScaleByAdamax",
    "ScaleByAmsgrad",
    "ScaleByFactoredRms",
    "ScaleByLars",
    "ScaleByLearningRate",
    "ScaleByLion",
    "ScaleByNadam",
    "ScaleByParameter",
    "ScaleByProdigy",
    "ScaleByQuickprop",
    "ScaleByRectifiedAdam",
    "ScaleByRms",
    "ScaleByRprop",
    "ScaleByTrustRatio",
    "ScaledConjugateGradient",
    "ScheduleFree",
    "SharpnessAware",
    "StochasticWeightAverage",
    "Transform",
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "amsgrad",
    "chain",
    "lamb",
    "lars",
    "lion",
    "momentum",
    "muon",
    "nadam",
    "nesterov",
    "prodigy",
    "quickprop",
    "radam",
    "rmsprop",
    "rprop",
    "schedule_free_adamw",
    "schedule_free_sgd",
    "sgd",
]
