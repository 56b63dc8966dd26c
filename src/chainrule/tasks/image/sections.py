"""The report's sections on images: mistakes, saliency, augmentation, filters, and the images in the plane."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.report import figures, page
from chainrule.report.numbers import metric_value
from chainrule.report.pictures import Picture, gallery, heated, picture
from chainrule.report.sections import class_recalls, confusion, held_out
from chainrule.tasks.images_shown import augmented_gallery


def sections_of(evaluation: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> list[str]:
    """Metrics and the confusion matrix, the most confident mistakes, and what the network looks at."""
    classes = [str(each) for each in evaluation.get("classes", ())]
    blocks = (
        [confusion(evaluation, "image"), class_recalls(evaluation, "image")]
        if evaluation.get("confusion")
        else []
    )
    found = [held_out(evaluation, "the most frequent class", blocks)]
    if "mistakes" in pictures:
        found.append(_mistakes(evaluation["mistakes"], pictures["mistakes"]))
    if "shown" in pictures:
        found.append(_seeing(pictures))
    if "points" in pictures and pictures["points"].any():
        found.append(_plane(pictures, classes))
    return found


def _mistakes(mistakes: Sequence[Mapping[str, Any]], images: np.ndarray) -> str:
    tiles = [
        Picture(
            picture(image),
            f"{each['predicted']}, {metric_value('accuracy', each['probability'])}",
            f"truly {each['true']}",
            str(each["image"]),
        )
        for each, image in zip(mistakes, images, strict=True)
    ]
    introduction = (
        "Held-out images that the network got wrong with the largest probabilities: the predicted class with "
        "its probability, and the true class. Some images may be labelled wrongly."
    )
    return page.section("The most confident mistakes", [gallery(tiles)], introduction=introduction)


def _seeing(pictures: Mapping[str, np.ndarray]) -> str:
    looks = []
    for image, pixels, places in zip(
        pictures["shown"], pictures["saliency"], pictures["attention"], strict=True
    ):
        looks += [
            Picture(picture(image)),
            Picture(heated(image, pixels)),
            Picture(heated(image, places)),
        ]
    filters = [Picture(picture(image)) for image in pictures["filters"]]
    blocks = [
        gallery(
            looks,
            "What it looks at",
            "One held-out image of each class in three tiles: unchanged; with the pixels whose change would "
            "change the score most (saliency, from the deltas of the pixels); with the regions whose "
            "features support the class (class activation, from the deltas of the last convolution).",
            columns=6,
        ),
        augmented_gallery(pictures["augmented"], "the class"),
        gallery(
            filters,
            "Filters of the first layer",
            "The patterns of which patches of the training images are composed, the most common first; they "
            "are computed from the images, not trained.",
            columns=12,
        ),
    ]
    return page.section("How it sees", blocks)


def _plane(pictures: Mapping[str, np.ndarray], classes: Sequence[str]) -> str:
    figure = figures.plane(pictures["points"], pictures["labels"], classes)
    drawn = page.plot(
        "Held-out images by their features, the inputs of the last layer",
        figure,
        "Each point is an image; images with similar features lie together (t-SNE, in which distances "
        "between far groups have no meaning). Points amid another colour are likely mistakes.",
        widest="760px",
    )
    return page.section("How it tells them apart", [drawn])
