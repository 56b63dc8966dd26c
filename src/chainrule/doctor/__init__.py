"""The doctor: what is wrong with a training, why, and what helps; and the loss around trained weights."""

from chainrule.doctor.causes import CAUSES, Cause
from chainrule.doctor.landscape import (
    Landscape,
    PathOnPlane,
    Sharpness,
    TrainingPath,
    hessian_of,
    loss_landscape,
    sharpness,
)
from chainrule.training.findings import Finding, Trial

__all__ = [
    "CAUSES",
    "Cause",
    "Finding",
    "Landscape",
    "PathOnPlane",
    "Sharpness",
    "TrainingPath",
    "Trial",
    "hessian_of",
    "loss_landscape",
    "sharpness",
]
