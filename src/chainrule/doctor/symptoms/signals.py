"""Symptoms in the signals between layers: deltas that vanish or grow, units that are dead or saturated."""

from collections.abc import Iterator, Sequence

import numpy as np

from chainrule.doctor.symptoms.course import Course
from chainrule.doctor.symptoms.suspicion import Suspicion

_VANISHED = 1e-2  # of the delta of the last layers, in the first
_GROWN = 1e2
_DEEP = 10  # layers
_DEAD = 0.5  # share of a layer's units
_FLAT = {"sigmoid": 0.25, "tanh": 1.0}
"""The slope of a squashing operation at 0."""
_SATURATED = 0.2  # of that slope, on average


def vanishing_gradients(course: Course) -> Iterator[Suspicion]:
    """The first layer gets a far smaller delta than the last."""
    deltas = list(course.measured("delta").items())
    if len(deltas) < 3:
        return
    (first, small), (last, large) = deltas[0], deltas[-1]
    if 0 <= small < _VANISHED * large:
        squashing = [path for path in course.functions if course.functions[path] in _FLAT]
        likely = {"saturating_activation": 0.9} if len(squashing) > len(deltas) / 3 else {}
        times = f"a delta {large / small:,.0f} times smaller than" if small else "no delta, unlike"
        yield Suspicion(
            "vanishing_gradients",
            f"Layer '{first}' receives {times} layer '{last}'.",
            {**likely, **_of_depth(deltas), "initial_weights_too_small": 0.6},
            first,
            {"deltas": dict(deltas)},
        )


def _of_depth(deltas: Sequence[object]) -> dict[str, float]:
    return {"missing_normalization": 0.5 if len(deltas) >= _DEEP else 0.2}


def exploding_gradients(course: Course) -> Iterator[Suspicion]:
    """The first layer gets a far larger delta than the last, or gradients jump from step to step."""
    deltas = list(course.measured("delta").items())
    if len(deltas) >= 3 and deltas[0][1] > _GROWN * deltas[-1][1] > 0:
        (first, large), (last, small) = deltas[0], deltas[-1]
        yield Suspicion(
            "exploding_gradients",
            f"Layer '{first}' receives a delta {large / small:,.0f} times larger than layer '{last}'.",
            {"initial_weights_too_large": 0.8, **_of_depth(deltas), "exploding_recurrence": 0.5},
            first,
            {"deltas": dict(deltas)},
        )
    for path, each in course.series.items():
        sizes = each.get("gradient")
        if sizes is not None and len(sizes) >= 8 and sizes.max() > _GROWN * max(np.median(sizes), 1e-12):
            yield Suspicion(
                "exploding_gradients",
                f"The gradient of '{path}' jumps: its median size in an epoch is {np.median(sizes):.2g}, and "
                f"{sizes.max():.2g} at one step.",
                {"exploding_recurrence": 0.8, "learning_rate_too_high": 0.6},
                path,
                {"median": float(np.median(sizes)), "largest": float(sizes.max())},
            )
            return


def dead_units(course: Course) -> Iterator[Suspicion]:
    """Most units of a layer give 0 for every example of a batch."""
    for path, share in course.measured("activation_dead_units").items():
        if share > _DEAD and course.functions.get(path) in ("relu", "maximum", "where"):
            yield Suspicion(
                "dead_units",
                f"{share:.0%} of the units of layer '{path}' give 0 for every example of a batch.",
                {"dead_units": 0.9, "learning_rate_too_high": 0.5, "initial_weights_too_large": 0.2},
                path,
                {"share": share},
            )
            return


def saturated_units(course: Course) -> Iterator[Suspicion]:
    """The activations of a layer lie where their function is flat."""
    means, sizes = course.measured("activation_mean"), course.measured("activation")
    hidden = list(sizes)[:-1]
    for path in hidden:
        function = course.functions.get(path, "")
        if function not in _FLAT or path not in means:  # what a user watches may be measured alone
            continue
        square = sizes[path] ** 2
        slope = means[path] - square if function == "sigmoid" else 1 - square
        if slope < _SATURATED * _FLAT[function]:
            yield Suspicion(
                "saturated_units",
                f"Layer '{path}' is saturated: the mean slope of its {function} is "
                f"{slope / _FLAT[function]:.1%} of the steepest.",
                {
                    "saturating_activation": 0.7,
                    "initial_weights_too_large": 0.7,
                    "unscaled_inputs": 0.6,
                    "learning_rate_too_high": 0.4,
                },
                path,
                {"slope": slope},
            )
            return
