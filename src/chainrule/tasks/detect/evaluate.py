"""The evaluation of a run on boxes on held-out images, beside a baseline that does not look at the image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.tasks.detect.figures import average_precisions, best_threshold, matches, rates
from chainrule.tasks.detect.found import Objects, find_objects, overlaps, suppressed
from chainrule.tasks.detect.prepare import PreparedBoxes
from chainrule.tasks.detect.settings import DetectSettings
from chainrule.tasks.settings import AUTO
from chainrule.tasks.trainer import training_facts
from chainrule.training import Run

SHOWN = 16
"""The most missed objects, and the most invented ones, that the report shows."""
_USUAL = 0.3
"""The threshold without validation images to choose it."""
_COUNTED = 3000
"""The most training boxes that the baseline uses."""


@dataclass(frozen=True, eq=False)
class Truth:
    """The true objects of an image: boxes (objects, 4) in its pixels, and class numbers (objects,)."""

    boxes: np.ndarray
    numbers: np.ndarray


def guess(evaluation: Mapping[str, Any]) -> str:
    """The name of the baseline, which predicts the same boxes for every image."""
    return "most frequent boxes of training"


def evaluate(
    run: Run, prepared: PreparedBoxes, settings: DetectSettings
) -> tuple[dict[str, Any], list[Objects]]:
    """The evaluation on the held-out images, as plain data, and the objects found in each of them."""
    rows, classes = prepared.rows, prepared.shape.classes
    views = views_of(settings)
    truth, said = _truth(prepared, rows["test"]), _found(run, prepared, rows["test"], settings)
    threshold = settings.threshold
    if threshold == AUTO:
        checked = rows["validation"]
        found = _found(run, prepared, checked, settings)
        threshold = best_threshold(found, _truth(prepared, checked)) if len(checked) else _USUAL
    figures, by_class, curves = _metrics(said, truth, classes, float(threshold))
    constant = _frequent_boxes(prepared)
    baseline, _, _ = _metrics(constant, truth, classes, best_threshold(constant, truth))
    evaluation = {
        "problem": "detection",
        "target": prepared.subject.target,
        "classes": list(classes),
        "metrics": figures,
        "baseline": baseline,
        "by_class": by_class,
        "curves": curves,
        "threshold": float(threshold),
        "views": views,
        "confusion": _confusion(said, truth, len(classes), float(threshold)),
        "rows": {part: len(each) for part, each in rows.items()},
        **training_facts(run),
    }
    return evaluation | _mistakes(prepared, said, truth, float(threshold)), said


def views_of(settings: DetectSettings) -> str:
    """The setting `views`; for 'auto', mirrored views if training mirrors in that way."""
    usual = {"none": "one", "horizontal": "mirrored", "vertical": "one", "both": "all"}
    return usual[settings.flip] if settings.views == AUTO else settings.views


def _found(run: Run, prepared: PreparedBoxes, rows: np.ndarray, settings: DetectSettings) -> list[Objects]:
    views, overlap = views_of(settings), settings.overlap
    return list(find_objects(run, prepared.shape, prepared.images, rows, views, overlap))


def _truth(prepared: PreparedBoxes, rows: np.ndarray) -> list[Truth]:
    boxes = prepared.subject.boxes
    return [Truth(boxes.corners[row].astype(np.float64), boxes.numbers[row]) for row in rows.tolist()]


def _metrics(
    said: Sequence[Objects], truth: Sequence[Truth], classes: Sequence[str], threshold: float
) -> tuple[dict[str, float], dict[str, dict[str, float]], dict[str, list[float]]]:
    """Metrics over all classes; metrics of each class; its precision at 101 recalls from 0 to 1."""
    found = average_precisions(said, truth, len(classes))
    precision, recall, f1 = rates([each.likely(threshold) for each in said], truth)
    by_class, curves = {}, {}
    for number, name in enumerate(classes):
        kept = [_of_class(each.likely(threshold), number) for each in said]
        objects = [_of_class(each, number) for each in truth]
        each_precision, each_recall, _ = rates(kept, objects)
        by_class[name] = {
            "mean_average_precision_50": found.at_50[number],
            "mean_average_precision": found.at_all[number],
            "precision": each_precision,
            "recall": each_recall,
            "objects": sum(len(each.numbers) for each in objects),
        }
        curves[name] = found.curves[number]
    together = {
        "mean_average_precision_50": float(np.nanmean(found.at_50)),
        "mean_average_precision": float(np.nanmean(found.at_all)),
        "precision": precision,
        "recall": recall,
        "f1": f1,
    }
    return together, by_class, curves


def _of_class(each: Any, number: int) -> Any:
    kept = each.numbers == number
    if isinstance(each, Truth):
        return Truth(each.boxes[kept], each.numbers[kept])
    return Objects(each.boxes[kept], each.scores[kept], each.numbers[kept])


def _frequent_boxes(prepared: PreparedBoxes) -> list[Objects]:
    """The baseline, the same for every image: frequent boxes of training, scored by their share of images."""
    y = prepared.targets(prepared.rows["train"])
    boxes = y[y[..., 4] >= 0][:_COUNTED]
    classes = len(prepared.shape.classes)
    alike = (overlaps(boxes[:, :4], boxes[:, :4]) >= 0.5) & (boxes[:, None, 4] == boxes[None, :, 4])
    shares = np.minimum(alike.sum(1) / len(y), 1.0)
    scores = np.where(boxes[:, 4:] == np.arange(classes), shares[:, None], 0.0)
    found = suppressed(np.concatenate([scores, boxes[:, :4]], -1)[None], 0.45, 1e-6)
    return [
        Objects(prepared.frame(row).back(found.boxes), found.scores, found.numbers)
        for row in prepared.rows["test"].tolist()
    ]


def _confusion(
    said: Sequence[Objects], truth: Sequence[Truth], classes: int, threshold: float
) -> list[list[int]]:
    """Counts of (true class, predicted class) over overlapping objects; the last row and column: none."""
    counts = np.zeros((classes + 1, classes + 1), np.int64)
    for found, objects in zip(said, truth, strict=True):
        kept = found.likely(threshold)
        met = matches(kept, objects, of_a_class=False)
        for number, place in zip(kept.numbers.tolist(), met.tolist(), strict=True):
            counts[objects.numbers[place] if place >= 0 else classes, number] += 1
        for place in sorted({*range(len(objects.numbers))} - {*met.tolist()}):
            counts[objects.numbers[place], classes] += 1
    return counts.tolist()


def _mistakes(
    prepared: PreparedBoxes, said: Sequence[Objects], truth: Sequence[Truth], threshold: float
) -> dict[str, Any]:
    """Missed objects, the largest first, and invented ones, the most probable first."""
    classes, missed, invented = prepared.shape.classes, [], []
    for row, found, objects in zip(prepared.rows["test"].tolist(), said, truth, strict=True):
        kept = found.likely(threshold)
        met = matches(kept, objects)
        name = prepared.images.name_of(row)
        for place in sorted({*range(len(objects.numbers))} - {*met.tolist()}):
            box, kind = objects.boxes[place].tolist(), classes[objects.numbers[place]]
            missed.append({"image": name, "row": row, "class": kind, "box": box})
        for place in np.flatnonzero(met < 0).tolist():
            score, kind = float(kept.scores[place]), classes[kept.numbers[place]]
            box = kept.boxes[place].tolist()
            invented.append({"image": name, "row": row, "class": kind, "box": box, "score": score})
    missed.sort(key=lambda each: -(each["box"][2] - each["box"][0]) * (each["box"][3] - each["box"][1]))
    invented.sort(key=lambda each: -each["score"])
    return {
        "missed": missed[:SHOWN],
        "invented": invented[:SHOWN],
        "mistakes": {"missed": len(missed), "invented": len(invented)},
    }
