"""Symptoms in the course of the loss: it does not fall, falls slowly, jumps, or rises on held-out data."""

from collections.abc import Iterator

import numpy as np

from chainrule.doctor.symptoms.course import Course
from chainrule.doctor.symptoms.suspicion import Suspicion

_LEARNED_LITTLE = 0.15  # of the way from the best constant answer to a perfect one
_FALLING = 0.85  # what is left of the yardstick after twice the steps, where it still falls a lot
_JUMPS = 0.25
_LONG_STEP, _SHORT_STEP = 0.03, 1e-5  # update per value, at one step
_OVERFITTING = 0.15  # the held-out loss is above its lowest by this share of it

EVERYTHING = {
    "learning_rate_too_high": 0.5,
    "learning_rate_too_low": 0.5,
    "unscaled_inputs": 0.45,
    "symmetric_weights": 0.4,
    "initial_weights_too_small": 0.4,
    "too_strong_penalty": 0.4,
    "output_activation": 0.4,
    "unscaled_targets": 0.35,
    "unfit_loss": 0.35,
    "no_shuffling": 0.35,
    "saturating_activation": 0.3,
    "dead_units": 0.3,
    "momentum_too_high": 0.3,
    "missing_normalization": 0.25,
    "poor_minimum": 0.25,
    "too_small_network": 0.2,
    "batch_size_too_large": 0.2,
}
"""What may cause that nothing is learned."""


def not_learning(course: Course) -> Iterator[Suspicion]:
    """The network is hardly better than one answer for all examples."""
    if not course.scores or course.constant <= 0:
        return
    _, now = course.scores[-1]
    if now > (1 - _LEARNED_LITTLE) * course.constant:
        yield Suspicion(
            "not_learning",
            f"After epoch {course.state.epoch} it is hardly better than one answer for all examples.",
            EVERYTHING,
            evidence={"yardstick": now, "constant": course.constant},
        )


def slow(course: Course) -> Iterator[Suspicion]:
    """The yardstick falls, but so slowly that it will still fall where training ends."""
    if len(course.scores) < 2:
        return
    (_, before), (_, now) = course.scores[-2:]
    if now > _FALLING * before and now > 0.3 * course.constant:
        yield Suspicion(
            "slow",
            f"Since the last visit the held-out error fell from {before:.3g} to {now:.3g} only.",
            EVERYTHING
            | {"learning_rate_too_low": 0.6, "batch_size_too_large": 0.4, "too_small_network": 0.4},
            evidence={"yardstick": [each for _, each in course.scores]},
        )


def long_or_short_steps(course: Course) -> Iterator[Suspicion]:
    """Updates are large or tiny beside the weights that they change."""
    ratios = {
        path: ratio
        for path, ratio in course.measured("update_per_value").items()
        if path.endswith("weight") and np.isfinite(ratio)
    }
    if not ratios:
        return
    middle = float(np.median([*ratios.values()]))
    if middle > _LONG_STEP:
        yield Suspicion(
            "long_steps",
            f"One step changes the weights by {middle:.2g} of their size.",
            {"learning_rate_too_high": 0.9, "momentum_too_high": 0.5},
            evidence={"update_per_value": ratios},
        )
    elif middle < _SHORT_STEP:
        yield Suspicion(
            "short_steps",
            f"One step changes the weights by {middle:.2g} of their size.",
            {"learning_rate_too_low": 0.9, "saturating_activation": 0.3, "batch_size_too_large": 0.2},
            evidence={"update_per_value": ratios},
        )


def jumping(course: Course) -> Iterator[Suspicion]:
    """The loss of an epoch is far above that of an earlier one."""
    losses = course.losses
    if len(losses) >= 2 and losses[-1] > (1 + _JUMPS) * losses.min():
        yield Suspicion(
            "jumping",
            f"The loss rose from {losses.min():.4g} to {losses[-1]:.4g}.",
            {"learning_rate_too_high": 0.9, "momentum_too_high": 0.6, "exploding_recurrence": 0.4},
            evidence={"losses": losses.tolist()},
        )


def overfitting(course: Course) -> Iterator[Suspicion]:
    """The held-out loss rises while the loss falls."""
    held_out, losses = course.held_out_losses, course.losses
    if len(held_out) < 4 or not np.isfinite(held_out).all():
        return
    best = int(held_out.argmin())
    if held_out[-1] > (1 + _OVERFITTING) * held_out[best] and losses[-1] < losses[best]:
        yield Suspicion(
            "overfitting",
            f"The held-out loss was lowest in epoch {best + 1}; it is {held_out[-1] / held_out[best]:.2f} "
            "times that now, while the loss falls.",
            {"overfitting": 0.9, "label_noise": 0.4},
            evidence={"held_out": held_out.tolist(), "loss": losses.tolist()},
        )
