"""The report's sections on sounds: mistakes, one of each class, and augmentation, to see and to hear."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.report import page
from chainrule.report.numbers import metric_value
from chainrule.report.pictures import Picture, gallery, picture
from chainrule.report.sections import class_recalls, confusion, held_out
from chainrule.report.sounds import playable

_COLUMNS = 4
_HOW = "Time runs from left to right, frequency from low to high."


def sections_of(evaluation: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> list[str]:
    """Metrics and the confusion matrix, the most confident mistakes, and what training hears."""
    blocks = [confusion(evaluation, "sound"), class_recalls(evaluation, "sound")]
    found = [held_out(evaluation, "the most frequent class", blocks)]
    if "mistakes" in pictures:
        found.append(_mistakes(evaluation, pictures))
    if "shown" in pictures:
        found.append(_hearing(evaluation, pictures))
    return found


def _mistakes(evaluation: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> str:
    told = [
        (
            f"{each['predicted']}, {metric_value('accuracy', each['probability'])}",
            f"truly {each['true']}",
            str(each["sound"]),
        )
        for each in evaluation["mistakes"]
    ]
    introduction = (
        "Held-out sounds that the network got wrong with the largest probabilities: the predicted class with "
        f"its probability, and the true class. Some sounds may be labelled wrongly. {_HOW}"
    )
    tiles = _tiles(pictures, "mistakes", told)
    return page.section(
        "The most confident mistakes", [gallery(tiles, columns=_COLUMNS)], introduction=introduction
    )


def _hearing(evaluation: Mapping[str, Any], pictures: Mapping[str, np.ndarray]) -> str:
    counts = np.array(evaluation["confusion"]).sum(1)
    classes = [str(name) for name, count in zip(evaluation["classes"], counts, strict=True) if count]
    shown = _tiles(pictures, "shown", [(name, "", "") for name in classes[: len(pictures["shown"])]])
    drawn = _tiles(pictures, "augmented", [("", "", "")] * len(pictures["augmented"]))
    blocks = [
        gallery(shown, "A sound of each class", f"The first held-out one. {_HOW}", columns=_COLUMNS),
        gallery(
            drawn,
            "What training hears",
            "Each row begins with an unchanged sound, followed by three draws of the augmentation. If you "
            "can't recognize the class in them, the augmentation is too strong.",
            columns=_COLUMNS,
        ),
    ]
    return page.section("How it hears", blocks)


def _tiles(pictures: Mapping[str, np.ndarray], name: str, told: list[tuple[str, str, str]]) -> list[Picture]:
    rate = int(pictures["rate"][0])
    return [
        Picture(picture(image), *words, sound=playable(wave, rate))
        for image, wave, words in zip(pictures[f"{name}_seen"], pictures[name], told, strict=True)
    ]
