"""Opening images with boxes to train on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chainrule.data.images import Boxes, Images, holds_boxes, open_boxes
from chainrule.data.source import digest
from chainrule.errors import ConfigError
from chainrule.tasks.task import Say

OBJECTS = "boxes"
"""The name of the target."""


@dataclass(frozen=True, eq=False)
class BoxSet:
    """Images with boxes to train on. target: the name of what is predicted."""

    boxes: Boxes
    target: str = OBJECTS

    @property
    def images(self) -> Images:
        """The images, without their boxes."""
        return self.boxes.images

    @property
    def source(self) -> str:
        """The name of the images in messages."""
        return self.images.source

    def fingerprint(self) -> str:
        """The number of images, and a hash of images and boxes; see `Images.fingerprint`."""
        boxes = [
            np.concatenate([corners, numbers[:, None]], 1).astype("<f4").tobytes()
            for corners, numbers in zip(self.boxes.corners, self.boxes.numbers, strict=True)
        ]
        names = "\n".join(self.boxes.classes).encode()
        told = digest(self.images.fingerprint().encode(), names, *boxes)
        return f"{len(self.images):,} images with boxes, {told}"


def open_box_set(source: str, target: str | None, say: Say) -> BoxSet:
    """The images with boxes of a source; see `chainrule.data.images.open_boxes`.

    Raises DataError as it does, and ConfigError for a target other than `OBJECTS`.
    """
    if target not in (None, OBJECTS):
        raise ConfigError(f"{source}: boxes are predicted, not {target!r}", remedy="leave the target out")
    return BoxSet(open_boxes(source))


def takes(source: str) -> bool:
    """Whether a source is a folder of boxes in the format of Pascal VOC, YOLO or COCO."""
    return Path(source).is_dir() and holds_boxes(source)
