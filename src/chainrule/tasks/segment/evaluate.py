"""The evaluation of a run on masks on held-out images, beside the most frequent class at every pixel."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.data.images.mask_source import VOID, read_pair, scaled_mask
from chainrule.tasks.segment.answering import answers
from chainrule.tasks.segment.objects import objects_of
from chainrule.tasks.segment.prepare import PreparedMasks
from chainrule.tasks.trainer import training_facts
from chainrule.training import Run

SHOWN = 6
"""The number of worst images, and of typical ones, that the report shows."""
_SIDE = 240  # larger pictures are shown smaller


def guess(evaluation: Mapping[str, Any]) -> str:
    """The name of the baseline."""
    return "most frequent class"


def evaluate(run: Run, prepared: PreparedMasks) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The evaluation on the held-out images at their own sizes, as plain data, and the report's pictures."""
    shape, masks, rows = prepared.shape, prepared.subject.masks, prepared.rows
    classes = len(shape.classes)
    counts: dict[int, np.ndarray] = {}
    objects: dict[int, tuple[int, int]] = {}
    for row, _, said in answers(run, shape, masks.images, rows["test"].tolist()):
        true = _truth(prepared, row)
        counts[row] = confusion(true, said, classes)
        if shape.objects:
            objects[row] = (_count(true, true), _count(said, true))
    total = np.sum([*counts.values()], 0)
    most = int(np.argmax(prepared.shares))
    constant = np.zeros_like(total)
    constant[:, most] = total.sum(1)
    shown = _chosen(counts)
    listed = [
        {"image": masks.images.name_of(row), "row": row, "iou": _mean_iou(counts[row]), "kind": kind}
        | ({"objects": list(objects[row])} if objects else {})
        for kind, row in shown
    ]
    found: dict[str, Any] = {
        "metrics": _metrics(total),
        "baseline": _metrics(constant),
        "problem": "segmentation",
        "target": prepared.subject.target,
        "classes": list(shape.classes),
        "iou": {
            name: iou if np.isfinite(iou) else None
            for name, iou in zip(shape.classes, _ious(total).tolist(), strict=True)
        },
        "shares": dict(zip(shape.classes, prepared.shares.tolist(), strict=True)),
        "confusion": total.tolist(),
        "shown": listed,
        "rows": {part: len(each) for part, each in rows.items()},
        **training_facts(run),
    }
    if objects:
        pairs = np.array([*objects.values()])
        found["objects"] = {
            "true": int(pairs[:, 0].sum()),
            "found": int(pairs[:, 1].sum()),
            "mean_absolute_error": float(np.abs(pairs[:, 0] - pairs[:, 1]).mean()),
        }
    return found, _pictures(run, prepared, [row for _, row in shown])


def _truth(prepared: PreparedMasks, row: int) -> np.ndarray:
    """The true mask of an image at its own size: indices of the classes."""
    whole = int(prepared.subject.masks.images.sizes[row].max())
    return read_pair(prepared.subject.masks, row, prepared.shape.channels, whole)[1]


def confusion(true: np.ndarray, said: np.ndarray, classes: int) -> np.ndarray:
    """(classes, classes) int64: the number of pixels by true and predicted class, without void."""
    counted = true != VOID
    pairs = true[counted].astype(np.int64) * classes + said[counted]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def mean_iou(targets: np.ndarray, said: np.ndarray) -> float:
    """Intersection over union, averaged over the classes that occur in the targets, without void.

    targets, said: true and predicted class numbers, of any shape.
    """
    classes = 1 + max(int(said.max()), int(targets[targets != VOID].max(initial=0)))
    return _mean_iou(confusion(targets, said, classes))


def _ious(counts: np.ndarray) -> np.ndarray:
    """Intersection over union of each class; NaN for one that is neither true nor predicted anywhere."""
    both = np.diag(counts)
    either = counts.sum(0) + counts.sum(1) - both
    return np.where(either > 0, both / np.maximum(either, 1), np.nan)


def _mean_iou(counts: np.ndarray) -> float:
    shown = counts.sum(1) > 0
    return float(_ious(counts)[shown].mean()) if shown.any() else float("nan")


def _metrics(counts: np.ndarray) -> dict[str, float]:
    return {
        "mean_iou": _mean_iou(counts),
        "pixel_accuracy": float(np.diag(counts).sum() / max(int(counts.sum()), 1)),
    }


def _count(mask: np.ndarray, true: np.ndarray) -> int:
    """The number of objects of all classes but the first, outside of void."""
    return int(objects_of((mask > 0) & (mask != VOID) & (true != VOID)).max())


def _chosen(counts: Mapping[int, np.ndarray]) -> list[tuple[str, int]]:
    """('worst' or 'typical', row) of the worst images, and of those about the median of the others."""
    ranked = sorted(
        (row for row, each in counts.items() if each.sum()), key=lambda row: (_mean_iou(counts[row]), row)
    )
    worst = ranked[:SHOWN]
    rest = ranked[SHOWN:]
    first = max(0, (len(rest) - SHOWN) // 2)
    return [("worst", row) for row in worst] + [("typical", row) for row in rest[first : first + SHOWN]]


def _pictures(run: Run, prepared: PreparedMasks, rows: list[int]) -> dict[str, np.ndarray]:
    """The pictures by name, such as image_3, truth_3 and answer_3; their sizes may differ."""
    named: dict[str, np.ndarray] = {}
    for row, image, said in answers(run, prepared.shape, prepared.subject.masks.images, rows):
        size = (image.shape[0], image.shape[1])
        masks = {"truth": _truth(prepared, row), "answer": said}
        arrays = {"image": image} | {name: scaled_mask(mask, size) for name, mask in masks.items()}
        named |= {f"{name}_{rows.index(row)}": _small(array) for name, array in arrays.items()}
    return named


def _small(picture: np.ndarray) -> np.ndarray:
    step = -(-max(picture.shape[:2]) // _SIDE)
    return np.ascontiguousarray(picture[::step, ::step])
