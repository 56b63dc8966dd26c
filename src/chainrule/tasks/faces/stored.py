"""The files of faces in a run folder: what the network takes, and the scores of impostors."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from chainrule.errors import DataError
from chainrule.tasks.storing import write_json
from chainrule.training.folder import read_safetensors, safetensors_bytes

FACES = "faces.json"
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


def write_shape(folder: Path, shape: FaceShape) -> None:
    """Write faces.json."""
    write_json(folder / FACES, asdict(shape))


def read_shape(folder: Path) -> FaceShape:
    """What `write_shape` wrote. Raises DataError if it is missing or damaged."""
    try:
        content = json.loads((folder / FACES).read_text(encoding="utf-8"))
        height, width = content["size"]
        members, mirror = int(content["members"]), bool(content["mirror"])
        return FaceShape((int(height), int(width)), int(content["channels"]), members, mirror)
    except FileNotFoundError:
        raise DataError(
            f"{folder} is not a run on faces: it has no {FACES}", remedy="give the folder of such a run"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{folder / FACES} is damaged ({error!r})", remedy="train again") from None


def write_impostors(folder: Path, scores: np.ndarray) -> None:
    """Write the scores of impostor pairs, (pairs,) float32, in descending order."""
    (folder / IMPOSTORS).write_bytes(safetensors_bytes({"scores": scores}, {}))


def read_impostors(folder: Path) -> np.ndarray:
    """What `write_impostors` wrote. Raises DataError if it is missing or damaged."""
    scores = read_safetensors(folder / IMPOSTORS)[0].get("scores")
    if scores is None or scores.ndim != 1:
        raise DataError(f"{folder / IMPOSTORS} is damaged (it holds no scores)", remedy="train again")
    return scores
