"""Predictions of a run on boxes for other images."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.backprop import Explanation
from chainrule.data.images import Images, open_images
from chainrule.data.images.source import one_image
from chainrule.errors import ConfigError
from chainrule.tasks.detect.drawing import colour_of, drawn
from chainrule.tasks.detect.found import Objects, find_objects
from chainrule.tasks.detect.run import DetectRun
from chainrule.tasks.task import Predictions, Say

RESULTS = "results.json"


def predict(detect_run: DetectRun, source: str | None, say: Say) -> Predictions:
    """The objects in each image of a folder, a file of arrays, or a single file.

    A row for each object whose probability is at least the threshold that training chose, with the columns
    'image', its path or number; 'class'; 'score', the probability; 'left', 'top', 'right' and 'bottom' in
    pixels of the image. `draw` writes the images with their boxes, and results.json in COCO's format of
    results. Raises ConfigError without a source, DataError as `open_images` does.
    """
    import pandas as pd

    if source is None:
        raise ConfigError(
            "there are no images to predict", remedy="name a folder of images, or an image file"
        )
    images = open_images(source, labelled=False)
    for finding in images.findings:
        if finding.startswith("Left out"):
            say(finding)
    shape, evaluation = detect_run.shape, detect_run.evaluation
    found = [
        each.likely(evaluation["threshold"])
        for each in find_objects(
            detect_run.run,
            shape,
            images,
            np.arange(len(images)),
            evaluation["views"],
            detect_run.settings.overlap,
        )
    ]
    names = list(images.paths) if images.paths else list(range(len(images)))
    rows = [
        (names[image], shape.classes[number], float(score), *(round(float(edge), 2) for edge in box))
        for image, each in enumerate(found)
        for box, score, number in zip(each.boxes, each.scores, each.numbers.tolist(), strict=True)
    ]
    columns = ["image", "class", "score", "left", "top", "right", "bottom"]
    return Predictions(
        pd.DataFrame(rows, columns=columns), draw=lambda folder: _draw(folder, images, found, shape.classes)
    )


def _draw(folder: Path, images: Images, found: list[Objects], classes: tuple[str, ...]) -> int:
    """Write each image with its boxes, and results.json; returns the number of images."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    results: list[dict[str, Any]] = []
    taken: set[str] = set()
    for row, each in enumerate(found):
        pixels = one_image(images, row, None, images.channels)
        texts = [
            f"{classes[number]} {score:.0%}"
            for number, score in zip(each.numbers.tolist(), each.scores.tolist(), strict=True)
        ]
        colours = [colour_of(number) for number in each.numbers.tolist()]
        stem = Path(images.paths[row]).stem if images.paths else f"image-{row}"
        name = f"{stem}.png" if stem not in taken else f"{stem}-{row}.png"
        taken.add(stem)
        Image.fromarray(drawn(pixels, each.boxes, colours, texts)).save(folder / name)
        results += [
            {
                "image_id": row + 1,
                "file_name": images.paths[row] if images.paths else stem,
                "category_id": number + 1,
                "category": classes[number],
                "bbox": [round(float(v), 2) for v in (*box[:2], *(box[2:] - box[:2]))],
                "score": round(float(score), 5),
            }
            for box, score, number in zip(each.boxes, each.scores, each.numbers.tolist(), strict=True)
        ]
    (folder / RESULTS).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return len(found)


def explain(detect_run: DetectRun, row: int, source: str | None) -> Explanation:
    """Raises ConfigError: a step of this network has too many numbers to read."""
    count = sum(array.size for array in detect_run.run.parameters.values())
    raise ConfigError(
        f"a step of this network has {count:,} weights, too many to read",
        remedy="look at its program, or explain the run of a table, such as digits",
    )
