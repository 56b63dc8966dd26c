"""Runs on faces: training, evaluating, saving and loading them."""

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
from chainrule.tasks.faces.evaluate import evaluate
from chainrule.tasks.faces.objective import Cosines, Recognition
from chainrule.tasks.faces.opening import FaceSet
from chainrule.tasks.faces.pictures import pictures_of
from chainrule.tasks.faces.prepare import PreparedFaces, prepare_faces
from chainrule.tasks.faces.sections import sections_of
from chainrule.tasks.faces.settings import FaceSettings
from chainrule.tasks.faces.stored import FaceShape, read_impostors, read_shape, write_impostors, write_shape
from chainrule.tasks.faces.verification import impostor_scores
from chainrule.tasks.faces.views import embeddings
from chainrule.tasks.images import read_pictures, write_pictures
from chainrule.tasks.storing import read_evaluation, write_json
from chainrule.tasks.task import Say, plain_settings, say_nothing, settings_of
from chainrule.training import Listener, Recipe, Run, folder_aside, load_run, train_recipe
from chainrule.training.folder import CONFIG, check_kind

NAME = "faces"


@dataclass(frozen=True, eq=False)
class FaceRun:
    """A run on faces.

    run: the trained network. shape: what it takes and gives. source: the folder or file, or the name of a
    data set. target: the name of the labels. evaluation: metrics on people held out, as plain data.
    impostors: (pairs,) scores of held-out images with other people, in descending order. pictures: those of
    the report.
    """

    run: Run
    shape: FaceShape
    settings: FaceSettings
    source: str
    target: str
    evaluation: dict[str, Any]
    impostors: np.ndarray
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
            write_impostors(aside, self.impostors)
            write_pictures(aside, self.pictures)
            write_json(aside / EVALUATION, self.evaluation)
            (aside / REPORT).write_text(page, encoding="utf-8", errors="backslashreplace")
        return folder


def train_faces(
    opened: FaceSet,
    settings: FaceSettings,
    *,
    progress: bool | None = None,
    checkpoint: Path | None = None,
    listeners: Sequence[Listener] = (),
    say: Say = say_nothing,
) -> FaceRun:
    """Split the people, train, and evaluate on those held out; see `Train`."""
    prepared = prepare_faces(opened, settings)
    recipe = prepared.recipe(settings)
    for sentence in (*prepared.found, _story(prepared, recipe)):
        say(sentence)
    run = fit(prepared, recipe, progress=progress, checkpoint=checkpoint, listeners=listeners)
    return evaluated(prepared, run, settings)


def fit(prepared: PreparedFaces, recipe: Recipe, **how: Any) -> Run:
    """Train by a recipe. how: as for `train_recipe`."""
    return train_recipe(recipe, prepared.training, prepared.validation, **how)


def evaluated(prepared: PreparedFaces, run: Run, settings: FaceSettings) -> FaceRun:
    """A run, evaluated on the people held out."""
    faces = embeddings(run, prepared.shape, prepared.images, prepared.rows["test"])
    impostors = impostor_scores(faces, prepared.numbers("test"))
    evaluation, found = evaluate(run, prepared, faces)
    pictures = pictures_of(run, prepared, evaluation, found)
    subject = prepared.subject
    return FaceRun(
        run, prepared.shape, settings, subject.source, subject.target, evaluation, impostors, pictures
    )


def load_face_run(folder: Path) -> FaceRun:
    """The run that `FaceRun.save` wrote. Raises DataError for any other folder, and for a damaged one."""
    check_kind(folder, NAME, "give the folder of a run on faces")
    run, shape = load_run(folder, (Recognition, Cosines)), read_shape(folder)
    try:
        config = tomllib.loads((folder / CONFIG).read_text(encoding="utf-8"))
        evaluation = read_evaluation(folder)
        source, target = path_of_text(config.pop("file")), str(config.pop("target"))
        config.pop("task")
        settings = settings_of(FaceSettings, config)
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f"{folder} is damaged ({error!r})", remedy="train again") from None
    impostors, pictures = read_impostors(folder), read_pictures(folder)
    return FaceRun(run, shape, settings, source, target, evaluation, impostors, pictures)


def _story(prepared: PreparedFaces, recipe: Recipe) -> str:
    objective, shape = recipe.objective, prepared.shape
    assert isinstance(objective, Recognition)
    found = summary(objective.model, (*shape.size, shape.channels))
    networks = f"{shape.members} networks side by side" if shape.members > 1 else "one network"
    return (
        f"{networks} of {found.parameters:,} parameters and "
        f"{found.multiply_adds / 1e6:.1f} million multiply-adds an image in all; {recipe.epochs:,} epochs of "
        f"batches of {recipe.batch_size:,}"
    )
