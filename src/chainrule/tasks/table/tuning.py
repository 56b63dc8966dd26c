"""Tuning the network of a table: what is searched, how a trial trains, and what a study leaves behind."""

import shutil
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from chainrule.data import Table
from chainrule.data.locks import in_turn
from chainrule.errors import ConfigError, DataError, TrainingError
from chainrule.nn.settings import check_whole
from chainrule.paths import text_of_path
from chainrule.report.tune_page import tune_page
from chainrule.tasks.opening import table_fingerprint
from chainrule.tasks.table.prepare import PreparedTable, prepare_table
from chainrule.tasks.table.run import TableRun, evaluated, load_table_run
from chainrule.tasks.table.settings import TableSettings
from chainrule.training import Run, check_free, folder_aside, train_recipe, write_aside
from chainrule.training.folder import write_kind
from chainrule.training.interrupt import deferred_interrupt
from chainrule.tune import (
    Asha,
    Attempt,
    Categorical,
    Float,
    Integer,
    Pruning,
    Space,
    StudyListener,
    StudyResult,
    Trial,
    search,
)
from chainrule.tune.events import ranked
from chainrule.tune.storage import import_optuna, open_storage
from chainrule.tune.study import check_subject, open_study, subject_of

STUDY_FILE = "study.toml"
DATABASE = "study.db"
BEST = "best"
REPORT = "report.html"

TABLE_SPACE = Space(
    {
        "learning_rate": Float(1e-4, 1e-1, log=True, first=1e-3),
        "batch_size": Categorical((16, 32, 64, 128, 256), first=32),
        "depth": Integer(1, 4, first=2),
        "width": Integer(16, 512, log=True, first=128),
        "taper": Categorical(("none", "half"), first="half"),
        "activation": Categorical(("relu", "gelu", "silu", "tanh"), first="relu"),
        "initializer": Categorical(("glorot_uniform", "he_normal", "orthogonal"), first="glorot_uniform"),
        "dropout": Float(0.0, 0.6, first=0.2),
        "l2": Float(1e-7, 1e-2, log=True, first=1e-7),
        "weight_decay": Float(1e-6, 1e-1, log=True, first=1e-6),
        "optimizer": Categorical(("adam", "nadam", "rmsprop", "nesterov", "lion"), first="adam"),
        "schedule": Categorical(("constant", "cosine", "exponential", "plateau"), first="constant"),
    }
)
"""What is searched for a table. The first trial is the default settings, but for a trace of decay.

depth: hidden layers. width: units of the first; with taper 'half' each next one has half as many. Adam with
weight decay is AdamW.
"""
_OF_LAYERS = ("depth", "width", "taper")


@dataclass(frozen=True, eq=False)
class TableStudy:
    """What tuning a table gave.

    result: of the study. best: the best trial's run, evaluated on the held-out rows; None where no trial was
    completed before Ctrl-C, or a second one ended its training. folder: study.toml, study.db unless the
    study is shared, best/ (the folder of that run) and report.html.
    """

    result: StudyResult
    best: TableRun | None
    folder: Path


