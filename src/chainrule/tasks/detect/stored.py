"""boxes.json in a run folder of boxes: the images that the network takes, and its classes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from chainrule.errors import DataError
from chainrule.tasks.storing import write_json

BOXES = "boxes.json"


@dataclass(frozen=True)
class BoxShape:
    """What a network takes and predicts.

    size: (height, width) of the images in pixels. channels: 1 or 3. classes: their names, by number.
    """

    size: tuple[int, int]
    channels: int
    classes: tuple[str, ...]


def write_shape(folder: Path, shape: BoxShape) -> None:
    """Write boxes.json."""
    write_json(folder / BOXES, asdict(shape))


def read_shape(folder: Path) -> BoxShape:
    """What `write_shape` wrote. Raises DataError if it is missing or damaged."""
    try:
        content = json.loads((folder / BOXES).read_text(encoding="utf-8"))
        height, width = content["size"]
        classes = tuple(map(str, content["classes"]))
        return BoxShape((int(height), int(width)), int(content["channels"]), classes)
    except FileNotFoundError:
        raise DataError(
            f"{folder} is not a run on boxes: it has no {BOXES}", remedy="give the folder of such a run"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{folder / BOXES} is damaged ({error!r})", remedy="train again") from None
