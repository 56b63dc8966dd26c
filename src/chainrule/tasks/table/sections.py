"""The report's sections on a table: metrics, and the confusion matrix or the residuals."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.report import figures, page
from chainrule.report.numbers import number
from chainrule.report.sections import confusion, held_out
from chainrule.tasks.table.evaluate import problem_of


def sections(evaluation: Mapping[str, Any]) -> list[str]:
    """Metrics beside the baseline, and the confusion matrix or the residuals."""
    blocks = []
    if evaluation.get("confusion"):
        blocks.append(confusion(evaluation, "row"))
    elif evaluation.get("targets"):
        blocks.append(_regression_plots(evaluation))
    classification = problem_of(evaluation) == "classification"
    guess = "the most frequent class" if classification else "the mean of the training rows"
    return [held_out(evaluation, guess, blocks)]


def _regression_plots(evaluation: Mapping[str, Any]) -> str:
    targets = np.asarray(evaluation["targets"], dtype=np.float64).ravel()
    predictions = np.asarray(evaluation["predictions"], dtype=np.float64).ravel()
    finite = np.isfinite(targets) & np.isfinite(predictions)
    if not finite.any():
        return ""
    targets, predictions = targets[finite], predictions[finite]
    scatter = page.plot(
        "Predicted against true",
        figures.predicted_against_true(targets, predictions),
        "Points on the dashed line are exact; a cloud flatter than the line means that extreme values are "
        "predicted too close to the mean.",
    )
    histogram = page.plot(
        "Residuals",
        figures.residual_histogram(targets, predictions),
        "A narrow peak at zero is good. If the residuals lie mostly on one side of zero, the predictions are "
        f"too high or too low (their mean is {number(float(np.mean(predictions - targets)))}).",
    )
    return page.grid([scatter, histogram])
