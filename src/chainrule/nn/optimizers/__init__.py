"""Optimizers as pure transforms, traced into the program; presets compose them."""

from chainrule.nn.optimizers.clipping import ClipByGlobalNorm, ClipByValue
from chainrule.nn.optimizers.descent import AddDecay, Descend
from chainrule.nn.optimizers.presets import PRESETS, adagrad, adam, adamw, momentum, nesterov, rmsprop, sgd
from chainrule.nn.optimizers.scaling import Momentum, ScaleByAdagrad, ScaleByAdam, ScaleByRms
from chainrule.nn.optimizers.transform import Chain, Transform, chain

__all__ = [
    "PRESETS",
    "AddDecay",
    "Chain",
    "ClipByGlobalNorm",
    "ClipByValue",
    "Descend",
    "Momentum",
    "ScaleByAdagrad",
    "ScaleByAdam",
    "ScaleByRms",
    "Transform",
    "adagrad",
    "adam",
    "adamw",
    "chain",
    "momentum",
    "nesterov",
    "rmsprop",
    "sgd",
]
