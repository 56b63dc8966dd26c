"""What a run folder of boxes holds besides the run: what the network takes and tells apart, and pictures."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from chainrule.errors import DataError
from chainrule.tasks.storing import write_json
from chainrule.training.folder import read_safetensors, safetensors_bytes

BOXES = "boxes.json"
PICTURES = "pictures.safetensors"


@dataclass(frozen=True)
class Shape:
    """What a network takes and tells apart: (height, width), channels, and the classes by number."""

    size: tuple[int, int]
    channels: int
    classes: tuple[str, ...]


def write_shape(folder: Path, shape: Shape) -> None:
    """Write boxes.json."""
    write_json(folder / BOXES, asdict(shape))


def read_shape(folder: Path) -> Shape:
    """What `write_shape` wrote; DataError where it is missing or damaged."""
    try:
        content = json.loads((folder / BOXES).read_text(encoding="utf-8"))
        height, width = content["size"]
        return Shape((int(height), int(width)), int(content["channels"]), tuple(map(str, content["classes"])))
    except FileNotFoundError:
        raise DataError(
            f"{folder} is not the run of boxes: it has no {BOXES}", remedy="give the folder of such a run"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{folder / BOXES} is damaged ({error!r})", remedy="train again") from None


def write_pictures(folder: Path, pictures: Mapping[str, np.ndarray]) -> None:
    """Write what the report shows, as arrays by name."""
    (folder / PICTURES).write_bytes(safetensors_bytes(pictures, {}))


def read_pictures(folder: Path) -> dict[str, np.ndarray]:
    """What `write_pictures` wrote; nothing where somebody removed it."""
    return read_safetensors(folder / PICTURES)[0] if (folder / PICTURES).is_file() else {}
