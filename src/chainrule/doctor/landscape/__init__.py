"""The loss around trained weights: a plane of it with the path of training on it, and its curvature."""

from chainrule.doctor.landscape.curvature import Sharpness, hessian_of, sharpness
from chainrule.doctor.landscape.path import TrainingPath
from chainrule.doctor.landscape.plane import Landscape, PathOnPlane, loss_landscape

__all__ = [
    "Landscape",
    "PathOnPlane",
    "Sharpness",
    "TrainingPath",
    "hessian_of",
    "loss_landscape",
    "sharpness",
]
