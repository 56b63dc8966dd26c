"""The doctor: what is wrong with a training, why, and what helps."""

from chainrule.doctor.attending import Doctor
from chainrule.doctor.causes import CAUSES, Cause
from chainrule.training.findings import Finding, Trial

__all__ = ["CAUSES", "Cause", "Doctor", "Finding", "Trial"]
