"""The heads of a model, each with a loss of its own, and the metrics that are measured on them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chainrule.data import Arrays, Structure, flattened
from chainrule.errors import ConfigError
from chainrule.nn.losses import Loss, MultiOutputLoss
from chainrule.nn.metrics import MEASURED, check_metrics, measure, metrics_of
from chainrule.training.objective import Objective, Supervised


@dataclass(frozen=True)
class Head:
    """One output of a model with its loss.

    name: '' of the only one, else such as 'kind', or 'left.kind' of heads within a head. loss: of this head.
    """

    name: str
    loss: Loss

    @property
    def output(self) -> str:
        """What programs and predictions call its outputs."""
        return f"prediction.{self.name}" if self.name else "prediction"

    @property
    def target(self) -> str:
        """What arrays call its targets."""
        return f"y.{self.name}" if self.name else "y"

    def called(self, metric: str) -> str:
        """A metric of this head as records have it: 'accuracy', or 'kind_accuracy'."""
        return f"{self.name.replace('.', '_')}_{metric}" if self.name else metric


def heads_of(objective: Objective) -> list[Head]:
    """The heads of a supervised objective; none for others."""
    return list(_heads("", objective.loss)) if isinstance(objective, Supervised) else []


def _heads(name: str, loss: Loss) -> Iterator[Head]:
    if not isinstance(loss, MultiOutputLoss):
        yield Head(name, loss)
        return
    for inner, each in loss.losses:
        yield from _heads(f"{name}.{inner}" if name else inner, each)


def known_metrics(objective: Objective) -> list[str]:
    """The names of all metrics that may be asked for."""
    return [head.called(metric) for head in heads_of(objective) for metric in MEASURED]


def metric_names(objective: Objective, asked: Sequence[str] | None, data: Arrays) -> tuple[str, ...]:
    """The metrics to measure: those asked for, else those that go with each loss and its targets."""
    if asked is not None:
        return tuple(asked)
    return tuple(
        head.called(metric)
        for head in heads_of(objective)
        if head.target in data.named
        for metric in metrics_of(head.loss, data.named[head.target])
    )


def measured(
    objective: Objective, names: Sequence[str], predictions: Structure, data: Arrays
) -> dict[str, float]:
    """Metrics by name. predictions: for all of the data, in their structure."""
    said = flattened("prediction", predictions)
    return {
        name: measure(metric, said[head.output], data.named[head.target], data.weight)
        for name in names
        for head, metric in [_head_and_metric(objective, name)]
    }


def check_measurable(
    objective: Objective, names: Sequence[str], predictions: Structure, data: Arrays
) -> None:
    """Raises ConfigError for metrics that can't be measured on such predictions and targets.

    predictions, data: of a few examples, of which the shapes matter.
    """
    said = flattened("prediction", predictions)
    for name in names:
        head, metric = _head_and_metric(objective, name)
        if head.output not in said or head.target not in data.named:
            raise ConfigError(
                f"metrics: {name} is of one output and its targets, and they are {' and '.join(said)}",
                remedy="leave it out, or give a function of your own",
            )
        try:
            check_metrics([metric], said[head.output], data.named[head.target])
        except ConfigError as error:
            raise (error.at(f"head '{head.name}'") if head.name else error) from None


def _head_and_metric(objective: Objective, name: str) -> tuple[Head, str]:
    pairs = [(head, metric) for head in heads_of(objective) for metric in MEASURED]
    return next((head, metric) for head, metric in pairs if head.called(metric) == name)