def settings_of(values: Mapping[str, Any], settings: TableSettings) -> TableSettings:
    """The settings of a trial: what it drew, and the rest as given."""
    drawn = {name: value for name, value in values.items() if name not in _OF_LAYERS}
    if "depth" in values:
        shrink = 2 if values["taper"] == "half" else 1
        drawn["layers"] = tuple(max(values["width"] // shrink**i, 1) for i in range(values["depth"]))
    return replace(settings, **drawn)


def table_space(fixed: Collection[str] = (), space: Space = TABLE_SPACE) -> Space:
    """The space without settings that are given; raises ConfigError where nothing is left to search."""
    return space.without({*fixed, *(_OF_LAYERS if "layers" in fixed else ())} & set(space.parameters))


def tune_table(
    table: Table,
    settings: TableSettings,
    *,
    trials: int,
    folder: Path,
    study: str | None = None,
    space: Space = TABLE_SPACE,
    pruning: Pruning | None = Asha(),  # noqa: B008 (frozen)
    listeners: Sequence[StudyListener] = (),
    say: Callable[[str], None] = lambda sentence: None,
) -> TableStudy:
    """Search for the settings whose network has the lowest validation loss on a table.

    The held-out rows are looked at once, by the best run, at the end.
    settings: those that are not searched. trials: in all, those of earlier and other processes included.
    folder: where the study is kept, and its results written; one that exists is gone on with.
    study: the URL of a database instead, for a study that machines share (under the folder's name, without
    its number); each writes its own folder. space: of TABLE_SPACE's parameters. pruning, listeners: as of
    `chainrule.tune.search`. say: called with sentences on what is inferred.

    Ctrl-C ends the search in order: the best so far is written. The same call goes on with the study.
    Raises ConfigError and DataError before the first trial, and TrainingError where no trial was completed.
    """
    check_whole("tune_table", "trials", trials)
    import_optuna()
    example = replace(settings, layers=(1,)) if "depth" in space.parameters else settings
    prepared = prepare_table(table, example)
    prepared.recipe(example)  # refuses what fits no trial
    subject = _subject(table, settings, space)
    name = study_name(folder)
    _make_folder(folder, table, subject, space, pruning, settings.seed, study)
    for sentence in (prepared.why, *prepared.notes, _story(prepared, space)):
        say(sentence)
    result = search(
        lambda attempt: _train(prepared, settings, attempt),
        space,
        trials,
        study=study or folder / DATABASE,
        name=name,
        subject=subject,
        pruning=pruning,
        seed=settings.seed,
        listeners=listeners,
    )
    if result.best is None:
        if result.interrupted:
            return TableStudy(result, None, folder)
        raise TrainingError(
            f"training broke down in every one of the {len(result.trials)} trials",
            remedy="look for extreme values in the table, or clip the gradients ({clip})",
            settings={"clip": 1.0},
        )
    # Of several processes that end together, one writes; and Ctrl-C does not lose what is being written.
    with deferred_interrupt(), in_turn(folder / ".lock"):
        best = _write_best(folder, prepared, settings, result.best, result.run)
        page = _page(folder, table, space, result, best)
        write_aside(folder / REPORT, page.encode(errors="backslashreplace"))
    return TableStudy(result, best, folder)


def find_study(
    parent: Path,
    stem: str,
    table: Table,
    settings: TableSettings,
    space: Space,
    pruning: Pruning | None,
    *,
    shared: bool,
) -> Path:
    """The folder of the study with these arguments in `parent`, or the next free <stem>-<number> in it.

    shared: whether the study is in a database, rather than in the folder.
    """
    wanted = subject_of(space, _subject(table, settings, space), pruning)
    number = 1
    while (folder := parent / f"{stem}-{number:03d}").exists():
        same = (folder / STUDY_FILE).is_file() and _read_subject(folder) == wanted
        if same and (folder / DATABASE).is_file() != shared:
            return folder
        number += 1
    return folder


def study_name(folder: Path) -> str:
    """What a study is called in a database: the folder's name without its number."""
    name, _, number = folder.name.rpartition("-")
    return name if name and number.isdecimal() else folder.name


def _train(prepared: PreparedTable, settings: TableSettings, attempt: Attempt) -> Run:
    training, validation, _ = prepared.parts
    recipe = prepared.recipe(settings_of(attempt.values, settings))
    return train_recipe(recipe, training, validation, listeners=[attempt], progress=False)


def _subject(table: Table, settings: TableSettings, space: Space) -> dict[str, Any]:
    """What the study of a table is about, as plain data: the table's content, the target, what is fixed."""
    given = settings.to_plain()
    searched = {*space.parameters, *(("layers",) if "depth" in space.parameters else ())}
    fixed = {name: value for name, value in given.items() if name not in searched}
    return {"target": table.target, "table": table_fingerprint(table), "settings": fixed}


def _make_folder(
    folder: Path,
    table: Table,
    subject: Mapping[str, Any],
    space: Space,
    pruning: Pruning | None,
    seed: int,
    url: str | None,
) -> None:
    """The study's folder, whole from the moment it is there; one that is there is checked.

    Raises ConfigError for a folder that holds something else, and for a database that does not answer.
    """
    import tomli_w

    wanted = subject_of(space, subject, pruning)
    name = study_name(folder)
    if url is not None:  # first, so that no folder is left where nothing answers
        with open_storage(url) as storage:
            open_study(storage, name, space, subject=subject, pruning=pruning, seed=seed)
    while not (folder / STUDY_FILE).is_file():
        check_free(folder)
        try:
            with folder_aside(folder) as aside:
                content = {"file": text_of_path(table.source), **wanted}
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
    return content


def _story(prepared: PreparedTable, space: Space) -> str:
    training, validation, test = (len(part) for part in prepared.parts)
    return (
        f"{training + validation + test:,} rows: {training:,} to train on, {validation:,} to compare trials "
        f"by, {test:,} held out for the best; searched are {', '.join(space.parameters)}"
    )


def _write_best(
    folder: Path, prepared: PreparedTable, settings: TableSettings, best: Trial, run: Run | None
) -> TableRun | None:
    """The run of the best trial in its folder; trained again where another process had it.

    None where Ctrl-C ends that.
    """
    place = folder / BEST
    chosen = settings_of(best.values, settings)
    if place.exists():
        stored = load_table_run(place)
        if stored.settings == chosen:
            return stored
    if run is None:
        training, validation, _ = prepared.parts
        run = train_recipe(prepared.recipe(chosen), training, validation)
        if run.stopped == "interrupted":
            return None
    table_run = evaluated(prepared, run, chosen)
    old = folder / f".{BEST}.old"
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    try:
        table_run.save(place)
    except BaseException:
        if old.exists():
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)
    return table_run


def _page(folder: Path, table: Table, space: Space, result: StudyResult, best: TableRun | None) -> str:
    config, evaluation = ({}, {}) if best is None else (best.config(), best.evaluation)
    return tune_page(
        [asdict(trial) for trial in ranked(result.trials)],
        result.importances,
        space.to_plain(),
        config,
        evaluation,
        folder.name,
        target=table.target,
    )
