"""Calibrating the quantiles of a forecast on windows that it was not trained on."""

from collections.abc import Sequence

import numpy as np

from chainrule.data import Arrays
from chainrule.training import Run

_AROUND = 3
"""Steps before and after whose windows are counted with those of a step."""

_LEAST = 20
"""Windows; with fewer, an outer quantile would be the largest of a few errors."""


def corrections_of(run: Run, held_out: Arrays | None, quantiles: Sequence[float]) -> np.ndarray | None:
    """(horizon, quantiles): what to add to each quantile, for each step ahead, in units of a series' scale.

    Split conformal prediction of one side of the band at a time (Romano, Patterson and Candès 2019,
    "Conformalized quantile regression", theorem 2): of the n errors e = y - ŷ_q that windows after the
    training ones have at a step, the ⌈(n + 1) q⌉-th smallest is added to ŷ_q, so that a share q of them would
    have been below; for q < ½ the same from above. Windows overlap and come in time, so the paper's guarantee
    does not hold; what is measured is the coverage of later folds. Neighbouring steps are counted with each
    step. The median stays as it was learned.
    held_out: windows and what came of them. None, or with too few windows: None.
    """
    if held_out is None or len(held_out) < _LEAST:
        return None
    y = np.asarray(held_out.y)  # (windows, horizon)
    errors = y[..., None] - np.asarray(run.predict(np.asarray(held_out.x)))
    horizon = y.shape[1]
    result = np.zeros((horizon, len(quantiles)))
    for column, level in enumerate(quantiles):
        if level == 0.5:
            continue
        for step in range(horizon):
            near = errors[:, max(0, step - _AROUND) : step + _AROUND + 1, column].ravel()
            result[step, column] = conformal(near, level)
    return result


def conformal(errors: np.ndarray, level: float) -> float:
    """The ⌈(n + 1) level⌉-th smallest of n errors, at most the largest; below ½ counted from the largest."""
    rank = min(int(np.ceil((len(errors) + 1) * max(level, 1 - level))), len(errors)) - 1
    if level < 0.5:
        rank = len(errors) - 1 - rank
    return float(np.partition(errors, rank)[rank])
