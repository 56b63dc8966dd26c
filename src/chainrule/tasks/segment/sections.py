"""The report's sections on masks: metrics of each class, and image, truth and prediction side by side."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.wording import counted
from chainrule.report import page
from chainrule.report.numbers import metric_value
from chainrule.report.pictures import Picture, gallery, picture
from chainrule.report.sections import confusion, held_out
from chainrule.tasks.segment.objects import can_tell_apart, objects_of
from chainrule.tasks.segment.palette import colours, outlined, painted

_TITLES = {
    "worst": (
        "The worst images",
        "The held-out images with the lowest mean intersection over union of their classes: the image, its "
        "mask, and the prediction.",
    ),
    "typical": (
        "Typical images",
        "Held-out images whose mean intersection over union is about the median.",
    ),
}


def sections_of(evaluation: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> list[str]:
    """Metrics, intersection over union and confusion matrix of the classes, and images with masks."""
    if not evaluation.get("classes"):
        return [held_out(evaluation, "the most frequent class")]
    blocks = [_classes(evaluation), confusion(evaluation, "pixel")]
    if evaluation.get("objects"):
        blocks.insert(0, _objects(evaluation["objects"]))
    found = [held_out(evaluation, "the most frequent class", blocks)]
    if "image_0" in pictures:
        found.append(_compared(evaluation, pictures))
    return found


def _classes(evaluation: Mapping[str, Any]) -> str:
    counts = np.array(evaluation["confusion"])
    total = max(int(counts.sum()), 1)
    rows = []
    for number, (name, share) in enumerate(evaluation["iou"].items()):
        recall, precision = (
            counts[number, number] / max(int(counts.sum(axis)[number]), 1) for axis in (1, 0)
        )
        figure = "not held out" if share is None else metric_value("mean_iou", share)
        rows.append(
            [
                f"{_swatch(evaluation, number)} {page.text(name)}",
                figure,
                metric_value("pixel_accuracy", recall),
                metric_value("pixel_accuracy", precision),
                metric_value("pixel_accuracy", counts[number].sum() / total),
            ]
        )
    header = ["class", "intersection over union", "recall", "precision", "share of pixels"]
    return page.table(header, rows, kind="numbers")


def _swatch(evaluation: Mapping[str, Any], number: int) -> str:
    red, green, blue = colours(len(evaluation["classes"]))[number]
    return f'<i class="swatch" style="background: rgb({red}, {green}, {blue})"></i>'


def _objects(objects: Mapping[str, Any]) -> str:
    rows = [
        ["objects in the masks", f"{objects['true']:,}"],
        ["objects in the predictions", f"{objects['found']:,}"],
        ["mean absolute error of the number in an image", f"{objects['mean_absolute_error']:.2f}"],
    ]
    return page.table(["objects", "held out"], rows, kind="numbers")


def _compared(evaluation: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> str:
    blocks = [_legend(evaluation)]
    for kind, (title, explanation) in _TITLES.items():
        tiles: list[Picture] = []
        for number, each in enumerate(evaluation["shown"]):
            if each["kind"] == kind:
                tiles += _tiles(each, number, pictures, len(evaluation["classes"]))
        if tiles:
            blocks.append(gallery(tiles, title, explanation, columns=3))
    return page.section("Masks side by side", blocks)


def _tiles(
    each: Mapping[str, Any], number: int, pictures: Mapping[str, np.ndarray], classes: int
) -> list[Picture]:
    image, true, said = (pictures[f"{name}_{number}"] for name in ("image", "truth", "answer"))
    found, wanted = each.get("objects", (None, None))[::-1]
    if found is not None and can_tell_apart():
        image = outlined(image, objects_of(said > 0))
    name = Path(str(each["image"])).name
    below = name if found is None else f"{name}: predicted objects outlined"
    return [
        Picture(picture(image), "", below, str(each["image"])),
        Picture(
            picture(painted(true, classes)),
            "",
            "mask" if wanted is None else f"mask, {counted(wanted, 'object')}",
        ),
        Picture(
            picture(painted(said, classes)),
            metric_value("mean_iou", each["iou"]),
            "prediction" if found is None else f"prediction, {counted(found, 'object')}",
        ),
    ]


def _legend(evaluation: Mapping[str, Any]) -> str:
    names: Sequence[str] = evaluation["classes"]
    keys = "".join(
        f"<span>{_swatch(evaluation, number)} {escape(str(name))}</span>" for number, name in enumerate(names)
    )
    void = '<span><i class="swatch" style="background: rgb(20, 20, 20)"></i> void</span>'
    return f'<p class="legend">{keys}{void}</p>'
