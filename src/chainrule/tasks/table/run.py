"""Runs on tables: training, evaluating, saving and loading them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chainrule.data import Preparation
from chainrule.nn import MeanOfMembers
from chainrule.tasks.storing import config_of, read_config, read_evaluation, read_made, save_run, write_json
from chainrule.tasks.table.evaluate import evaluate
from chainrule.tasks.table.network import MEMBERS
from chainrule.tasks.table.prepare import PreparedTable, prepare_table
from chainrule.tasks.table.sections import sections
from chainrule.tasks.table.settings import TableSettings
from chainrule.tasks.trainer import Trainer
from chainrule.training import Batch, Recipe, Run, load_run, training_step
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
        return config_of(NAME, self.source, self.preparation.target, self.settings)

    def save(self, folder: Path) -> Path:
        """Write the run folder with its report, whole or not at all. Raises ConfigError if it exists."""
        return save_run(self, folder, sections(self.evaluation), self._write_own)

    def _write_own(self, folder: Path) -> None:
        write_json(folder / PREPROCESSING, self.preparation.to_json())


def evaluated(prepared: PreparedTable, run: Run, settings: TableSettings) -> TableRun:
    """A run, evaluated on the held-out rows."""
    result = evaluate(run, prepared.preparation, prepared.parts)
    return TableRun(run, prepared.preparation, settings, prepared.table.source, result, prepared.notes)


def load_table_run(folder: Path) -> TableRun:
    """The run that `TableRun.save` wrote. Raises DataError for any other folder, and for a damaged one."""
    check_kind(folder, NAME, "give the folder of a table's run")
    run = load_run(folder)
    preparation = read_made(folder / PREPROCESSING, lambda text: Preparation.from_json(json.loads(text)))
    settings, source, _ = read_config(folder, TableSettings, upgraded_config)
    return TableRun(run, preparation, settings, source, read_evaluation(folder), ())


def upgraded_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The content of config.toml in the present format; in an older one, `task` is the problem."""
    if config.get("task") not in ("auto", "classification", "regression"):
        return dict(config)
    return {**config, "task": NAME, "problem": config["task"]}


def _story(prepared: PreparedTable, settings: TableSettings, recipe: Recipe) -> str:
    parts = prepared.parts
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


TRAINER = Trainer(prepare_table, _story, evaluated)
