"""What a run on masks says of other images, and of itself."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from chainrule.backprop import Explanation
from chainrule.data.files import write_aside
from chainrule.data.images import Images, open_images
from chainrule.errors import ConfigError
from chainrule.tasks.images import check_drawn, drawn_names
from chainrule.tasks.segment.answering import answers
from chainrule.tasks.segment.objects import objects_of
from chainrule.tasks.segment.palette import png_of
from chainrule.tasks.segment.run import SegmentRun
from chainrule.tasks.task import Predictions, Say


def predict(masks_run: SegmentRun, source: str | None, say: Say) -> Predictions:
    """A mask for each image in a folder, or of a single file, and how much of it each class covers.

    Columns: 'image', its path or number; 'share_<class>' each; 'objects', their number, where the run tells
    them apart. It draws the masks as PNG files, with the numbers that the training masks had.
    Raises ConfigError where nothing is named, DataError as `open_images`.
    """
    import pandas as pd

    if source is None:
        raise ConfigError(
            "there are no images to predict", remedy="name a folder of images, or an image file"
        )
    images = open_images(source, labelled=False)
    for sentence in images.left_out:
        say(sentence)
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
    drawn = {name: masks[row] for row, name in enumerate(drawn_names(images, source))}
    return Predictions(frame, draw=lambda folder: _write(folder, drawn, images))


def _write(folder: Path, masks: Mapping[str, bytes], images: Images) -> int:
    check_drawn(folder, masks, images)
    for name, content in masks.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_aside(folder / name, content)
    return len(masks)


def explain(masks_run: SegmentRun, row: int, source: str | None) -> Explanation:
    """Refused: a step of a network of images is millions of numbers."""
    count = sum(array.size for array in masks_run.run.parameters.values())
    raise ConfigError(
        f"a step of this network has {count:,} weights, too many to read",
        remedy="look at its program, or explain the run of a table, such as digits",
    )
