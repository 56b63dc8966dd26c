"""The doctor: what is wrong with a training, why, and what helps."""

from chainrule.doctor.landscape import (
    Landscape,
    PathOnPlane,
    Sharpness,
    TrainingPath,
    hessian_of,
    loss_landscape,
    sharpness,
)

__all__ = [
    "Landscape",
    "PathOnPlane",
    "Sharpness",
    "TrainingPath",
    "hessian_of",
    "loss_landscape",
    "sharpness",
]
