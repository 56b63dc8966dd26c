"""Runs on masks: training, evaluating, saving and loading them."""

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
from chainrule.tasks.images import read_pictures, write_pictures
from chainrule.tasks.segment.evaluate import evaluate, mean_iou
from chainrule.tasks.segment.objective import Segmentation
from chainrule.tasks.segment.opening import MaskSet
from chainrule.tasks.segment.prepare import PreparedMasks, prepare_masks
from chainrule.tasks.segment.sections import sections_of
from chainrule.tasks.segment.settings import SegmentSettings
from chainrule.tasks.segment.stored import (
    Shape,
    load_network,
    read_shape,
    write_shape,
)
from chainrule.tasks.storing import read_evaluation, write_json
from chainrule.tasks.task import Say, plain_settings, say_nothing, settings_of
from chainrule.training import Listener, Recipe, Run, folder_aside, train_recipe
from chainrule.training.folder import CONFIG, check_kind

NAME = "segment"


@dataclass(frozen=True, eq=False)
class SegmentRun:
    """A run on masks.

    run: the trained network. shape: what it takes and predicts. source: the folder. target: the name of what
    is predicted. evaluation: metrics on held-out images, as plain data. pictures: those of the report.
    """

    run: Run
    shape: Shape
    settings: SegmentSettings
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


def train_masks(
    opened: MaskSet,
    settings: SegmentSettings,
    *,
    progress: bool | None = None,
    checkpoint: Path | None = None,
    listeners: Sequence[Listener] = (),
    say: Say = say_nothing,
) -> SegmentRun:
    """Split the images, train, and evaluate on those held out; see `Train`."""
    prepared = prepare_masks(opened, settings)
    recipe = prepared.recipe(settings)
    for sentence in (*prepared.found, _story(prepared, settings, recipe)):
        say(sentence)
    run = fit(prepared, recipe, progress=progress, checkpoint=checkpoint, listeners=listeners)
    return evaluated(prepared, run, settings)


def fit(prepared: PreparedMasks, recipe: Recipe, **how: Any) -> Run:
    """Train by a recipe. how: as for `train_recipe`."""
    own = {} if prepared.validation is None else {"mean_iou": mean_iou}
    initial = {} if prepared.start is None else prepared.start.arrays
    return train_recipe(
        recipe, prepared.training, prepared.validation, initial=initial, own_metrics=own, **how
    )


def evaluated(prepared: PreparedMasks, run: Run, settings: SegmentSettings) -> SegmentRun:
    """A run, evaluated on the held-out images."""
    evaluation, pictures = evaluate(run, prepared)
    subject = prepared.subject
    return SegmentRun(run, prepared.shape, settings, subject.source, subject.target, evaluation, pictures)


def load_segment_run(folder: Path) -> SegmentRun:
    """The run that `SegmentRun.save` wrote. Raises DataError for any other folder, and for a damaged one."""
    check_kind(folder, NAME, "give the folder of a run on masks")
    run, shape = load_network(folder), read_shape(folder)
    try:
        config = tomllib.loads((folder / CONFIG).read_text(encoding="utf-8"))
        evaluation = read_evaluation(folder)
        source, target = path_of_text(config.pop("file")), str(config.pop("target"))
        config.pop("task")
        settings = settings_of(SegmentSettings, config)
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{folder} is damaged ({error!r})", remedy="train again") from None
    return SegmentRun(run, shape, settings, source, target, evaluation, read_pictures(folder))


def _story(prepared: PreparedMasks, settings: SegmentSettings, recipe: Recipe) -> str:
    chosen, shape = prepared.choices(settings), prepared.shape
    assert isinstance(recipe.objective, Segmentation)
    found = summary(recipe.objective.network, (*prepared.canvas, shape.channels))
    kind = "network of another run" if prepared.start else f"{chosen.network} network"
    return (
        f"{kind} of {found.parameters:,} parameters, {found.multiply_adds / 1e6:,.0f} million multiply-adds "
        f"an image; {chosen.epochs:,} epochs of batches of {chosen.batch_size:,}"
    )
