"""Studies: opening or resuming one, and running its trials in parallel with other processes."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.calls import naming_settings
from chainrule.errors import ConfigError, TrainingError
from chainrule.nn.settings import check_text, check_whole
from chainrule.training import Run
from chainrule.training.interrupt import deferred_interrupt
from chainrule.tune import storage as places
from chainrule.tune.attempt import INTERRUPTED, LOST, PRUNED, Attempt
from chainrule.tune.events import (
    StudyEnded,
    StudyEvent,
    StudyListener,
    StudyOpened,
    Trial,
    TrialEnded,
    TrialStarted,
    Waiting,
    best_of,
    done,
    ranked,
)
from chainrule.tune.pruning import Asha, Pruning, pruner_of, pruning_to_plain
from chainrule.tune.space import Space
from chainrule.tune.storage import Storage, open_storage, without_experimental_warnings

if TYPE_CHECKING:
    import optuna

Objective = Callable[[Attempt], Run | float]
Upgrade = Callable[[Mapping[str, Any]], Mapping[str, Any]]
SUBJECT = "chainrule"  # what a study is about, among the attributes that Optuna keeps for us
FACTS = "facts"  # of a trial
_WAIT_SECONDS = 0.5
_FEWEST_FOR_IMPORTANCES = 10
_MOST_DIFFERENCES = 5  # that an error names one by one


@dataclass(frozen=True, eq=False)
class StudyResult:
    """The result of a search.

    trials: those that are complete, pruned or still running in other processes, by number. best: the complete
    trial with the lowest score, None if none is complete. run: the run of the best trial, None if another
    process had it or the objective returned a number. importances: for each parameter, the share of the
    variance of the trials' ranks that it explains (fANOVA, Hutter et al. 2014; pruned trials rank behind
    complete ones), the largest first; empty for fewer than ten ended trials. interrupted: Ctrl-C ended the
    search before all trials were done.
    """

    trials: tuple[Trial, ...]
    best: Trial | None
    run: Run | None
    importances: Mapping[str, float]
    interrupted: bool


@naming_settings()
def search(
    objective: Objective,
    space: Space,
    trials: int,
    *,
    study: Path | str | None = None,
    name: str = "study",
    subject: Mapping[str, Any] | None = None,
    upgrade: Upgrade = dict,
    pruning: Pruning | None = Asha(),  # noqa: B008 (frozen)
    seed: int = 0,
    listeners: Sequence[StudyListener] = (),
) -> StudyResult:
    """Search for the values with the lowest score.

    objective: trains with the values of an Attempt, with the attempt among the run's listeners, and returns
    the Run, whose lowest validation loss is the score; or it returns the score. A TrainingError counts as a
    trial with the worst score.
    space: the search space. trials: the total number of trials, including those of earlier and of other
    processes; at least 1.
    study: the storage. None: memory. A path: an SQLite file. A URL such as postgresql://user@host/database: a
    database that several machines share. The same call continues the study; the others repeat the trials of a
    killed process, half a minute after its last heartbeat.
    name: of the study in its storage. subject: plain data that must be equal, like space and pruning, when a
    study is continued.
    upgrade: converts the subject of a study by an earlier version of the caller to the current format.
    pruning: the rule that stops trials early, None for none. seed: determines, with the number of a trial,
    the values that it draws.
    listeners: functions of an event (`chainrule.tune.events`), such as StudyProgress().

    Ctrl-C ends the search cleanly; the training of the running trial is lost.
    Raises ConfigError for arguments out of range, for a study with another subject, and for a storage that
    does not respond. Errors of the objective are passed on.
    """
    check_whole("search", "trials", trials)
    check_whole("search", "seed", seed, at_least=0)
    trials, seed = int(trials), int(seed)  # they may be NumPy's
    with open_storage(study) as storage:
        opened = open_study(
            storage, name, space, seed=seed, subject=subject or {}, upgrade=upgrade, pruning=pruning
        )
        worker = Worker(opened, storage, space, pruning, trials, listeners)
        worker.tell(StudyOpened(_trials(opened), trials))
        interrupted = worker.work(objective)
        found = _trials(opened)
        worker.tell(StudyEnded(found, trials, interrupted))
        best = best_of(found)
        run = worker.run if best is not None and best.number == worker.run_number else None
        return StudyResult(found, best, run, _importances(opened), interrupted)


def open_study(
    storage: Storage,
    name: str,
    space: Space,
    *,
    seed: int = 0,
    subject: Mapping[str, Any],
    upgrade: Upgrade = dict,
    pruning: Pruning | None,
) -> "optuna.Study":
    """The study of this name, created if it does not exist; arguments and errors are those of `search`."""
    import optuna

    from chainrule.tune.sampler import NumberedSampler

    check_text("search", "name", name)
    study = optuna.create_study(
        storage=storage.backend,
        study_name=name,
        sampler=NumberedSampler(seed, space.first()),
        pruner=pruner_of(pruning),
        load_if_exists=True,
    )
    wanted = subject_of(space, subject, pruning)
    if SUBJECT not in study.user_attrs:
        if study.get_trials(deepcopy=False):
            raise ConfigError(
                f"the study '{name}' at {storage.address} was not made by chainrule",
                remedy="choose another name or another database",
            )
        study.set_user_attr(SUBJECT, wanted)
    found = upgrade(upgraded_subject(study.user_attrs[SUBJECT]))
    check_subject(found, wanted, f"the study '{name}' at {storage.address}")
    return study


def subject_of(space: Space, subject: Mapping[str, Any], pruning: Pruning | None) -> dict[str, Any]:
    """Everything that must be equal in all processes of a study, as plain data."""
    return {**subject, "space": space.to_plain(), "pruning": pruning_to_plain(pruning)}


def upgraded_subject(found: Mapping[str, Any]) -> dict[str, Any]:
    """A stored subject in which the kinds of parameters have older names, with the present names."""
    kinds = {"Real": "Float", "Whole": "Integer", "Choice": "Categorical"}
    space = {
        name: {**each, "kind": kinds.get(each["kind"], each["kind"])}
        for name, each in found.get("space", {}).items()
    }
    return {**found, "space": space}


def check_subject(found: Mapping[str, Any], wanted: Mapping[str, Any], what: str) -> None:
    """Raises ConfigError, naming the differences, if a study has another subject."""
    different = [key for key in {**found, **wanted} if found.get(key) != wanted.get(key)]
    if different:
        raise ConfigError(
            f"{what} has other arguments: its {_differences(different, found, wanted)}",
            remedy="continue with the arguments it was begun with, or begin another study",
        )


def _differences(names: list[str], found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    parts = []
    for name in names:
        theirs, ours = found.get(name), wanted.get(name)
        if isinstance(theirs, Mapping) and isinstance(ours, Mapping):
            inner = [key for key in {**theirs, **ours} if theirs.get(key) != ours.get(key)]
            # Many differ where something else does, which is named beside them.
            told = (
                _differences(inner, theirs, ours)
                if len(inner) <= _MOST_DIFFERENCES
                else f"in {len(inner)} places"
            )
            parts.append(f"{name} ({told})")
        elif isinstance(theirs, Mapping) or isinstance(ours, Mapping):
            parts.append(f"{name} is only {'there' if ours is None else 'here'}")
        else:
            parts.append(f"{name} is {theirs!r}, here {ours!r}")
    return "; ".join(parts)


@dataclass
class Worker:
    """The work of one process on a study.

    wanted: the total number of trials. run_number, run, score: of the best run of this process.
    """

    study: "optuna.Study"
    storage: Storage
    space: Space
    pruning: Pruning | None
    wanted: int
    listeners: Sequence[StudyListener]
    run_number: int = -1
    run: Run | None = None
    score: float = math.inf

    def tell(self, event: StudyEvent) -> None:
        """Send an event to all listeners."""
        for listener in self.listeners:
            listener(event)

    def work(self, objective: Objective) -> bool:
        """Run trials until the total number is done; True if Ctrl-C ended this before.

        When all trials have been started, wait for other processes, and repeat the trials of killed ones.
        """
        with deferred_interrupt() as interrupted:
            while not interrupted():
                self._fail_lost()
                trials = _trials(self.study)
                if done(trials) >= self.wanted:
                    return False
                if len(trials) >= self.wanted:
                    self.tell(Waiting(trials, self.wanted))
                    time.sleep(_WAIT_SECONDS)
                    continue
                trial = self._claim()
                if trial is not None and self._try(trial, objective):
                    return True
        return True

    def _claim(self) -> "optuna.Trial | None":
        """A new trial, or None if other processes have started the last ones.

        The storage numbers trials one by one. So if several processes take the last trial at once, all but
        the first find enough trials with smaller numbers, and give theirs up.
        """
        from optuna.trial import TrialState

        with without_experimental_warnings():
            trial = self.study.ask()
        if sum(each.number < trial.number for each in _trials(self.study)) < self.wanted:
            return trial
        self.study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
        return None

    def _fail_lost(self) -> None:
        """Mark trials without recent heartbeats as failed; they no longer count."""
        from optuna.storages import fail_stale_trials
        from optuna.trial import TrialState

        with without_experimental_warnings():
            fail_stale_trials(self.study)
        # Killed before its first heartbeat, a trial has drawn nothing and would never be stale.
        before = datetime.now() - timedelta(seconds=places.GRACE_SECONDS)  # naive, as Optuna's are
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if not trial.params and trial.datetime_start is not None and trial.datetime_start < before:
                self.study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)

    def _try(self, trial: "optuna.Trial", objective: Objective) -> bool:
        """Run a trial and report its result to the study; True if Ctrl-C ended it."""
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        broke_down = ""
        try:
            with self.storage.heartbeat(self.study, trial.number):
                attempt = Attempt(trial, self.space.draw(trial), self.pruning, self.listeners)
                self.tell(TrialStarted(trial.number, attempt.values))
                try:
                    answer = objective(attempt)
                except TrainingError as error:
                    answer, broke_down = math.nan, error.what
            reasons = [*attempt.reasons, answer.stopped if isinstance(answer, Run) else ""]
            if INTERRUPTED in reasons:
                self.study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
                return True
            if LOST not in reasons:
                self._settle(trial, attempt, answer, pruned=PRUNED in reasons, broke_down=broke_down)
        except UpdateFinishedTrialError:  # another process took it over while heartbeats were missing
            return False
        except BaseException:
            self.study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
            raise
        return False

    def _settle(
        self, trial: "optuna.Trial", attempt: Attempt, answer: Run | float, *, pruned: bool, broke_down: str
    ) -> None:
        from optuna.trial import TrialState

        score = _score(answer)
        complete = math.isfinite(score) and not pruned
        trial.set_user_attr(FACTS, _facts(answer) | ({"ended": broke_down} if broke_down else {}))
        if not complete and not pruned:
            attempt.report_worst()
        state = TrialState.COMPLETE if complete else TrialState.PRUNED
        self.study.tell(trial, score if complete else None, state, skip_if_finished=True)
        if complete and score < self.score and isinstance(answer, Run):
            self.run_number, self.run, self.score = trial.number, answer, score
        trials = _trials(self.study)
        ended = next((each for each in trials if each.number == trial.number), None)
        if ended is not None:
            self.tell(TrialEnded(ended, trials, self.wanted))


def _score(answer: Run | float) -> float:
    """The lowest validation loss of a run; NaN if it was never finite."""
    if not isinstance(answer, Run):
        return float(answer)
    if not answer.history or "validation_loss" not in answer.history[-1]:
        raise ConfigError(
            "the objective's run has no validation loss", remedy="train with validation, such as 0.2"
        )
    return answer.history[answer.best_epoch - 1]["validation_loss"] if answer.best_epoch else math.nan


def _facts(answer: Run | float) -> dict[str, Any]:
    """The facts of a trial that are stored beside its score."""
    if not isinstance(answer, Run):
        return {}
    facts: dict[str, Any] = {"epochs": len(answer.history), "best_epoch": answer.best_epoch}
    if answer.best_epoch:
        best = answer.history[answer.best_epoch - 1]
        facts |= {
            key: value
            for key, value in best.items()
            if key.startswith("validation_") and key != "validation_loss" and math.isfinite(value)
        }
    return facts


def _trials(study: "optuna.Study") -> tuple[Trial, ...]:
    """All trials that count: failed ones were interrupted, lost or surplus."""
    from optuna.trial import TrialState

    states = (TrialState.RUNNING, TrialState.COMPLETE, TrialState.PRUNED)
    return tuple(_trial(each) for each in study.get_trials(deepcopy=False, states=states))


def _trial(frozen: "optuna.trial.FrozenTrial") -> Trial:
    finite = [value for _, value in sorted(frozen.intermediate_values.items()) if math.isfinite(value)]
    score = frozen.value if frozen.value is not None and math.isfinite(frozen.value) else None
    return Trial(
        number=frozen.number,
        state=frozen.state.name.lower(),
        score=score if score is not None else (finite[-1] if finite else None),
        values=dict(frozen.params),
        facts=frozen.user_attrs.get(FACTS, {}),
        seconds=None if frozen.duration is None else frozen.duration.total_seconds(),
    )


def _importances(study: "optuna.Study") -> dict[str, float]:
    """Shares by parameter; the study is copied, with each trial's rank for its score."""
    import optuna
    from optuna.importance import FanovaImportanceEvaluator, get_param_importances

    order = ranked(_trials(study))
    if len(order) < _FEWEST_FOR_IMPORTANCES:
        return {}
    drawn = {each.number: each for each in study.get_trials(deepcopy=False)}
    copy = optuna.create_study(storage=optuna.storages.InMemoryStorage())
    for rank, trial in enumerate(order):
        frozen = drawn[trial.number]
        copy.add_trial(
            optuna.create_trial(value=float(rank), params=frozen.params, distributions=frozen.distributions)
        )
    shares = get_param_importances(copy, evaluator=FanovaImportanceEvaluator(seed=0))
    return {name: float(share) for name, share in shares.items()}
