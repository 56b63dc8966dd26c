"""What the run folders of masks hold: masks.json, with the size of the images and their classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.tasks.images_runs import ImagesRun, RunFolder
from chainrule.tasks.segment.objective import Segmentation
from chainrule.tasks.segment.sections import sections_of
from chainrule.tasks.segment.settings import SegmentSettings


@dataclass(frozen=True)
class MaskShape:
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


def _shape(plain: Mapping[str, Any]) -> MaskShape:
    return MaskShape(
        int(plain["longest"]),
        int(plain["channels"]),
        tuple(map(str, plain["classes"])),
        tuple(map(int, plain["numbers"])),
        None if plain["void"] is None else int(plain["void"]),
        str(plain["views"]),
        bool(plain["objects"]),
    )


SegmentRun = ImagesRun[MaskShape, SegmentSettings]
FOLDER = RunFolder("segment", "masks", SegmentSettings, "masks.json", _shape, sections_of, (Segmentation,))
