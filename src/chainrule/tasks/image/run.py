"""Runs on images: training, evaluating, saving and loading them."""

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
from chainrule.tasks.image.evaluate import evaluate
from chainrule.tasks.image.opening import ImageSet
from chainrule.tasks.image.pictures import pictures_of
from chainrule.tasks.image.prepare import PreparedImages, prepare_images
from chainrule.tasks.image.recipe import choices
from chainrule.tasks.image.sections import sections_of
from chainrule.tasks.image.settings import ImageSettings
from chainrule.tasks.image.stored import Shape, read_shape, write_shape
from chainrule.tasks.images import read_pictures, write_pictures
from chainrule.tasks.storing import read_evaluation, write_json
from chainrule.tasks.task import Say, plain_settings, say_nothing, settings_of
from chainrule.training import Listener, Recipe, Run, folder_aside, load_run, train_recipe
from chainrule.training.folder import CONFIG, check_kind

NAME = "image"


@dataclass(frozen=True, eq=False)
class ImageRun:
    """A run on images.

    run: the trained network. shape: what it takes and predicts. source: the folder or file, or the name of a
    data set. target: the name of the labels. views: over which predictions are averaged, see `settings.HELP`.
    evaluation: metrics on held-out images, as plain data. pictures: those of the report.
    """

    run: Run
    shape: Shape
    settings: ImageSettings
    source: str
    target: str
    views: str
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


def train_images(
    opened: ImageSet,
    settings: ImageSettings,
    *,
    progress: bool | None = None,
    checkpoint: Path | None = None,
    listeners: Sequence[Listener] = (),
    say: Say = say_nothing,
) -> ImageRun:
    """Split the images, train, and evaluate on those held out; see `Train`."""
    prepared = prepare_images(opened, settings)
    recipe = prepared.recipe(settings)
    for sentence in (*prepared.found, _story(prepared, settings, recipe)):
        say(sentence)
    run = fit(prepared, recipe, progress=progress, checkpoint=checkpoint, listeners=listeners)
    return evaluated(prepared, run, settings)


def fit(prepared: PreparedImages, recipe: Recipe, **how: Any) -> Run:
    """Train by a recipe. how: as for `train_recipe`."""
    return train_recipe(recipe, prepared.training, prepared.validation, initial=prepared.initial, **how)


def evaluated(prepared: PreparedImages, run: Run, settings: ImageSettings) -> ImageRun:
    """A run, evaluated on the held-out images."""
    views = prepared.choices(settings).views
    evaluation = evaluate(run, prepared, views)
    pictures = pictures_of(run, prepared, evaluation)
    subject = prepared.subject
    return ImageRun(
        run, prepared.shape, settings, subject.source, subject.target, views, evaluation, pictures
    )


def load_image_run(folder: Path) -> ImageRun:
    """The run that `ImageRun.save` wrote. Raises DataError for any other folder, and for a damaged one."""
    check_kind(folder, NAME, "give the folder of a run on images")
    run, shape = load_run(folder), read_shape(folder)
    try:
        config = tomllib.loads((folder / CONFIG).read_text(encoding="utf-8"))
        evaluation = read_evaluation(folder)
        source, target = path_of_text(config.pop("file")), str(config.pop("target"))
        config.pop("task")
        settings = settings_of(ImageSettings, config)
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{folder} is damaged ({error!r})", remedy="train again") from None
    views = prepared_views(settings, shape, evaluation)
    return ImageRun(run, shape, settings, source, target, views, evaluation, read_pictures(folder))


def prepared_views(settings: ImageSettings, shape: Shape, evaluation: Mapping[str, Any]) -> str:
    """The views over which predictions are averaged, as in the run's evaluation."""
    return choices(settings, evaluation["rows"]["train"], shape.size, shape.channels).views


def _story(prepared: PreparedImages, settings: ImageSettings, recipe: Recipe) -> str:
    chosen, shape = prepared.choices(settings), prepared.shape
    found = summary(recipe.model, (*shape.size, shape.channels))
    kind = "network of another run" if prepared.start else f"{chosen.network} network"
    return (
        f"{kind} of {found.parameters:,} parameters, {found.multiply_adds / 1e6:.1f} million multiply-adds "
        f"an image; {chosen.epochs:,} epochs of batches of {chosen.batch_size:,}"
    )
