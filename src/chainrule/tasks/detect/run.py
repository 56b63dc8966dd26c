"""Runs on boxes: training, evaluating, saving and loading them."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import DataError
from chainrule.nn import summary
from chainrule.paths import path_of_text, text_of_path
from chainrule.report.run_page import EVALUATION, REPORT, run_page
from chainrule.tasks.detect.evaluate import evaluate
from chainrule.tasks.detect.objective import Detection
from chainrule.tasks.detect.opening import BoxSet
from chainrule.tasks.detect.pictures import pictures_of
from chainrule.tasks.detect.prepare import PreparedBoxes, prepare_boxes
from chainrule.tasks.detect.sections import sections_of
from chainrule.tasks.detect.settings import DetectSettings
from chainrule.tasks.detect.stored import BoxShape, read_shape, write_shape
from chainrule.tasks.images import read_pictures, write_pictures
from chainrule.tasks.storing import read_evaluation, write_json
from chainrule.tasks.task import Say, plain_settings, say_nothing, settings_of
from chainrule.training import Listener, Recipe, Run, folder_aside, load_run, train_recipe
from chainrule.training.folder import CONFIG, check_kind

NAME = "detect"


@dataclass(frozen=True, eq=False)
class DetectRun:
    """A run on boxes.

    run: the trained network. shape: what it takes and predicts. source: the folder or file. target: the name
    of what is predicted. evaluation: metrics on held-out images, as plain data. pictures: those of the
    report.
    """

    run: Run
    shape: BoxShape
    settings: DetectSettings
    source: str
    target: str
    evaluation: dict[str, Any]
    pictures: Mapping[str, np.ndarray]

    def config(self) -> dict[str, Any]:
        """The content of config.toml: everything needed to repeat the run."""
        file = text_of_path(self.source)
        return {"task": NAME, "file": file, "target": self.target} | plain_settings(self.settings)

    def save(self, folder: Path) -> Path:
        """Write the run folder with its report, whole or not at all. Raises ConfigError if it exists."""
        shown = sections_of(self.evaluation, self.pictures)
        page = run_page(self.config(), self.run.history, self.evaluation, folder.name, shown)
        with folder_aside(folder) as aside:
            self.run.write(aside, self.config(), NAME)
            write_shape(aside, self.shape)
            write_pictures(aside, self.pictures)
            write_json(aside / EVALUATION, self.evaluation)
            (aside / REPORT).write_text(page, encoding="utf-8", errors="backslashreplace")
        return folder


def train_boxes(
    opened: BoxSet,
    settings: DetectSettings,
    *,
    progress: bool | None = None,
    checkpoint: Path | None = None,
    listeners: Sequence[Listener] = (),
    say: Say = say_nothing,
) -> DetectRun:
    """Split the images, train, and evaluate on those held out; see `Train`."""
    prepared = prepare_boxes(opened, settings)
    recipe = prepared.recipe(settings)
    for sentence in (*prepared.found, _story(prepared, recipe)):
        say(sentence)
    run = fit(prepared, recipe, progress=progress, checkpoint=checkpoint, listeners=listeners)
    return evaluated(prepared, run, settings)


def fit(prepared: PreparedBoxes, recipe: Recipe, **how: Any) -> Run:
    """Train by a recipe. how: as for `train_recipe`."""
    return train_recipe(recipe, prepared.training, prepared.validation, **how)


def evaluated(prepared: PreparedBoxes, run: Run, settings: DetectSettings) -> DetectRun:
    """A run, evaluated on the held-out images."""
    evaluation, said = evaluate(run, prepared, settings)
    pictures = pictures_of(run, prepared, evaluation, said)
    subject = prepared.subject
    return DetectRun(run, prepared.shape, settings, subject.source, subject.target, evaluation, pictures)


def load_detect_run(folder: Path) -> DetectRun:
    """The run that `DetectRun.save` wrote. Raises DataError for any other folder, and for a damaged one."""
    check_kind(folder, NAME, "give the folder of a run on boxes")
    run, shape = load_run(folder, (Detection,)), read_shape(folder)
    try:
        config = tomllib.loads((folder / CONFIG).read_text(encoding="utf-8"))
        evaluation = read_evaluation(folder)
        source, target = path_of_text(config.pop("file")), str(config.pop("target"))
        config.pop("task")
        settings = settings_of(DetectSettings, config)
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{folder} is damaged ({error!r})", remedy="train again") from None
    return DetectRun(run, shape, settings, source, target, evaluation, read_pictures(folder))


def _story(prepared: PreparedBoxes, recipe: Recipe) -> str:
    objective, shape = recipe.objective, prepared.shape
    assert isinstance(objective, Detection)  # as every recipe of this task
    found = summary(objective.model, (*shape.size, shape.channels))
    return (
        f"network of {found.parameters:,} parameters, {found.multiply_adds / 1e6:.1f} million multiply-adds "
        f"an image; {recipe.epochs:,} epochs of batches of {recipe.batch_size:,}"
    )
