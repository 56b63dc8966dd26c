"""The interface of tasks, which the command line, reports and searches use.

A task trains, evaluates and stores runs on one kind of source, and predicts with them. It is a `Task` in the
table TASKS; the command line, reports and searches know that table only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from chainrule.backprop import Explanation
from chainrule.data import Arrays, Source
from chainrule.errors import ConfigError, did_you_mean
from chainrule.training import Listener, Recipe, Run
from chainrule.tune import Space

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

Say = Callable[[str], None]
"""A function that is called with sentences on what was found or inferred."""
Chosen = TypeVar("Chosen")


def say_nothing(sentence: str) -> None:
    """Ignore the sentence."""


class Opened(Protocol):
    """What a task trains on, such as a table or images.

    source: its name in messages: a path, or the name of a data set. target: the name of what is predicted.
    """

    @property
    def source(self) -> str: ...
    @property
    def target(self) -> str: ...

    def fingerprint(self) -> str:
        """A few words and a hash: equal for equal content, at any path."""
        ...


class TaskRun(Protocol):
    """A trained run of a task, which its run folder stores.

    evaluation: results on held-out examples, as plain data. Every task has 'metrics' and 'baseline' (name ->
    number), 'rows' (part -> number of examples) and 'seconds'. source: the file, or the name of a data set.
    settings: those of the task.
    """

    @property
    def run(self) -> Run: ...
    @property
    def evaluation(self) -> dict[str, Any]: ...
    @property
    def source(self) -> str: ...
    @property
    def settings(self) -> Any: ...

    def config(self) -> dict[str, Any]:
        """The content of config.toml: everything needed to repeat the run."""
        ...

    def save(self, folder: Path) -> Path:
        """Write the run folder with its report, whole or not at all. Raises ConfigError if it exists."""
        ...


class Train(Protocol):
    """A function that prepares, trains, and evaluates on held-out examples."""

    def __call__(
        self,
        opened: Any,
        settings: Any,
        *,
        progress: bool | None = None,
        checkpoint: Path | None = None,
        listeners: Sequence[Listener] = (),
        say: Say = say_nothing,
    ) -> TaskRun:
        """Train on what the task's `open` returned.

        progress, checkpoint, listeners: as for chainrule.train. say: called with sentences on what is
        inferred.

        Raises DataError and ConfigError before training, TrainingError if training fails.
        """
        ...


@dataclass(frozen=True, eq=False)
class Planned:
    """What training of a task would begin with.

    recipe, training, validation, initial: the arguments of `chainrule.training.train_recipe`. found:
    sentences on the data.
    """

    recipe: Recipe
    training: Arrays | Source
    validation: Arrays | Source | None
    found: Sequence[str] = ()
    initial: "Mapping[str, np.ndarray]" = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions of a run for new examples.

    frame: the table of predictions. unseen: column -> number of values that did not occur in training. draw:
    writes the predictions as images into a folder and returns their number; None if the task draws none.
    """

    frame: "pd.DataFrame"
    unseen: Mapping[str, int] = field(default_factory=dict)
    draw: Callable[[Path], int] | None = None


class Trials(Protocol):
    """A source that is prepared once for all trials. found: sentences on it."""

    @property
    def found(self) -> Sequence[str]: ...

    def fit(self, settings: Any, *, listeners: Sequence[Listener] = (), progress: bool | None = None) -> Run:
        """Train with validation. Raises TrainingError if training fails."""
        ...

    def evaluated(self, run: Run, settings: Any) -> TaskRun:
        """A run of `fit`, evaluated on the held-out examples, which `fit` does not use."""
        ...


@dataclass(frozen=True)
class Search:
    """What a search varies, and how its trials train.

    spaces: name -> search space, whose first values make the first trial. Losses are compared within one
    space only. usual: settings -> the name of the space to search by default.
    settings: (values of a trial, given settings) -> the settings of the trial.
    prepare: (opened source, settings of any trial) -> Trials; raises DataError and ConfigError.
    most_epochs: settings -> the most epochs of a trial.
    made_of: setting -> the parameters from which it is made, such as layers from depth and width.
    """

    spaces: Mapping[str, Space]
    usual: Callable[[Any], str]
    settings: Callable[[Mapping[str, Any], Any], Any]
    prepare: Callable[[Any, Any], Trials]
    most_epochs: Callable[[Any], int]
    made_of: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def trial(self, space: Space, settings: Any) -> Any:
        """The settings of an example of a trial of this space."""
        return self.settings(space.example(), settings)


