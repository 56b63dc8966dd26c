"""Predictions of a run on boxes for other images."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.images import Images
from chainrule.data.images.source import one_image
from chainrule.tasks.detect.drawing import colour_of, drawn
from chainrule.tasks.detect.found import Objects, find_objects
from chainrule.tasks.detect.stored import DetectRun
from chainrule.tasks.images import check_drawn, drawn_names, open_new_images, write_drawn
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

    images = open_new_images(source, say)
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
    names = images.names
    rows = [
        (names[image], shape.classes[number], float(score), *(round(float(edge), 2) for edge in box))
        for image, each in enumerate(found)
        for box, score, number in zip(each.boxes, each.scores, each.numbers.tolist(), strict=True)
    ]
    columns = ["image", "class", "score", "left", "top", "right", "bottom"]
    drawn = drawn_names(images)
    return Predictions(
        pd.DataFrame(rows, columns=columns),
        draw=lambda folder: _draw(folder, images, drawn, found, shape.classes),
    )


def _draw(
    folder: Path, images: Images, names: list[str], found: list[Objects], classes: tuple[str, ...]
) -> int:
    """Write each image with its boxes, and results.json; returns the number of images."""
    from PIL import Image

    check_drawn(folder, names, images)
    results: list[dict[str, Any]] = []
    files = images.names
    for row, (name, each) in enumerate(zip(names, found, strict=True)):
        pixels = one_image(images, row, None, images.channels)
        texts = [
            f"{classes[number]} {score:.0%}"
            for number, score in zip(each.numbers.tolist(), each.scores.tolist(), strict=True)
        ]
        colours = [colour_of(number) for number in each.numbers.tolist()]
        buffer = io.BytesIO()
        Image.fromarray(drawn(pixels, each.boxes, colours, texts)).save(buffer, "png")
        write_drawn(folder, name, buffer.getvalue())
        results += [
            {
                "image_id": row + 1,
                "file_name": str(files[row]),
                "category_id": number + 1,
                "category": classes[number],
                "bbox": [round(float(v), 2) for v in (*box[:2], *(box[2:] - box[:2]))],
                "score": round(float(score), 5),
            }
            for box, score, number in zip(each.boxes, each.scores, each.numbers.tolist(), strict=True)
        ]
    write_drawn(folder, RESULTS, (json.dumps(results, indent=1) + "\n").encode())
    return len(found)
