"""The evaluation of a run on a table on held-out rows, beside a constant prediction as the baseline."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.data import Arrays, Preparation
from chainrule.tasks.classes import class_figures
from chainrule.tasks.table.prepare import targets_of
from chainrule.tasks.trainer import training_facts
from chainrule.training import Run


def problem_of(evaluation: Mapping[str, Any]) -> str:
    """'classification' or 'regression'; in older evaluations the key is 'task'."""
    return str(evaluation.get("problem", evaluation.get("task", "regression")))


def guess(evaluation: Mapping[str, Any]) -> str:
    """The name of the baseline, a constant prediction."""
    return "most frequent class" if problem_of(evaluation) == "classification" else "mean"


def evaluate(run: Run, preparation: Preparation, parts: Sequence[Arrays]) -> dict[str, Any]:
    """The evaluation on the held-out rows, the last of the parts, as plain data."""
    training, validation, test = parts
    outputs = run.predict(test.x)
    if preparation.task == "classification":
        figures = class_figures(outputs, targets_of(test), targets_of(training))
        figures["classes"] = [str(name) for name in preparation.classes]
    else:
        scaled = (outputs, targets_of(test), targets_of(training))
        predicted, truth, known = (preparation.inverse_target(values[:, 0]) for values in scaled)
        figures = regression(predicted, truth, known)
    return figures | {
        "problem": preparation.task,
        "target": preparation.target,
        "rows": {"train": len(training), "validation": len(validation), "test": len(test)},
        **training_facts(run),
    }


def regression(predictions: np.ndarray, truth: np.ndarray, training: np.ndarray) -> dict[str, Any]:
    """Metrics, those of the baseline, and predictions for the report's figures, in the unit of the target.

    predictions, truth: (rows,). training: (n,) targets of training; the baseline predicts their mean.
    """
    return {
        "metrics": _value_metrics(predictions, truth),
        "baseline": _value_metrics(np.full(len(truth), training.mean()), truth),
        "targets": truth.tolist(),
        "predictions": predictions.tolist(),
    }


def _value_metrics(predictions: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    # In a unit of their own size, in which no square overflows or vanishes.
    unit = np.ldexp(1.0, int(np.frexp(np.abs(truth - truth.mean()).max())[1]) - 1)
    truth, predictions = truth / unit, predictions / unit
    return {
        "r2": float(r2_score(truth, predictions)) if len(truth) > 1 else 0.0,
        "root_mean_squared_error": float(root_mean_squared_error(truth, predictions) * unit),
        "mean_absolute_error": float(mean_absolute_error(truth, predictions) * unit),
    }
