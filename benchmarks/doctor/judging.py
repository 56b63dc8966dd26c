"""When one figure is as good as another, and when a fault hurts.

A figure is a share of 0 to 1 for classes, the higher the better, and an error for numbers, the lower the
better; None stands for predictions that are no numbers, worse than any.
"""

from collections.abc import Sequence
from statistics import fmean

POINTS = 0.05
"""Within so much accuracy of its twin a program counts as healthy."""
SHARE = 0.10
"""Within such a share of its twin's error a program counts as healthy."""
_CLEARLY = 1.5  # so many times farther off, on average, a faulty one must be


def as_good(figure: float | None, than: float, classes: int, times: float = 1.0) -> bool:
    """Whether a figure is no worse than another, but for POINTS or SHARE, so many times.

    classes: 0 for numbers.
    """
    if figure is None:
        return False
    slack = 1e-9  # of rounding
    return (
        figure >= than - times * POINTS - slack if classes else figure <= than * (1 + times * SHARE) + slack
    )


def better(one: float | None, other: float | None, classes: int) -> bool:
    """Whether the first figure is the better one."""
    if one is None or other is None:
        return one is not None
    return one > other if classes else one < other


def mean_figure(figures: Sequence[float | None]) -> float | None:
    """Over seeds; None where one is, or there are none."""
    known = [figure for figure in figures if figure is not None]
    return fmean(known) if known and len(known) == len(figures) else None


def steady(figures: Sequence[float | None], classes: int) -> bool:
    """Whether every seed is as good as their mean."""
    mean = mean_figure(figures)
    return mean is not None and all(as_good(figure, mean, classes) for figure in figures)


def hurts(figures: Sequence[float | None], twin: Sequence[float | None], classes: int) -> bool:
    """Whether a fault makes a program clearly worse: with every seed, and clearly so on average."""
    healthy = mean_figure(twin)
    if healthy is None or any(as_good(figure, healthy, classes) for figure in figures):
        return False
    return not as_good(mean_figure(figures), healthy, classes, _CLEARLY)
