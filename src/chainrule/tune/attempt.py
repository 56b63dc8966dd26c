"""Attempt: the values of a running trial, which also reports the trial's progress to the study."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chainrule.errors import ConfigError
from chainrule.training import Ended, EpochDone, Event
from chainrule.tune.events import StudyListener, TrialEpoch
from chainrule.tune.pruning import Pruning, is_rung

if TYPE_CHECKING:
    import optuna

PRUNED, LOST, INTERRUPTED = "pruned", "lost", "interrupted"


class Attempt:
    """The values of one trial; and a listener of its run, which reports the epochs to the study.

    number: of the trial. values: its sampled values, by name; attempt["width"] is attempt.values["width"].
    reasons: why each of its runs ended, such as 'epochs', 'pruned', 'interrupted'.
    """

    def __init__(
        self,
        trial: "optuna.Trial",
        values: Mapping[str, Any],
        pruning: Pruning | None,
        listeners: Sequence[StudyListener] = (),
    ) -> None:
        self.number = trial.number
        self.values = values
        self.reasons: list[str] = []
        self._trial = trial
        self._pruning = pruning
        self._listeners = listeners
        self._reported: set[int] = set()

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def __call__(self, event: Event) -> None:
        """Report the epoch's score to the study, and stop training if the trial is pruned.

        Raises ConfigError for a run without validation, which has no score.
        """
        if isinstance(event, Ended):
            self.reasons.append(event.reason)
        if not isinstance(event, EpochDone):
            return
        if "validation_loss" not in event.record:
            raise ConfigError(
                "a trial trains without validation, so it has no score",
                remedy="set a share of the rows aside ({validation})",
                settings={"validation": 0.2},
            )
        epoch, score = event.record["epoch"], event.state.best_loss
        for listener in self._listeners:
            listener(TrialEpoch(self.number, epoch, score))
        if is_rung(self._pruning, epoch) and epoch not in self._reported:
            self._reported.add(epoch)
            self._report(epoch, score, event.stop)

    def _report(self, epoch: int, score: float, stop: Callable[[str], None]) -> None:
        from optuna.exceptions import UpdateFinishedTrialError

        try:
            self._trial.report(score, epoch)
            if self._trial.should_prune():
                stop(PRUNED)
        except UpdateFinishedTrialError:  # without heartbeats, another process took it over
            stop(LOST)

    def report_worst(self) -> None:
        """Report the worst score to the sampler."""
        self._trial.report(math.inf, max(self._reported, default=0) + 1)
