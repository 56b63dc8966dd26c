"""Tuning a task: starting or continuing a study, and writing its results."""

import shutil
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chainrule.data.locks import in_turn
from chainrule.errors import ConfigError, DataError, TrainingError, did_you_mean
from chainrule.nn.settings import check_whole
from chainrule.paths import text_of_path
from chainrule.report.tune_page import tune_page
from chainrule.tasks.task import Opened, Search, Task, TaskRun, Trials, plain_settings
from chainrule.training import Run, check_free, folder_aside, write_aside
from chainrule.training.attending import OFF
from chainrule.training.folder import write_kind
from chainrule.training.interrupt import deferred_interrupt
from chainrule.tune import Asha, Pruning, Space, StudyListener, StudyResult, search
from chainrule.tune.events import ranked
from chainrule.tune.storage import import_optuna, open_storage
from chainrule.tune.study import check_subject, open_study, subject_of, upgraded_subject

STUDY_FILE = "study.toml"
DATABASE = "study.db"
BEST = "best"
REPORT = "report.html"


@dataclass(frozen=True, eq=False)
class TaskStudy:
    """The result of tuning.

    result: of the study. best: the run of the best trial, evaluated on the held-out examples; None if Ctrl-C
    ended the study before a trial was complete, or a second Ctrl-C ended its training. folder: holds
    study.toml, study.db unless the study is shared, best/ (the folder of that run) and report.html.
    """

    result: StudyResult
    best: TaskRun | None
    folder: Path


def searched(task: Task) -> Search:
    """The search of a task. Raises ConfigError if the task can't be tuned."""
    if task.search is None:
        raise ConfigError(f"nothing can be searched for the task {task.name}", remedy="train it as it is")
    return task.search


def space_of(task: Task, settings: Any, fixed: Collection[str] = (), name: str | None = None) -> Space:
    """The search space of a task, without the settings that are given.

    fixed: names of the given settings. name: of the space; None: the one that suits the settings. Raises
    ConfigError for an unknown name, and if nothing is left to search.
    """
    of_task = searched(task)
    if name is not None and name not in of_task.spaces:
        raise ConfigError(
            f"the task {task.name} has no space '{name}'{did_you_mean(name, of_task.spaces)}",
            remedy=f"choose one of {', '.join(of_task.spaces)}",
        )
    space = of_task.spaces[of_task.usual(settings) if name is None else name]
    left_out = {*fixed, *(part for each in fixed for part in of_task.made_of.get(each, ()))}
    return space.without(left_out & set(space.parameters))


def tune_task(
    task: Task,
    opened: Opened,
    settings: Any,
    *,
    trials: int,
    folder: Path,
    study: str | None = None,
    space: Space | None = None,
    pruning: Pruning | None = Asha(),  # noqa: B008 (frozen)
    listeners: Sequence[StudyListener] = (),
    say: Callable[[str], None] = lambda sentence: None,
) -> TaskStudy:
    """Search for the settings whose network has the lowest validation loss.

    The best run is evaluated on the held-out examples once, at the end.
    settings: those that are not searched. trials: the total number, including those of earlier and of other
    processes. folder: for the study and its results; an existing study is continued.
    study: the URL of a database, for a study that machines share (under the folder's name without its
    number); each machine writes its own folder. space: of settings of the task, or of the parameters that
    make them; None: `space_of` the settings. pruning, listeners: as for `chainrule.tune.search`. say: called
    with sentences on what is inferred.

    Ctrl-C ends the search, and the best run so far is written. The same call continues the study.
    Raises ConfigError and DataError before the first trial, and TrainingError if no trial was completed.
    """
    check_whole("tune_task", "trials", trials)
    _refuse_doctor(settings)
    import_optuna()
    if space is None:
        space = space_of(task, settings)
    of_task = searched(task)
    ready = of_task.prepare(opened, of_task.trial(space, settings))
    subject = _subject(task, opened, settings, space)
    name = study_name(folder)
    _make_folder(folder, opened, subject, space, pruning, settings.seed, study)
    for sentence in (*ready.found, f"searched are {', '.join(space.parameters)}"):
        say(sentence)
    result = search(
        lambda attempt: ready.fit(
            of_task.settings(attempt.values, settings), listeners=[attempt], progress=False
        ),
        space,
        trials,
        study=study or folder / DATABASE,
        name=name,
        subject=subject,
        upgrade=_upgraded,
        pruning=pruning,
        seed=settings.seed,
        listeners=listeners,
    )
    if result.best is None:
        if result.interrupted:
            return TaskStudy(result, None, folder)
        clips = "clip" in task.help
        raise TrainingError(
            f"training broke down in every one of the {len(result.trials)} trials",
            remedy="look for extreme values in the data" + clips * ", or clip the gradients ({clip})",
            settings={"clip": 1.0} if clips else {},
        )
    # Of several processes that end together, one writes; and Ctrl-C does not lose what is being written.
    with deferred_interrupt(), in_turn(folder / ".lock"):
        chosen = of_task.settings(result.best.values, settings)
        best = _write_best(folder, task, ready, chosen, result.run)
        page = _page(folder, opened, space, result, best)
        write_aside(folder / REPORT, page.encode(errors="backslashreplace"))
    return TaskStudy(result, best, folder)


