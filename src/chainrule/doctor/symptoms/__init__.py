"""Symptoms: what looks wrong while a network is trained. SYMPTOMS lists them by name."""

from collections.abc import Mapping
from types import MappingProxyType

from chainrule.doctor.symptoms.answers import (
    batch_statistics,
    given_up_classes,
    known_by_heart,
    memorized,
    wrong_labels,
)
from chainrule.doctor.symptoms.course import WATCHED, Course
from chainrule.doctor.symptoms.losses import (
    jumping,
    long_or_short_steps,
    not_learning,
    overfitting,
    slow,
)
from chainrule.doctor.symptoms.noise import gradient_noise
from chainrule.doctor.symptoms.signals import (
    dead_units,
    exploding_gradients,
    saturated_units,
    vanishing_gradients,
)
from chainrule.doctor.symptoms.suspicion import Suspicion, Symptom

SYMPTOMS: Mapping[str, Symptom] = MappingProxyType(
    {
        "not_learning": not_learning,
        "slow": slow,
        "jumping": jumping,
        "long_or_short_steps": long_or_short_steps,
        "gradient_noise": gradient_noise,
        "given_up_classes": given_up_classes,
        "wrong_labels": wrong_labels,
        "memorized": memorized,
        "known_by_heart": known_by_heart,
        "batch_statistics": batch_statistics,
        "overfitting": overfitting,
        "vanishing_gradients": vanishing_gradients,
        "exploding_gradients": exploding_gradients,
        "dead_units": dead_units,
        "saturated_units": saturated_units,
    }
)
"""By name."""

__all__ = ["SYMPTOMS", "WATCHED", "Course", "Suspicion", "Symptom"]