@dataclass(frozen=True)
class Option:
    """An option of a verb. written: such as '--false-accepts SHARE'. meaning: a clause for the help."""

    written: str
    meaning: str
    default: Any


@dataclass(frozen=True)
class Verb:
    """A further command of a task, `chainrule TASK VERB RUN SOURCE`.

    meaning: one sentence for the help. source: a description of SOURCE, one sentence.
    answer: (run folder, source, values of the options by name, say) -> the result; raises DataError and
    ConfigError. options: by the names that `answer` gets.
    """

    meaning: str
    source: str
    answer: Callable[[Path, str, Mapping[str, Any], Say], Predictions]
    options: Mapping[str, Option] = field(default_factory=dict)


@dataclass(frozen=True)
class Command:
    """A command of a task's own, `chainrule TASK RUN`, which writes text as it comes.

    meaning: one sentence for the help. answer: (run folder, values of the options by name, out, say), where
    `out` is called with each piece of text; raises DataError and ConfigError. options: as for `Verb`.
    """

    meaning: str
    answer: Callable[[Path, Mapping[str, Any], Callable[[str], None], Say], None]
    options: Mapping[str, Option] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """One kind of problem that the command line can train on.

    name: for `--task`, and the kind of its run folders. meaning: a clause for the help.
    settings: a frozen dataclass of plain values with defaults. help: setting -> its description.
    options: settings that are also options of the command line: name -> how the option is written, such as
    '--horizon STEPS'.
    takes: whether a source (a path or a name) belongs to this task, if the user names no task.
    open: (source, target or None for that of the source, settings, say) -> what is trained on, see `Opened`;
    raises DataError.
    settle: (opened source, settings, say) -> settings, in which everything is fixed that a repeated or
    resumed run must not choose again, such as a number of epochs by the clock. These settings are stored and
    trained with.
    plan: (opened source, settings) -> what training would begin with; raises DataError and ConfigError.
    train: see `Train`. load: run folder -> the saved run.
    predict: (run, source, say) -> predictions for the examples of the source; for None, for examples that
    follow from the run itself, if the task has such.
    explain: (run, index of an example, source or None for that of the run) -> one training step with all
    numbers.
    guess: evaluation -> the name of the baseline. sections: (evaluation, run folder) -> sections of the
    report.
    search: what `chainrule tune` varies; None if the task can't be tuned.
    verbs: further commands, by name. command: one without a further name, in place of verbs; or None.
    """

    name: str
    meaning: str
    settings: type
    help: Mapping[str, str]
    open: Callable[[str, str | None, Any, Say], Any]
    plan: Callable[[Any, Any], Planned]
    train: Train
    load: Callable[[Path], Any]
    predict: Callable[[Any, str | None, Say], Predictions]
    explain: Callable[[Any, int, str | None], Explanation]
    guess: Callable[[Mapping[str, Any]], str]
    sections: Callable[[Mapping[str, Any], Path], Sequence[str]]
    options: Mapping[str, str] = field(default_factory=dict)
    takes: Callable[[str], bool] = lambda source: False
    settle: Callable[[Any, Any, Say], Any] = lambda opened, settings, say: settings
    search: Search | None = None
    verbs: Mapping[str, Verb] = field(default_factory=dict)
    command: Command | None = None


def settings_of(kind: type[Chosen], pairs: Mapping[str, Any]) -> Chosen:
    """Settings from names and plain values, such as those of a TOML file; the others have their defaults.

    Raises ConfigError for an unknown name, suggesting the nearest one, and for values that the class refuses.
    """
    known = [each.name for each in fields(kind)]  # type: ignore[arg-type] (it is a dataclass)
    for name in pairs:
        if name not in known:
            raise ConfigError(
                f"there is no setting '{name}'{did_you_mean(name, known)}",
                remedy=f"the settings are {', '.join(known)}",
            )
    return kind(**pairs)


def plain_settings(settings: Any) -> dict[str, Any]:
    """Settings as plain data for TOML and JSON, which `settings_of` takes; None is left out."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(settings).items()
        if value is not None
    }
