"""Shared by the tasks on images: their runs, the folders that store these, and the search over settings."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from chainrule.tasks.images_shown import read_pictures, write_pictures
from chainrule.tasks.storing import config_of, read_config, read_evaluation, read_made, save_run, write_json
from chainrule.training import Run, load_run
from chainrule.training.folder import check_kind, read_safetensors, safetensors_bytes

Shape = TypeVar("Shape")
Settings = TypeVar("Settings")


@dataclass(frozen=True)
class ClassShape:
    """What a network for classes takes and predicts.

    size: (height, width) of the images in pixels. channels: 1 or 3. classes: their names, by number.
    """

    size: tuple[int, int]
    channels: int
    classes: tuple[str, ...]


def class_shape(plain: Mapping[str, Any]) -> ClassShape:
    """The shape from plain data. Raises KeyError, TypeError or ValueError."""
    height, width = plain["size"]
    return ClassShape((int(height), int(width)), int(plain["channels"]), tuple(map(str, plain["classes"])))


@dataclass(frozen=True)
class RunFolder(Generic[Shape, Settings]):
    """What the run folders of a task on images hold, beside the network.

    task: its name, which is the kind of the folders. of: what its runs are on, in errors, such as 'masks'.
    settings: their class. file: the JSON file of the shape. shape: plain data -> the shape; raises KeyError,
    TypeError or ValueError. sections: (evaluation, pictures) -> sections of the report. classes: of the
    task's own in recipes. arrays: the file of further arrays, if the task has any.
    """

    task: str
    of: str
    settings: type[Settings]
    file: str
    shape: Callable[[Mapping[str, Any]], Shape]
    sections: Callable[[Mapping[str, Any], Mapping[str, np.ndarray]], Sequence[str]]
    classes: tuple[type, ...] = ()
    arrays: str | None = None

    def load(self, folder: Path) -> "ImagesRun[Shape, Settings]":
        """The run that `ImagesRun.save` wrote. Raises DataError for any other folder, and a damaged one."""
        run, shape = self.network(folder)
        settings, source, target = read_config(folder, self.settings)
        evaluation, pictures = read_evaluation(folder), read_pictures(folder)
        arrays = {} if self.arrays is None else read_safetensors(folder / self.arrays)[0]
        return ImagesRun(self, run, shape, settings, source, target, evaluation, pictures, arrays)

    def network(self, folder: Path) -> tuple[Run, Shape]:
        """The trained network in a folder, and its shape. Raises DataError as `load` does."""
        check_kind(folder, self.task, f"give the folder of a run on {self.of}")
        run = load_run(folder, self.classes)
        return run, read_made(folder / self.file, lambda text: self.shape(json.loads(text)))

    def stored_sections(self, evaluation: Mapping[str, Any], folder: Path) -> Sequence[str]:
        """The sections of the report, with the pictures in a run folder."""
        return self.sections(evaluation, read_pictures(folder))


@dataclass(frozen=True, eq=False)
class ImagesRun(Generic[Shape, Settings]):
    """A run of a task on images.

    stored: what its folder holds. run: the trained network. shape: what it takes and gives. source: the
    folder or file, or the name of a data set. target: the name of what is predicted. evaluation: metrics on
    held-out examples, as plain data. pictures: those of the report. arrays: further arrays of the task.
    """

    stored: RunFolder[Shape, Settings]
    run: Run
    shape: Shape
    settings: Settings
    source: str
    target: str
    evaluation: dict[str, Any]
    pictures: Mapping[str, np.ndarray]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)

    def config(self) -> dict[str, Any]:
        """The content of config.toml: everything needed to repeat the run."""
        return config_of(self.stored.task, self.source, self.target, self.settings)

    def save(self, folder: Path) -> Path:
        """Write the run folder with its report, whole or not at all. Raises ConfigError if it exists."""
        sections = self.stored.sections(self.evaluation, self.pictures)
        return save_run(self, folder, sections, self._write_own)

    def _write_own(self, folder: Path) -> None:
        write_json(folder / self.stored.file, asdict(self.shape))  # type: ignore[call-overload] (a dataclass)
        write_pictures(folder, self.pictures)
        if self.stored.arrays is not None:
            (folder / self.stored.arrays).write_bytes(safetensors_bytes(self.arrays, {}))
