"""What the report shows of a table: the confusion matrix, or the residuals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.report import figures, page
from chainrule.report.numbers import number
from chainrule.report.sections import held_out
from chainrule.tasks.table.evaluate import problem_of


def sections(evaluation: Mapping[str, Any]) -> list[str]:
    """Metrics beside the baseline, and the confusion matrix or the residuals."""
    blocks = []
    if evaluation.get("confusion"):
        blocks.append(_confusion_plot(evaluation))
    elif evaluation.get("targets"):
        blocks.append(_regression_plots(evaluation))
    classification = problem_of(evaluation) == "classification"
    guess = "the most frequent class" if classification else "the mean of the training rows"
    return [held_out(evaluation, guess, blocks)]


def _confusion_plot(evaluation: Mapping[str, Any]) -> str:
    counts = np.asarray(evaluation["confusion"], dtype=np.int64)
    classes = [str(name) for name in evaluation.get("classes", range(len(counts)))]
    figure = figures.confusion(counts, classes)
    widest = f"{figure.layout.height + 120}px"  # about as wide as high, so that its cells fill it
    return page.plot("Confusion matrix", figure, _confused(counts, classes), widest=widest)


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
        "Points on the dashed line are exact; a cloud flatter than the line means that extremes are pulled "
        "towards the mean.",
    )
    histogram = page.plot(
        "Residuals",
        figures.residual_histogram(targets, predictions),
        "A narrow heap around zero is good; a heap beside zero means predictions that are too high or too "
        f"low throughout (their mean is {number(float(np.mean(predictions - targets)))}).",
    )
    return page.grid([scatter, histogram])


def _confused(counts: np.ndarray, classes: Sequence[str]) -> str:
    """What to look for in a confusion matrix, with the pair of classes that is confused most often."""
    wrong = counts - np.diag(np.diag(counts))
    look = "Right answers lie on the diagonal; each row shows how one true class was classified."
    if not wrong.any():
        return f"{look} Every held-out row is right."
    true, predicted = divmod(int(wrong.argmax()), len(classes))
    return (
        f"{look} The most frequent mistake: “{classes[true]}” taken for “{classes[predicted]}” "
        f"({wrong.max():,} of {counts[true].sum():,})."
    )
