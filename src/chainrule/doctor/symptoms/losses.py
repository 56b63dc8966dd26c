"""Symptoms in the course of the loss: it does not fall, falls slowly, jumps, or rises on held-out data."""

from collections.abc import Iterator

import numpy as np

from chainrule.doctor.symptoms.course import Course
from chainrule.doctor.symptoms.suspicion import Suspicion
from chainrule.doctor.unusual import unusual

_LEARNED_LITTLE = 0.15  # of the way from the best constant answer to a perfect one
_FALLING = 0.85  # what is left of the yardstick after twice the steps, where it still falls a lot
_FAR, _NEAR = 0.3, 0.1
"""Of the yardstick of a constant answer: above the first much is left to learn. Between them, where numbers
are predicted, steps that are too long may throw the weights about."""
_JUMPS = 0.25
_LONG_STEP, _SHORT_STEP = 0.03, 1e-5  # update per value, at one step
_OVERFITTING = 0.15  # the held-out loss is above its lowest by this share of it

_EVERYTHING = {
    "learning_rate_too_high": 0.4,
    "learning_rate_too_low": 0.4,
    "unscaled_inputs": 0.3,
    "initial_weights_too_small": 0.3,
    "output_activation": 0.3,
    "unscaled_targets": 0.3,
    "unfit_loss": 0.3,
    "saturating_activation": 0.25,
    "dead_units": 0.25,
    "too_strong_penalty": 0.2,
    "poor_minimum": 0.2,
    "momentum_too_high": 0.2,
    "no_shuffling": 0.2,
    "missing_normalization": 0.15,
    "too_small_network": 0.15,
    "batch_size_too_large": 0.15,
}
"""What may cause that nothing is learned, where nothing in the settings is unusual."""


def _likely(course: Course, **more: float) -> dict[str, float]:
    """Everything, and more likely what the settings suggest."""
    found = _EVERYTHING | more
    for cause, likely in unusual(course.patient).items():
        found[cause] = max(likely, found.get(cause, 0.0))
    return found


def not_learning(course: Course) -> Iterator[Suspicion]:
    """The network is hardly better than one answer for all examples."""
    if not course.scores or course.constant <= 0:
        return
    _, now = course.scores[-1]
    if now > (1 - _LEARNED_LITTLE) * course.constant:
        yield Suspicion(
            "not_learning",
            f"After epoch {course.state.epoch} the network is hardly better than the same answer for every "
            "example.",
            _likely(course),
            evidence={"yardstick": now, "constant": course.constant},
        )


def slow(course: Course) -> Iterator[Suspicion]:
    """The yardstick falls, but so slowly that it will still fall where training ends."""
    if len(course.scores) < 2:
        return
    (_, before), (_, now) = course.scores[-2:]
    if now <= _FALLING * before:
        return
    far = now > _FAR * course.constant
    if far or (now > _NEAR * course.constant and not course.surprise):
        yield Suspicion(
            "slow",
            f"While the steps doubled, the held-out error {_went(before, now)}.",
            _likely(course, learning_rate_too_low=0.5, batch_size_too_large=0.3, too_small_network=0.3)
            if far
            else {"learning_rate_too_high": 0.4},
            evidence={"yardstick": [each for _, each in course.scores]},
        )


def _went(before: float, now: float) -> str:
    return f"fell from {before:.3g} to {now:.3g} only" if now < before else f"did not fall: it is {now:.3g}"


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
            f"One step changes the weights by as much as {middle:.2g} of their size.",
            {"learning_rate_too_high": 0.9, "momentum_too_high": 0.5},
            evidence={"update_per_value": ratios},
        )
    elif middle < _SHORT_STEP:
        yield Suspicion(
            "short_steps",
            f"One step changes the weights by only {middle:.2g} of their size."
            if middle
            else "A step does not change the weights at all.",
            {"learning_rate_too_low": 0.9, "saturating_activation": 0.3, "batch_size_too_large": 0.2},
            evidence={"update_per_value": ratios},
        )


def jumping(course: Course) -> Iterator[Suspicion]:
    """The loss of an epoch is far above that of an earlier one."""
    losses = course.losses
    if len(losses) >= 2 and losses[-1] > (1 + _JUMPS) * losses.min():
        yield Suspicion(
            "jumping",
            f"The mean loss of an epoch rose from {losses.min():.4g} to {losses[-1]:.4g}.",
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
            f"The held-out loss was lowest in epoch {best + 1}. It is {held_out[-1] / held_out[best]:.2f} "
            "times as high now, while the training loss has fallen.",
            {"overfitting": 0.9, "learning_rate_too_high": 0.5, "label_noise": 0.4},
            evidence={"held_out": held_out.tolist(), "loss": losses.tolist()},
        )
