"""Networks: layers, losses, initializers, penalties, optimizers, schedules, metrics, the perceptron."""

from chainrule.nn import layers, losses, optimizers
from chainrule.nn.activations import ACTIVATIONS
from chainrule.nn.initializers import (
    DeltaOrthogonal,
    Dirac,
    Filled,
    FilledParts,
    Initializer,
    LayerSequentialUnitVariance,
    Normal,
    Orthogonal,
    TruncatedNormal,
    Uniform,
    VarianceScaling,
    constant,
    delta_orthogonal,
    dirac,
    filled_parts,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
    lsuv,
    normal,
    ones,
    orthogonal,
    truncated_normal,
    uniform,
    zeros,
)
from chainrule.nn.layer import Layer, building
from chainrule.nn.layers import *  # noqa: F403 (its __all__ is the table)
from chainrule.nn.losses import *  # noqa: F403 (its __all__ is the table)
from chainrule.nn.mixing import CutMix, Mixing, MixUp
from chainrule.nn.optimizers import *  # noqa: F403 (its __all__ is the table)
from chainrule.nn.perceptron import Perceptron, PerceptronResult
from chainrule.nn.piecewise_schedules import JoinedSchedules, LinearRamp, MultiStepDecay
from chainrule.nn.regularizers import L1, L2, Activity, ElasticNet, GroupLasso, Orthogonality, Penalty
from chainrule.nn.schedules import (
    Constant,
    CosineDecay,
    Cyclical,
    ExponentialDecay,
    InverseTimeDecay,
    OneCycle,
    PolynomialDecay,
    ReduceOnPlateau,
    Schedule,
    StepDecay,
)
from chainrule.nn.structured import Identity, Sparse, identity, sparse
from chainrule.nn.summarizing import LayerSummary, Summary, summary

__all__ = [
    "ACTIVATIONS",
    "KINDS",
    "L1",
    "L2",
    "Activity",
    "Constant",
    "CosineDecay",
    "CutMix",
    "Cyclical",
    "DeltaOrthogonal",
    "Dirac",
    "ElasticNet",
    "ExponentialDecay",
    "Filled",
    "FilledParts",
    "GroupLasso",
    "Identity",
    "Initializer",
    "InverseTimeDecay",
    "JoinedSchedules",
    "Layer",
    "LayerSequentialUnitVariance",
    "LayerSummary",
    "LinearRamp",
    "MixUp",
    "Mixing",
    "MultiStepDecay",
    "Normal",
    "OneCycle",
    "Orthogonal",
    "Orthogonality",
    "Penalty",
    "Perceptron",
    "PerceptronResult",
    "PolynomialDecay",
    "ReduceOnPlateau",
    "Schedule",
    "Sparse",
    "StepDecay",
    "Summary",
    "TruncatedNormal",
    "Uniform",
    "VarianceScaling",
    "building",
    "constant",
    "delta_orthogonal",
    "dirac",
    "filled_parts",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "lsuv",
    "normal",
    "ones",
    "orthogonal",
    "sparse",
    "summary",
    "truncated_normal",
    "uniform",
    "zeros",
]
__all__ += layers.__all__
__all__ += losses.__all__
__all__ += optimizers.__all__

_BASES = (
    Initializer,
    Layer,
    losses.Loss,
    Mixing,
    Penalty,
    Schedule,
    optimizers.Transform,
)
KINDS: tuple[type, ...] = tuple(
    each
    for each in (globals()[name] for name in __all__ if name != "KINDS")
    if isinstance(each, type) and issubclass(each, _BASES) and each not in _BASES
)
"""Every frozen dataclass that a stored recipe may be made of: all public parts."""
