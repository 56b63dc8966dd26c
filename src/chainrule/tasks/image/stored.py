"""images.json in a run folder of images: the images that the network takes, and its classes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from chainrule.errors import DataError
from chainrule.tasks.storing import write_json

IMAGES = "images.json"


@dataclass(frozen=True)
class Shape:
    """What a network takes and predicts.

    size: (height, width) of the images in pixels. channels: 1 or 3. classes: their names, by number.
    """

    size: tuple[int, int]
    channels: int
    classes: tuple[str, ...]


def write_shape(folder: Path, shape: Shape) -> None:
    """Write images.json."""
    write_json(folder / IMAGES, asdict(shape))


def read_shape(folder: Path) -> Shape:
    """What `write_shape` wrote. Raises DataError if it is missing or damaged."""
    try:
        content = json.loads((folder / IMAGES).read_text(encoding="utf-8"))
        height, width = content["size"]
        return Shape((int(height), int(width)), int(content["channels"]), tuple(map(str, content["classes"])))
    except FileNotFoundError:
        raise DataError(
            f"{folder} is not a run on images: it has no {IMAGES}", remedy="give the folder of such a run"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{folder / IMAGES} is damaged ({error!r})", remedy="train again") from None
