"""masks.json in a run folder of masks: the images that the network takes, and its classes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from chainrule.errors import DataError
from chainrule.tasks.segment.objective import Segmentation
from chainrule.tasks.storing import write_json
from chainrule.training import Run, load_run

MASKS = "masks.json"


@dataclass(frozen=True)
class Shape:
    """What a network takes and predicts.

    longest: images with a longer side, in pixels, are scaled down to it. channels: 1 or 3. classes, numbers:
    the name and the number in masks of each class, in the order of the network's outputs. void: the number of
    pixels that do not count, or None. views: over which predictions are averaged, see `settings.HELP`.
    objects: whether separate objects are counted.
    """

    longest: int
    channels: int
    classes: tuple[str, ...]
    numbers: tuple[int, ...]
    void: int | None
    views: str
    objects: bool


def load_network(folder: Path) -> Run:
    """The run of the network in a folder. Raises DataError if there is none."""
    return load_run(folder, classes=(Segmentation,))


def write_shape(folder: Path, shape: Shape) -> None:
    """Write masks.json."""
    write_json(folder / MASKS, asdict(shape))


def read_shape(folder: Path) -> Shape:
    """What `write_shape` wrote. Raises DataError if it is missing or damaged."""
    try:
        known = json.loads((folder / MASKS).read_text(encoding="utf-8"))
        return Shape(
            int(known["longest"]),
            int(known["channels"]),
            tuple(map(str, known["classes"])),
            tuple(map(int, known["numbers"])),
            None if known["void"] is None else int(known["void"]),
            str(known["views"]),
            bool(known["objects"]),
        )
    except FileNotFoundError:
        raise DataError(
            f"{folder} is not a run on masks: it has no {MASKS}", remedy="give the folder of such a run"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{folder / MASKS} is damaged ({error!r})", remedy="train again") from None
