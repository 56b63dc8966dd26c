"""Metrics: measures of the quality of predictions, computed with NumPy on whole data sets."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.errors import ConfigError
from chainrule.nn.losses import Loss
from chainrule.nn.losses.loss import OF_NUMBERS

Measure = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
"""(predictions, targets, weights) -> the metric."""
OwnMetric = Callable[[np.ndarray, np.ndarray], float]
"""(targets, predictions) -> the metric, in the order of scikit-learn and Keras."""
MetricsGiven = Sequence[str | OwnMetric] | str | OwnMetric
"""Names in `MEASURED`, and functions of the user."""


def _accuracy(predictions: np.ndarray, targets: np.ndarray, weight: np.ndarray) -> float:
    """Share of examples whose most probable class is the true one; of one-hot targets that is the largest."""
    chosen = predictions.argmax(-1)
    truth = targets.argmax(-1) if targets.ndim == predictions.ndim else targets
    return _average(chosen == truth, weight)


def _binary_accuracy(predictions: np.ndarray, targets: np.ndarray, weight: np.ndarray) -> float:
    """Share of correct binary predictions; a probability of at least 0.5 predicts 1."""
    return _average((predictions.reshape(targets.shape) >= 0.5) == (targets >= 0.5), weight)


def _mean_absolute_error(predictions: np.ndarray, targets: np.ndarray, weight: np.ndarray) -> float:
    """Mean |prediction - target|."""
    return _average(np.abs(_errors(predictions, targets)), weight)


def _root_mean_squared_error(predictions: np.ndarray, targets: np.ndarray, weight: np.ndarray) -> float:
    """√ mean (prediction - target)²."""
    return float(np.sqrt(_average(_errors(predictions, targets) ** 2, weight)))


def _r2(predictions: np.ndarray, targets: np.ndarray, weight: np.ndarray) -> float:
    """1 - Σ (prediction - target)² / Σ (mean - target)²; 0 if all targets are equal.

    Both sums go over all outputs (scikit-learn's 'variance_weighted').
    """
    counted = targets[weight > 0]
    if (counted == counted[:1]).all():  # the rounding of their mean would pass for a spread
        return 0.0
    mean = np.average(targets.astype(np.float64), axis=0, weights=weight)
    spread = _average((targets - mean) ** 2, weight)
    return 1.0 - _average(_errors(predictions, targets) ** 2, weight) / spread


def _errors(predictions: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Prediction - target in float64, so that squares of large float32 numbers do not overflow."""
    return predictions.reshape(targets.shape).astype(np.float64) - targets


def _average(values: np.ndarray, weight: np.ndarray) -> float:
    rows = np.asarray(values, np.float64).reshape(len(values), -1).mean(axis=1)
    return float(np.average(rows, weights=weight))


@dataclass(frozen=True)
class Metric:
    """A measure of the quality of predictions.

    label: its name in reports. lower_is_better: whether smaller numbers are better; None if unknown.
    share: it is from 0 to 1, and shown as a percentage.
    measure: computes it from predictions, targets and weights; None if it needs more, so that a task does.
    """

    label: str
    lower_is_better: bool | None
    share: bool = False
    measure: Measure | None = None


METRICS: Mapping[str, Metric] = {
    "loss": Metric("loss", lower_is_better=True),
    "accuracy": Metric("accuracy", lower_is_better=False, share=True, measure=_accuracy),
    "binary_accuracy": Metric("binary accuracy", lower_is_better=False, share=True, measure=_binary_accuracy),
    "balanced_accuracy": Metric("balanced accuracy", lower_is_better=False, share=True),
    "mean_iou": Metric("mean intersection over union", lower_is_better=False, share=True),
    "pixel_accuracy": Metric("pixel accuracy", lower_is_better=False, share=True),
    "log_loss": Metric("log loss", lower_is_better=True),
    "bits_per_character": Metric("bits a character", lower_is_better=True),
    "perplexity": Metric("perplexity", lower_is_better=True),
    "bleu": Metric("BLEU", lower_is_better=False),
    "chrf": Metric("chrF", lower_is_better=False),
    "wrong_texts": Metric("texts not wholly right", lower_is_better=True, share=True),
    "symbol_error_rate": Metric("wrong symbols", lower_is_better=True, share=True),
    "r2": Metric("R²", lower_is_better=False, measure=_r2),
    "mean_absolute_error": Metric("mean absolute error", lower_is_better=True, measure=_mean_absolute_error),
    "root_mean_squared_error": Metric(
        "root mean squared error", lower_is_better=True, measure=_root_mean_squared_error
    ),
    "mase": Metric("mean absolute scaled error", lower_is_better=True),
    "pinball": Metric("scaled pinball loss", lower_is_better=True),
    "equal_error_rate": Metric("equal error rate", lower_is_better=True, share=True),
    "area_under_roc": Metric("area under the ROC curve", lower_is_better=False, share=True),
    "true_accepts_at_1_percent": Metric("true accepts at 1 % false ones", lower_is_better=False, share=True),
    "mean_average_precision_50": Metric("mean average precision, IoU 0.5", lower_is_better=False, share=True),
    "mean_average_precision": Metric(
        "mean average precision, IoU 0.5 to 0.95", lower_is_better=False, share=True
    ),
    "precision": Metric("precision", lower_is_better=False, share=True),
    "recall": Metric("recall", lower_is_better=False, share=True),
    "f1": Metric("F1", lower_is_better=False, share=True),
    "coverage": Metric("share within the band", lower_is_better=None, share=True),
}
"""Metrics by their names in histories and evaluations."""
MEASURED = tuple(name for name, metric in METRICS.items() if metric.measure is not None)
"""The metrics that need nothing but predictions and targets."""


def metric_of(name: str) -> Metric:
    """The metric of this name, perhaps after 'validation_'; one of unknown direction for any other name."""
    name = name.removeprefix("validation_")
    return METRICS.get(name) or Metric(name.replace("_", " "), lower_is_better=None)


def metrics_of(loss: Loss, targets: np.ndarray | None = None) -> tuple[str, ...]:
    """The names of the metrics that are usually reported with a loss.

    targets: of the training examples. If a loss of numbers is trained on columns of 0 and 1, the first metric
    is 'accuracy' if each row has a single 1 (one-hot), else 'binary_accuracy'.
    """
    names = loss.of_one().metrics
    return (*_of_labels(targets), *names) if names == OF_NUMBERS else names


def _of_labels(targets: np.ndarray | None) -> tuple[str, ...]:
    if targets is None or targets.ndim != 2 or not ((targets == 0) | (targets == 1)).all():
        return ()
    one_hot = targets.shape[1] > 1 and (targets.sum(1) == 1).all()
    return ("accuracy",) if one_hot else ("binary_accuracy",)


def check_metrics(names: Iterable[str], predictions: np.ndarray, targets: np.ndarray) -> None:
    """Raises ConfigError for a metric in MEASURED that can't be computed for predictions of this shape.

    predictions, targets: of a few examples; only their shapes matter.
    """
    for name in names:
        try:
            measure(name, predictions, targets)
        except ValueError:
            each, truth = predictions.shape[1:], targets.shape[1:]
            raise ConfigError(
                f"metrics: {name} can't be measured on predictions of shape {each} and targets of shape "
                f"{truth} an example",
                remedy="leave it out, or give a function of your own",
            ) from None


def measure(
    name: str, predictions: np.ndarray, targets: np.ndarray | None, weight: np.ndarray | None = None
) -> float:
    """The value of a metric in MEASURED. weight: (examples,) sample weights; None weighs all by 1."""
    function = METRICS[name].measure
    if targets is None or function is None:
        raise ValueError(
            f"{name} needs more than predictions" if function is None else f"{name} needs targets"
        )
    weights = np.ones(len(targets)) if weight is None else weight.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # of predictions that are not finite, neither is it
        return function(predictions, targets, weights)
