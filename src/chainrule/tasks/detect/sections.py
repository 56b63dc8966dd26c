"""The report's sections on boxes: metrics by class, found, missed and invented objects, and augmentation."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from chainrule.report import figures, page
from chainrule.report.numbers import metric_value
from chainrule.report.pictures import Picture, gallery, picture
from chainrule.report.sections import confusion, held_out
from chainrule.tasks.detect.drawing import colour_of
from chainrule.tasks.images_shown import augmented_gallery

NOTHING = "nothing"
"""The class of no object."""


def sections_of(evaluation: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> list[str]:
    """Metrics, also by class, and curves; images with boxes; missed and invented objects."""
    classes = [str(each) for each in evaluation["classes"]]
    named = {**evaluation, "classes": [*classes, NOTHING]}
    blocks = [_by_class(evaluation), _curves(evaluation), confusion(named, "box")]
    shown = [held_out(evaluation, "the most frequent boxes of the training images in every image", blocks)]
    found = [pictures[name] for name in sorted(pictures) if name.startswith("found_")]
    if found:
        shown.append(_found(evaluation, found))
    if "missed" in pictures or "invented" in pictures:
        shown.append(_mistakes(evaluation, pictures))
    if "augmented" in pictures:
        draws = "draws of the augmentation, with the boxes changed alike"
        seen = augmented_gallery(pictures["augmented"], "the objects", draws)
        shown.append(page.section("How it sees", [seen]))
    return shown


def _by_class(evaluation: Mapping[str, Any]) -> str:
    names = ("mean_average_precision_50", "mean_average_precision", "precision", "recall")
    rows = [
        [page.text(name), *(metric_value(each, of[each]) for each in names), f"{of['objects']:,}"]
        for name, of in evaluation["by_class"].items()
    ]
    header = ["class", "AP, IoU 0.5", "AP, IoU 0.5 to 0.95", "precision", "recall", "objects"]
    return page.table(header, rows, kind="numbers")


def _curves(evaluation: Mapping[str, Any]) -> str:
    import plotly.graph_objects as go

    recalls = np.linspace(0, 1, 101).tolist()
    lines = [
        go.Scatter(
            x=recalls,
            y=precision,
            mode="lines",
            name=escape(str(name), quote=False),
            line={"color": colour_of(number), "width": 1.8},
            hovertemplate="precision %{y:.1%}",
        )
        for number, (name, precision) in enumerate(evaluation["curves"].items())
    ]
    figure = figures.common_figure(lines, x="recall", y="precision", showlegend=True, height=360)
    percent = {"tickformat": ".0%", "range": [0, 1.02]}
    figure.update_layout(xaxis=percent, yaxis=percent)
    look = (
        "Precision is the share of the predicted boxes that are right (IoU at least 0.5), recall the share "
        "of the objects that are found. The area below a curve is the average precision of its class."
    )
    return page.plot("Precision and recall", figure, look)


def _found(evaluation: Mapping[str, Any], images: Sequence[np.ndarray]) -> str:
    tiles = [Picture(picture(image)) for image in images]
    legend = ", ".join(
        f'<span style="color:{colour_of(number)}">■</span> {page.text(str(name))}'
        for number, name in enumerate(evaluation["classes"])
    )
    shown = gallery(
        tiles,
        "Held-out images",
        f"Coloured: predicted boxes with a probability of at least "
        f"{metric_value('accuracy', evaluation['threshold'])}. White: the labels.",
        columns=2,
    )
    return page.section("What it finds", [f"<p>{legend}</p>", shown])


def _mistakes(evaluation: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> str:
    counts, blocks = evaluation["mistakes"], []
    if "missed" in pictures:
        tiles = [
            Picture(picture(image), str(each["class"]), "", str(each["image"]))
            for each, image in zip(evaluation["missed"], pictures["missed"], strict=True)
        ]
        blocks.append(
            gallery(
                tiles,
                f"Missed: {counts['missed']:,}",
                "Labelled objects without a predicted box of their class, the largest first.",
            )
        )
    if "invented" in pictures:
        tiles = [
            Picture(
                picture(image),
                str(each["class"]),
                metric_value("accuracy", each["score"]),
                str(each["image"]),
            )
            for each, image in zip(evaluation["invented"], pictures["invented"], strict=True)
        ]
        blocks.append(
            gallery(
                tiles,
                f"Invented: {counts['invented']:,}",
                "Predicted boxes without a labelled object of their class, the most probable first. Where "
                "you see an object, its label is missing or wrong.",
            )
        )
    return page.section("Missed and invented objects", blocks)