def _refuse_doctor(settings: Any) -> None:
    doctor = plain_settings(settings).get("doctor", OFF)
    if doctor != OFF:
        raise ConfigError(
            f"doctor is '{doctor}', and a search has no doctor: repairs would change what is compared",
            remedy="leave it out, and train the best settings with a doctor afterwards",
        )


def find_study(
    parent: Path,
    stem: str,
    task: Task,
    opened: Opened,
    settings: Any,
    space: Space,
    pruning: Pruning | None,
    *,
    shared: bool,
) -> Path:
    """The folder in `parent` with a study of these arguments, or else the next free <stem>-<number>.

    shared: whether the study is in a database instead of in the folder.
    """
    wanted = subject_of(space, _subject(task, opened, settings, space), pruning)
    number = 1
    while (folder := parent / f"{stem}-{number:03d}").exists():
        same = (folder / STUDY_FILE).is_file() and _read_subject(folder) == wanted
        if same and (folder / DATABASE).is_file() != shared:
            return folder
        number += 1
    return folder


def study_name(folder: Path) -> str:
    """The name of a study in a database: the folder's name without its number."""
    name, _, number = folder.name.rpartition("-")
    return name if name and number.isdecimal() else folder.name


def _subject(task: Task, opened: Opened, settings: Any, space: Space) -> dict[str, Any]:
    """The subject of a study, as plain data: task, fingerprint of the source, target, fixed settings."""
    made = searched(task).made_of.items()
    names = {*space.parameters, *(name for name, parts in made if set(parts) & set(space.parameters))}
    fixed = {name: value for name, value in plain_settings(settings).items() if name not in names}
    subject = {"target": opened.target, "table": opened.fingerprint(), "settings": fixed}
    return {"task": task.name, **subject}


def _upgraded(subject: Mapping[str, Any]) -> dict[str, Any]:
    """A subject of the format in which only tables could be tuned, in the present format."""
    if "task" in subject:
        return dict(subject)
    settings = dict(subject.get("settings", {}))
    if "task" in settings:
        settings["problem"] = settings.pop("task")
    return {"task": "table", **subject, "settings": settings}


def _make_folder(
    folder: Path,
    opened: Opened,
    subject: Mapping[str, Any],
    space: Space,
    pruning: Pruning | None,
    seed: int,
    url: str | None,
) -> None:
    """Create the study's folder, whole or not at all; an existing one is checked.

    Raises ConfigError for a folder that holds something else, and for a database that does not answer.
    """
    import tomli_w

    wanted = subject_of(space, subject, pruning)
    name = study_name(folder)
    if url is not None:  # first, so that no folder is left where nothing answers
        with open_storage(url) as storage:
            open_study(storage, name, space, subject=subject, upgrade=_upgraded, pruning=pruning, seed=seed)
    while not (folder / STUDY_FILE).is_file():
        check_free(folder)
        try:
            with folder_aside(folder) as aside:
                content = {"file": text_of_path(opened.source), **wanted}
                write_kind(aside, "study")
                (aside / STUDY_FILE).write_text(tomli_w.dumps(content), encoding="utf-8")
                if url is None:
                    with open_storage(aside / DATABASE) as storage:
                        open_study(storage, name, space, subject=subject, pruning=pruning, seed=seed)
        except (ConfigError, OSError):
            if not (folder / STUDY_FILE).is_file():  # else another process was faster, and is joined
                raise
    if (folder / DATABASE).is_file() == (url is not None):
        kept = "in a database" if url is None else "in the folder itself"
        raise ConfigError(f"the study of {folder} is kept {kept}", remedy="choose another folder")
    check_subject(_read_subject(folder), wanted, f"the study in {folder}")


def _read_subject(folder: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads((folder / STUDY_FILE).read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{folder / STUDY_FILE} is damaged ({error})", remedy="remove the folder") from None
    content.pop("file", None)
    return _upgraded(upgraded_subject(content))


def _write_best(folder: Path, task: Task, trials: Trials, chosen: Any, run: Run | None) -> TaskRun | None:
    """Write the run of the best trial into its folder; train it again if another process had it.

    Returns None if Ctrl-C ends that training.
    """
    place = folder / BEST
    if place.exists():
        stored = task.load(place)
        if stored.settings == chosen:
            return stored
    if run is None:
        run = trials.fit(chosen)
        if run.stopped == "interrupted":
            return None
    task_run = trials.evaluated(run, chosen)
    old = folder / f".{BEST}.old"
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    try:
        task_run.save(place)
    except BaseException:
        if old.exists():
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)
    return task_run


def _page(folder: Path, opened: Opened, space: Space, result: StudyResult, best: TaskRun | None) -> str:
    config, evaluation = ({}, {}) if best is None else (best.config(), best.evaluation)
    return tune_page(
        [asdict(trial) for trial in ranked(result.trials)],
        result.importances,
        space.to_plain(),
        config,
        evaluation,
        folder.name,
        target=opened.target,
    )
