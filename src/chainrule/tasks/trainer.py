"""The way from a source to an evaluated run, as most tasks take it: preparing, planning, training, trials."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from chainrule.errors import ConfigError
from chainrule.nn.metrics import OwnMetric
from chainrule.tasks.settings import AUTO
from chainrule.tasks.task import Planned, Say, Search, say_nothing
from chainrule.training import Listener, Recipe, Run, train_recipe
from chainrule.tune import Space


class Prepared(Protocol):
    """A source that is read and split."""

    def plan(self, settings: Any) -> Planned:
        """What training begins with. Raises ConfigError for settings that do not fit the source."""
        ...


@dataclass(frozen=True)
class Trainer:
    """How a task trains.

    prepare: (opened source, settings) -> `Prepared`; raises DataError and ConfigError.
    story: (prepared, settings, recipe) -> a sentence on the network and its training.
    evaluated: (prepared, run, settings) -> the task's run, evaluated on the held-out examples.
    own_metrics: by name, on the validation examples after each epoch, as for `train_recipe`.
    """

    prepare: Callable[[Any, Any], Any]
    story: Callable[[Any, Any, Recipe], str]
    evaluated: Callable[[Any, Run, Any], Any]
    own_metrics: Mapping[str, OwnMetric] = field(default_factory=dict)

    def plan(self, opened: Any, settings: Any) -> Planned:
        """What training on the opened source begins with. Raises DataError and ConfigError."""
        return self.prepare(opened, settings).plan(settings)

    def train(
        self,
        opened: Any,
        settings: Any,
        *,
        progress: bool | None = None,
        checkpoint: Path | None = None,
        listeners: Sequence[Listener] = (),
        say: Say = say_nothing,
    ) -> Any:
        """Prepare the source, train, and evaluate on the held-out examples; see `tasks.task.Train`."""
        prepared = self.prepare(opened, settings)
        planned = prepared.plan(settings)
        # Said only now: what is wrong with a source or its settings stands alone on standard error.
        for sentence in (*planned.found, self.story(prepared, settings, planned.recipe)):
            say(sentence)
        run = self.fit(
            planned, progress=progress, checkpoint=checkpoint, listeners=listeners, doctor=settings.doctor
        )
        return self.evaluated(prepared, run, settings)

    def fit(self, planned: Planned, **how: Any) -> Run:
        """Train as planned. how: further arguments of `train_recipe`."""
        own = {} if planned.validation is None else self.own_metrics
        return train_recipe(
            planned.recipe,
            planned.training,
            planned.validation,
            initial=planned.initial,
            own_metrics=own,
            **how,
        )


@dataclass(frozen=True, eq=False)
class PreparedTrials:
    """Trials on a source that is prepared once for all of them; see `tasks.task.Trials`."""

    trainer: Trainer
    prepared: Prepared
    found: Sequence[str]

    def fit(self, settings: Any, *, listeners: Sequence[Listener] = (), progress: bool | None = None) -> Run:
        """Train with validation."""
        return self.trainer.fit(self.prepared.plan(settings), listeners=listeners, progress=progress)

    def evaluated(self, run: Run, settings: Any) -> Any:
        """A run of `fit`, evaluated on the held-out examples."""
        return self.trainer.evaluated(self.prepared, run, settings)


def search_of(trainer: Trainer, space: Space, most_epochs: int) -> Search:
    """The search over a space of settings, whose first trial has the default settings of `train`.

    Trials are compared by the loss on validation examples; ConfigError if the settings leave none.
    most_epochs: by 'auto'.
    """

    def prepare(opened: Any, settings: Any) -> PreparedTrials:
        prepared = trainer.prepare(opened, settings)
        if prepared.validation is None:
            raise ConfigError(
                "trials are compared by their validation loss, and there are no validation examples",
                remedy="set a share of the examples aside ({validation})",
                settings={"validation": 0.1},
            )
        return PreparedTrials(trainer, prepared, prepared.found)

    return Search(
        spaces={"training": space},
        usual=lambda settings: "training",
        settings=lambda values, settings: replace(settings, **values),
        prepare=prepare,
        most_epochs=lambda settings: most_epochs if settings.epochs == AUTO else settings.epochs,
    )


def training_facts(run: Run) -> dict[str, Any]:
    """What every evaluation tells of the training: its seconds, why it stopped, and the best epoch."""
    return {
        "seconds": run.history[-1]["seconds"] if run.history else 0.0,
        "stopped": run.stopped,
        "best_epoch": run.best_epoch,
    }
