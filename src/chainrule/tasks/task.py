"""The contract of tasks: what the command line, reports and searches ask of each of them.

A task turns a source of some kind into a trained, evaluated, stored run, and answers for it. It is a `Task`
in the table TASKS; who asks knows that table and no task.
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
"""Takes a sentence on what was found or inferred."""
Chosen = TypeVar("Chosen")


def say_nothing(sentence: str) -> None:
    """Of nobody who listens."""


class Opened(Protocol):
    """What a task trains on: a table, images and the like.

    source: what messages call it: its path, or the name of a data set. target: what is to be predicted of it.
    """

    @property
    def source(self) -> str: ...
    @property
    def target(self) -> str: ...

    def fingerprint(self) -> str:
        """What it holds, in a few words and a hash: the same for the same content, wherever it lies."""
        ...


class TaskRun(Protocol):
    """What training of a task gives, and its folder holds.

    evaluation: figures on held-out examples as plain data, of which 'metrics' and 'baseline' (name ->
    number), 'rows' (part -> number) and 'seconds' are those that every task has. source: the file, or the
    name of a data set. settings: those of the task.
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
        """What config.toml says: everything that repeats the run."""
        ...

    def save(self, folder: Path) -> Path:
        """Write the run folder with its report, whole or not at all; ConfigError if it exists."""
        ...


class Train(Protocol):
    """Prepare, train, and evaluate on held-out examples."""

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
        """opened: what the task's `open` gave. say: told what is inferred.

        progress, checkpoint, listeners: as for chainrule.train.

        Raises DataError and ConfigError before training, TrainingError where it breaks down.
        """
        ...


@dataclass(frozen=True, eq=False)
class Planned:
    """What a task trains on, and how, before it does.

    recipe, training, validation, initial: as of `chainrule.training.train_recipe`. found: sentences on what
    is trained on.
    """

    recipe: Recipe
    training: Arrays | Source
    validation: Arrays | Source | None
    found: Sequence[str] = ()
    initial: "Mapping[str, np.ndarray]" = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a run says of new examples.

    frame: a row each. unseen: column -> values never seen in training. draw: writes what was found as
    pictures into a folder, and says how many; None where there is nothing to draw.
    """

    frame: "pd.DataFrame"
    unseen: Mapping[str, int] = field(default_factory=dict)
    draw: Callable[[Path], int] | None = None


class Trials(Protocol):
    """A source made ready once, for trials with settings of their own. found: sentences on it."""

    @property
    def found(self) -> Sequence[str]: ...

    def fit(self, settings: Any, *, listeners: Sequence[Listener] = (), progress: bool | None = None) -> Run:
        """Train, watched by examples to validate with; TrainingError where it breaks down."""
        ...

    def evaluated(self, run: Run, settings: Any) -> TaskRun:
        """A run of `fit` with its figures on the held-out examples, which `fit` does not look at."""
        ...


@dataclass(frozen=True)
class Search:
    """What a search varies, and how its trials train.

    spaces: name -> parameters, whose first values make the trial that the others must beat. Only losses of
    one space are compared with each other. usual: the name of the space that settings ask for.
    settings: what a trial drew, and the settings as given -> those of the trial.
    prepare: what is trained on, and the settings of some trial -> its trials; DataError, ConfigError.
    most_epochs: of a trial with these settings.
    made_of: setting -> the parameters that it is made of, such as layers of depth and width.
    """

    spaces: Mapping[str, Space]
    usual: Callable[[Any], str]
    settings: Callable[[Mapping[str, Any], Any], Any]
    prepare: Callable[[Any, Any], Trials]
    most_epochs: Callable[[Any], int]
    made_of: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def trial(self, space: Space, settings: Any) -> Any:
        """The settings of some trial."""
        return self.settings(space.example(), settings)


@dataclass(frozen=True)
class Option:
    """An option of a verb. written: such as '--false-accepts SHARE'. meaning: a clause."""

    written: str
    meaning: str
    default: Any


@dataclass(frozen=True)
class Verb:
    """A command of a task's own, `chainrule TASK VERB RUN SOURCE`.

    meaning: one sentence. source: what SOURCE is, in one sentence.
    answer: the run's folder, the source, the options by name, and whom to tell what is found -> the answer.
    Raises DataError, ConfigError. options: by the name under which `answer` gets their values.
    """

    meaning: str
    source: str
    answer: Callable[[Path, str, Mapping[str, Any], Say], Predictions]
    options: Mapping[str, Option] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """One kind of thing to learn.

    name: of `--task`, and of the kind of its run folders. meaning: one sentence.
    settings: a frozen dataclass of plain values with defaults. help: what each means, by name.
    options: settings that the command line takes as options of their own: name -> how it is written there,
    such as '--horizon STEPS'.
    takes: whether a source, a path or a name, is of this task where nobody named one.
    open: a source, its target (None: the source knows it) and settings -> what is trained on (see `Opened`);
    DataError.
    settle: what is trained on and settings -> the settings with everything decided that must not be decided
    twice, such as what was chosen by the clock: those are stored, and trained with.
    plan: what is trained on and settings -> what training would begin with; DataError, ConfigError.
    train: see `Train`. load: a run folder -> the run that was saved there.
    predict: for the examples of a source; None: those that follow from the run itself, where it knows some.
    explain: one step with every number, on the example of a number, from a source (None: the run's own).
    guess: of an evaluation, what the baseline says, in words. sections: of an evaluation and the folder that
    it lies in, for the report.
    search: what `chainrule tune` varies; None: it can not be searched.
    verbs: commands of its own, by name.
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


def settings_of(kind: type[Chosen], pairs: Mapping[str, Any]) -> Chosen:
    """Settings from names and plain values, such as those of a TOML file; the rest are the defaults.

    Raises ConfigError for an unknown name, with the nearest known one, and for what the class refuses.
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
    """Settings as plain data for TOML and JSON, which `settings_of` takes; what is None is left out."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(settings).items()
        if value is not None
    }
