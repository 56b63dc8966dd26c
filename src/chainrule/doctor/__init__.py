"""The doctor: what is wrong with a training, why, and what helps."""

from chainrule.doctor.attending import Doctor
from chainrule.doctor.causes import CAUSES, Cause
from chainrule.doctor.checking import check, check_recipe
from chainrule.doctor.checks import CHECKS
from chainrule.training.findings import Finding, Trial

__all__ = ["CAUSES", "CHECKS", "Cause", "Doctor", "Finding", "Trial", "check", "check_recipe"]
