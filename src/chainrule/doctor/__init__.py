"""The doctor: what is wrong with a training, why, and what helps; and the loss around trained weights."""

from chainrule.doctor.attending import Doctor
from chainrule.doctor.case import told
from chainrule.doctor.causes import CAUSES, Cause
from chainrule.doctor.checking import check, check_recipe
from chainrule.doctor.checks import CHECKS
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
    "CHECKS",
    "Cause",
    "Doctor",
    "Finding",
    "Landscape",
    "PathOnPlane",
    "Sharpness",
    "TrainingPath",
    "Trial",
    "check",
    "check_recipe",
    "hessian_of",
    "loss_landscape",
    "sharpness",
    "told",
]
