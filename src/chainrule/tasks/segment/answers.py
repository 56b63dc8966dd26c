"""Predictions of a run on masks for other images."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from chainrule.data.images import Images
from chainrule.tasks.images import check_drawn, drawn_names, open_new_images, write_drawn
from chainrule.tasks.segment.answering import answers
from chainrule.tasks.segment.objects import objects_of
from chainrule.tasks.segment.palette import png_of
from chainrule.tasks.segment.stored import SegmentRun
from chainrule.tasks.task import Predictions, Say


def predict(masks_run: SegmentRun, source: str | None, say: Say) -> Predictions:
    """A mask for each image of a folder, a file of arrays, or a single file, and the share of each class.

    Columns: 'image', its path or number; 'share_<class>', the share of the pixels, for each class; 'objects',
    their number, if the run counts objects. `draw` writes the masks as PNG files, with the class numbers of
    the training masks. Raises ConfigError without a source, DataError as `open_images` does.
    """
    import pandas as pd

    images = open_new_images(source, say)
    shape = masks_run.shape
    shares = np.zeros((len(images), len(shape.classes)), np.float64)
    objects = np.zeros(len(images), np.int64)
    masks: dict[int, bytes] = {}
    for row, _, places in answers(masks_run.run, shape, images, range(len(images))):
        shares[row] = np.bincount(places.ravel(), minlength=len(shape.classes)) / places.size
        if shape.objects:
            objects[row] = objects_of(places).max()
        masks[row] = png_of(places, shape.numbers)
    columns = {"image": images.names}
    named = {f"share_{name}": shares[:, number] for number, name in enumerate(shape.classes)}
    frame = pd.DataFrame(columns | named | ({"objects": objects} if shape.objects else {}))
    drawn = {name: masks[row] for row, name in enumerate(drawn_names(images))}
    return Predictions(frame, draw=lambda folder: _write(folder, drawn, images))


def _write(folder: Path, masks: Mapping[str, bytes], images: Images) -> int:
    check_drawn(folder, masks, images)
    for name, content in masks.items():
        write_drawn(folder, name, content)
    return len(masks)
