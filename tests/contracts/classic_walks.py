"""Rprop and Quickprop in plain NumPy, number by number, in the variables of their papers."""

import numpy as np
from tests.contracts.valley import NAMES, STEPS, each, gradient, references


def by_numbers(point, rule):
    """A walk whose rule goes through the numbers one by one: rule(key, weight, slope, error) -> weight."""

    def step(p):
        g, error = gradient(p), value(p)
        moved = each(p, lambda n: p[n].copy())
        for n in NAMES:
            for i in np.ndindex(p[n].shape):
                moved[n][i] = rule((n, i), p[n][i], g[n][i], error)
        return moved

    return references(point, STEPS, step)


def value(p):
    """The loss of the valley."""
    w, b = p["layer.weight"], p["layer.bias"]
    return ((1 - b) ** 2).sum() + 2 * ((w - b[:, None] ** 2) ** 2).sum() + 0.1 * (w**4).sum()


def reference_rprop(point, *, first, grow, shrink, least, most, backtracking="never"):
    """The pseudocode of Igel and Hüsken: Rprop+ (always), iRprop- (never), iRprop+ (if_worse)."""
    sizes, slopes, steps, errors = {}, {}, {}, {}

    def rule(key, w, slope, error):
        size, before, last = sizes.get(key, first), slopes.get(key, 0.0), steps.get(key, 0.0)
        worse = error > errors.get(key, np.inf)
        if before * slope > 0:
            size = min(size * grow, most)
            step = -np.sign(slope) * size
        elif before * slope < 0:
            size = max(size * shrink, least)
            back = backtracking == "always" or (backtracking == "if_worse" and worse)
            step, slope = -last if back else 0.0, 0.0
        else:
            step = -np.sign(slope) * size
        sizes[key], slopes[key], steps[key], errors[key] = size, slope, step, error
        return w + step

    return by_numbers(point, rule)


def reference_quickprop(point, *, rate, growth):
    """The branches of Fahlman's program: the last step fell, rose, or there was none."""
    steps, slopes = {}, {}

    def rule(key, w, slope, error):
        last, before = steps.get(key, 0.0), slopes.get(key, 0.0)
        step, shrink = 0.0, growth / (1 + growth)
        if last < 0:
            if slope > 0:
                step -= rate * slope
            step += growth * last if slope >= shrink * before else last * slope / (before - slope)
        elif last > 0:
            if slope < 0:
                step -= rate * slope
            step += growth * last if slope <= shrink * before else last * slope / (before - slope)
        else:
            step -= rate * slope
        steps[key], slopes[key] = step, slope
        return w + step

    return by_numbers(point, rule)
