"""Metrics of boxes: matches with true objects, precision, recall, and average precision by pycocotools."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from chainrule.tasks.detect.found import Objects, overlaps

TRUE = 0.5
"""The least intersection over union at which a found object matches a true one."""


class Boxed(Protocol):
    """Objects of an image. boxes: (objects, 4). numbers: (objects,) class numbers."""

    @property
    def boxes(self) -> np.ndarray: ...
    @property
    def numbers(self) -> np.ndarray: ...


@dataclass(frozen=True)
class Precisions:
    """Average precision of each class, by number; NaN for a class without true objects.

    at_50: at IoU 0.5. at_all: the mean over IoU 0.5, 0.55, … 0.95. curves: precision at 101 recalls from 0 to
    1, at IoU 0.5.
    """

    at_50: list[float]
    at_all: list[float]
    curves: list[list[float]]


def matches(found: Objects, truth: Boxed, *, of_a_class: bool = True) -> np.ndarray:
    """(objects,) int64: the index of the true object that each found one matches, or -1.

    Found objects come in the order of their probability, the largest first. Each matches the true object, not
    yet matched, with the largest intersection over union, if that is at least `TRUE`. of_a_class: only
    objects of the same class match.
    """
    shares = overlaps(found.boxes, truth.boxes)
    if of_a_class:
        shares = np.where(found.numbers[:, None] == truth.numbers[None], shares, 0.0)
    met = np.full(len(found.scores), -1, np.int64)
    for place in range(len(met)) if len(truth.numbers) else ():
        best = int(shares[place].argmax())
        if shares[place, best] >= TRUE:
            met[place] = best
            shares[:, best] = 0.0
    return met


def rates(found: Sequence[Objects], truth: Sequence[Boxed]) -> tuple[float, float, float]:
    """Precision, recall and F1 over the objects of all images; 0 if none is found."""
    true = sum(int((matches(*each) >= 0).sum()) for each in zip(found, truth, strict=True))
    said, objects = sum(len(each.scores) for each in found), sum(len(each.numbers) for each in truth)
    return true / max(said, 1), true / max(objects, 1), 2 * true / max(said + objects, 1)


def best_threshold(found: Sequence[Objects], truth: Sequence[Boxed]) -> float:
    """The threshold of probability with the largest F1 over all images."""
    met = [matches(*each) >= 0 for each in zip(found, truth, strict=True)]
    scores = np.concatenate([np.zeros(0), *(each.scores for each in found)])
    if not len(scores):
        return TRUE
    order = np.argsort(-scores, kind="stable")
    true = np.cumsum(np.concatenate(met)[order])
    objects = sum(len(each.numbers) for each in truth)
    f1 = 2 * true / (np.arange(1, len(order) + 1) + objects)
    return float(scores[order][int(f1.argmax())])


def average_precisions(found: Sequence[Objects], truth: Sequence[Boxed], classes: int) -> Precisions:
    """Average precision by pycocotools, with at most 100 objects of a class in an image.

    Lin et al. 2014: the mean over 101 recalls from 0 to 1 of the largest precision at that recall or above.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):  # it tells how long it takes
        true, said = (_indexed(COCO(), images, classes) for images in (truth, found))
        measured = COCOeval(true, said, "bbox")
        measured.evaluate()
        measured.accumulate()
    precision = measured.eval["precision"][..., 0, -1]  # (overlaps, recalls, classes), -1 where none is true
    precision = np.where(precision < 0, np.nan, precision)
    return Precisions(precision[0].mean(0).tolist(), precision.mean((0, 1)).tolist(), precision[0].T.tolist())


def _indexed(coco: Any, images: Sequence[Any], classes: int) -> Any:
    coco.dataset = {
        "info": {},
        "images": [{"id": image} for image in range(len(images))],
        "categories": [{"id": number} for number in range(classes)],
        "annotations": _annotations(images),
    }
    coco.createIndex()
    return coco


def _annotations(images: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": 1000000 * (image + 1) + place,
            "image_id": image,
            "category_id": int(number),
            "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]],
            "area": (box[2] - box[0]) * (box[3] - box[1]),
            "iscrowd": 0,
            "score": 1.0 if not isinstance(each, Objects) else float(each.scores[place]),
        }
        for image, each in enumerate(images)
        for place, (box, number) in enumerate(zip(each.boxes.tolist(), each.numbers.tolist(), strict=True))
    ]
