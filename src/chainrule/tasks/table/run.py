"""Runs on tables: training, evaluating, saving and loading them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.data import Arrays, Preparation, Table
from chainrule.errors import DataError
from chainrule.nn import MeanOfMembers
from chainrule.paths import path_of_text, text_of_path
from chainrule.report.run_page import EVALUATION, run_page
from chainrule.tasks.storing import read_evaluation, write_json
from chainrule.tasks.table.evaluate import evaluate
from chainrule.tasks.table.network import MEMBERS
from chainrule.tasks.table.prepare import PreparedTable, prepare_table
from chainrule.tasks.table.sections import sections
from chainrule.tasks.table.settings import TableSettings, settings_from
from chainrule.tasks.task import Say, plain_settings, say_nothing
from chainrule.training import (
    Batch,
    Listener,
    Recipe,
    Run,
    folder_aside,
    load_run,
    train_recipe,
    training_step,
)
from chainrule.training.folder import check_kind

NAME = "table"
PREPROCESSING = "preprocessing.json"


@dataclass(frozen=True, eq=False)
class TableRun:
    """A run on a table.

    run: the trained network. preparation: how rows are prepared for it. source: the file, or the name of a
    named data set. evaluation: metrics on held-out rows and those of the baseline, as plain data. notes:
    sentences on what was found in the table.
    """

    run: Run
    preparation: Preparation
    settings: TableSettings
    source: str
    evaluation: dict[str, Any]
    notes: tuple[str, ...]

    def config(self) -> dict[str, Any]:
        """The content of config.toml: everything needed to repeat the run."""
        file = text_of_path(self.source)
        return {"task": NAME, "file": file, "target": self.preparation.target} | plain_settings(self.settings)

    def save(self, folder: Path) -> Path:
        """Write the run folder with its report, whole or not at all. Raises ConfigError if it exists."""
        with folder_aside(folder) as aside:
            self.run.write(aside, self.config(), NAME)
            write_json(aside / PREPROCESSING, self.preparation.to_json())
            write_json(aside / EVALUATION, self.evaluation)
            page = run_page(
                self.config(), self.run.history, self.evaluation, folder.name, sections(self.evaluation)
            )
            (aside / "report.html").write_text(page, encoding="utf-8", errors="backslashreplace")
        return folder


def train_table(
    opened: Table,
    settings: TableSettings,
    *,
    progress: bool | None = None,
    checkpoint: Path | None = None,
    listeners: Sequence[Listener] = (),
    say: Say = say_nothing,
) -> TableRun:
    """Split a table, prepare it, train, and evaluate on the held-out rows.

    progress, checkpoint, listeners: as for chainrule.train. say: called with sentences on what is inferred.
    Raises DataError and ConfigError before training, TrainingError if training fails.
    """
    prepared = prepare_table(opened, settings)
    recipe = prepared.recipe(settings)
    # Said only now: what is wrong with a table or its settings stands alone on standard error.
    for sentence in (prepared.why, *prepared.notes, _story(prepared.parts, recipe)):
        say(sentence)
    training, validation, _ = prepared.parts
    run = train_recipe(
        recipe, training, validation, progress=progress, checkpoint=checkpoint, listeners=listeners
    )
    return evaluated(prepared, run, settings)


def evaluated(prepared: PreparedTable, run: Run, settings: TableSettings) -> TableRun:
    """A run, evaluated on the held-out rows."""
    result = evaluate(run, prepared.preparation, prepared.parts)
    return TableRun(run, prepared.preparation, settings, prepared.table.source, result, prepared.notes)


def load_table_run(folder: Path) -> TableRun:
    """The run that `TableRun.save` wrote. Raises DataError for any other folder, and for a damaged one."""
    import tomllib

    check_kind(folder, NAME, "give the folder of a table's run")
    run = load_run(folder)
    try:
        preparation = Preparation.from_json(json.loads((folder / PREPROCESSING).read_text(encoding="utf-8")))
        config = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))
        result = read_evaluation(folder)
    except FileNotFoundError as error:
        raise DataError(
            f"{folder} is not a run on a table: it has no {Path(error.filename).name}",
            remedy="give the folder of such a run",
        ) from None
    except ValueError as error:
        raise DataError(f"{folder} is damaged ({error})", remedy="train again") from None
    config = upgraded_config(config)
    source = path_of_text(config.pop("file"))
    for name in ("target", "task"):
        config.pop(name, None)
    return TableRun(run, preparation, settings_from(config), source, result, ())


def upgraded_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The content of config.toml in the present format; in an older one, `task` is the problem."""
    if config.get("task") not in ("auto", "classification", "regression"):
        return dict(config)
    return {**config, "task": NAME, "problem": config["task"]}


def _story(parts: Sequence[Arrays], recipe: Recipe) -> str:
    training, validation, test = (len(part) for part in parts)
    step = training_step(recipe, Batch.of(parts[0], min(recipe.batch_size, training)))
    parameters = sum(value.size for value in step.program.parameters)
    columns = parts[0].x.shape[1]
    if isinstance(recipe.loss, MeanOfMembers):
        network = f"an ensemble of {MEMBERS} networks on {columns} features"
    else:
        layers = " → ".join(str(value.shape[1]) for value in step.program.parameters if len(value.shape) == 2)
        network = f"network {columns} → {layers}"
    return (
        f"{training + validation + test:,} rows: {training:,} to train on, {validation:,} to validate, "
        f"{test:,} held out; {network}, {parameters:,} parameters"
    )
