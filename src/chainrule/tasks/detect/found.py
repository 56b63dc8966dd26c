"""From maps to boxes: views are averaged, the most probable places taken, overlapping boxes suppressed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from chainrule.data.images import Images, read_pixels
from chainrule.data.images.resizing import Frame
from chainrule.tasks.images import outputs_of
from chainrule.tasks.images_runs import ClassShape
from chainrule.training import Run

LEAST = 0.01
"""Places of lower probability are ignored."""
_PLACES = 1000
_MOST = 300
_BLOCK = 64
MIRRORED = {"one": ((1, 1),), "mirrored": ((1, 1), (1, -1)), "all": ((1, 1), (1, -1), (-1, 1), (-1, -1))}


@dataclass(frozen=True, eq=False)
class Objects:
    """Objects found in an image, the most probable first.

    boxes: (objects, 4). scores: (objects,) probabilities. numbers: (objects,) class numbers.
    """

    boxes: np.ndarray
    scores: np.ndarray
    numbers: np.ndarray

    def likely(self, threshold: float) -> "Objects":
        """The objects of at least this probability."""
        kept = self.scores >= threshold
        return Objects(self.boxes[kept], self.scores[kept], self.numbers[kept])


def find_objects(
    run: Run, shape: ClassShape, images: Images, rows: np.ndarray, views: str, overlap: float
) -> Iterator[Objects]:
    """The objects of each image, with boxes in pixels of the image. Images are decoded block by block.

    rows: indices of the images. views, overlap: see `settings.HELP`. Raises DataError for an image that can't
    be decoded.
    """
    for first in range(0, len(rows), _BLOCK):
        block = rows[first : first + _BLOCK]
        pixels = read_pixels(images, block, shape.size, shape.channels, "frame")
        for row, said in zip(block.tolist(), averaged_maps(run, pixels, views), strict=True):
            height, width = images.sizes[row].tolist()
            found = suppressed(said, overlap)
            boxes = Frame((height, width), shape.size).back(found.boxes)
            yield Objects(boxes, found.scores, found.numbers)


def averaged_maps(run: Run, pixels: np.ndarray, views: str) -> np.ndarray:
    """(images, rows, columns, classes + 4): probabilities and boxes at each place, averaged over views."""
    height, width = pixels.shape[1:3]
    total = None
    for down, right in MIRRORED[views]:
        said = outputs_of(run, pixels[:, ::down, ::right], raw=False)[:, ::down, ::right]
        left, top, far, bottom = (said[..., place] for place in (-4, -3, -2, -1))
        if right < 0:
            left, far = width - far, width - left
        if down < 0:
            top, bottom = height - bottom, height - top
        back = np.concatenate([said[..., :-4], np.stack([left, top, far, bottom], -1)], -1)
        total = back if total is None else total + back
    assert total is not None  # there is at least one view
    return total / len(MIRRORED[views])


def suppressed(said: np.ndarray, overlap: float, least: float = LEAST) -> Objects:
    """Greedy non-maximum suppression, for each class, of a map (rows, columns, classes + 4).

    overlap: the largest intersection over union at which both boxes of a class are kept. least: places of
    lower probability are ignored.
    """
    scores, boxes = said[..., :-4].reshape(-1, said.shape[-1] - 4), said[..., -4:].reshape(-1, 4)
    place, number = np.nonzero(scores >= least)
    order = np.argsort(-scores[place, number], kind="stable")[:_PLACES]
    place, number = place[order], number[order]
    kept: list[int] = []
    left = np.ones(len(place), bool)
    for each in range(len(place)):
        if left[each] and len(kept) < _MOST:
            kept.append(each)
            later = left & (number == number[each])
            later[: each + 1] = False
            rivals = np.flatnonzero(later)
            left[rivals[overlaps(boxes[place[each]][None], boxes[place[rivals]])[0] > overlap]] = False
    return Objects(boxes[place[kept]], scores[place[kept], number[kept]], number[kept])


def overlaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(first, second): the intersection over union of every first box with every second one."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(-1) for boxes in (first, second)]
    return both / np.maximum(areas[0][:, None] + areas[1][None] - both, 1e-12)
