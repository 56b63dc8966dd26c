"""Predictions of a run on images for other images."""

import numpy as np

from chainrule.backprop import Explanation
from chainrule.data.images import open_images
from chainrule.errors import ConfigError
from chainrule.tasks.image.run import ImageRun
from chainrule.tasks.image.views import probabilities
from chainrule.tasks.task import Predictions, Say


def predict(image_run: ImageRun, source: str | None, say: Say) -> Predictions:
    """The class of each image in a folder, a file of arrays, or a single file, and all probabilities.

    Columns: 'image', its path or number; 'prediction', the most probable class; 'probability_<class>' for
    each class. Raises ConfigError without a source, DataError as `open_images` does.
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
    rows, shape = np.arange(len(images)), image_run.shape
    said = probabilities(image_run.run, shape, images, rows, image_run.views)
    names = list(images.paths) if images.paths else rows.tolist()
    columns = {"image": names, "prediction": np.array(shape.classes)[said.argmax(1)]}
    columns |= {f"probability_{name}": said[:, number] for number, name in enumerate(shape.classes)}
    return Predictions(pd.DataFrame(columns))


def explain(image_run: ImageRun, row: int, source: str | None) -> Explanation:
    """Raises ConfigError: a step of this network has too many numbers to read."""
    count = sum(array.size for array in image_run.run.parameters.values())
    raise ConfigError(
        f"a step of this network has {count:,} weights, too many to read",
        remedy="look at its program, or explain the run of a table, such as digits",
    )
