"""What the run folders of faces hold: faces.json, with what the network takes, and scores of impostors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import DataError
from chainrule.tasks.faces.objective import Cosines, Recognition
from chainrule.tasks.faces.sections import sections_of
from chainrule.tasks.faces.settings import FaceSettings
from chainrule.tasks.images_runs import ImagesRun, RunFolder

IMPOSTORS = "impostors.safetensors"


@dataclass(frozen=True)
class FaceShape:
    """What a network takes and gives.

    size: (height, width) of the images in pixels. channels: 1 or 3. members: their number. mirror: an
    embedding is the mean over the image and its mirror image.
    """

    size: tuple[int, int]
    channels: int
    members: int
    mirror: bool


def _shape(plain: Mapping[str, Any]) -> FaceShape:
    height, width = plain["size"]
    members, mirror = int(plain["members"]), bool(plain["mirror"])
    return FaceShape((int(height), int(width)), int(plain["channels"]), members, mirror)


FaceRun = ImagesRun[FaceShape, FaceSettings]
FOLDER = RunFolder(
    "faces",
    "faces",
    FaceSettings,
    "faces.json",
    _shape,
    sections_of,
    classes=(Recognition, Cosines),
    arrays=IMPOSTORS,
)


def impostors_of(face_run: FaceRun) -> np.ndarray:
    """(pairs,) float32: scores of held-out images with other people, in descending order.

    Raises DataError if the file in the run folder was damaged.
    """
    scores = face_run.arrays.get("scores")
    if scores is None or scores.ndim != 1:
        raise DataError(f"{IMPOSTORS} of the run is damaged (it holds no scores)", remedy="train again")
    return scores
