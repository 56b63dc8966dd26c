"""Checks before training. CHECKS lists them by name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from chainrule.doctor.checks.inputs import constant_inputs, input_scale, missing_marks, outliers
from chainrule.doctor.checks.learning import learning_rate, memorization
from chainrule.doctor.checks.outputs import output_activation, output_width, unfit_loss
from chainrule.doctor.checks.split import batch_size, duplicates, order, split_classes
from chainrule.doctor.checks.start import signal, symmetric_weights
from chainrule.doctor.checks.targets import class_balance, target_scale
from chainrule.doctor.examined import Examined
from chainrule.training.findings import Finding

Check = Callable[[Examined], list[Finding]]

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "output_activation": output_activation,
        "output_width": output_width,
        "unfit_loss": unfit_loss,
        "constant_inputs": constant_inputs,
        "missing_marks": missing_marks,
        "outliers": outliers,
        "input_scale": input_scale,
        "target_scale": target_scale,
        "class_balance": class_balance,
        "split_classes": split_classes,
        "duplicates": duplicates,
        "order": order,
        "batch_size": batch_size,
        "symmetric_weights": symmetric_weights,
        "signal": signal,
        "learning_rate": learning_rate,
        "memorization": memorization,
    }
)
"""By name, which is the symptom of what they find; the cheap ones first."""

__all__ = ["CHECKS", "Check"]
