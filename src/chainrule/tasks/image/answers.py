"""Predictions of a run on images for other images."""

import numpy as np

from chainrule.tasks.image.recipe import choices
from chainrule.tasks.image.stored import ImageRun
from chainrule.tasks.image.views import probabilities
from chainrule.tasks.images import open_new_images
from chainrule.tasks.task import Predictions, Say


def predict(image_run: ImageRun, source: str | None, say: Say) -> Predictions:
    """The class of each image in a folder, a file of arrays, or a single file, and all probabilities.

    Columns: 'image', its path or number; 'prediction', the most probable class; 'probability_<class>' for
    each class. Raises ConfigError without a source, DataError as `open_images` does.
    """
    import pandas as pd

    images = open_new_images(source, say)
    rows, shape = np.arange(len(images)), image_run.shape
    said = probabilities(image_run.run, shape, images, rows, views_of(image_run))
    columns = {"image": images.names, "prediction": np.array(shape.classes)[said.argmax(1)]}
    columns |= {f"probability_{name}": said[:, number] for number, name in enumerate(shape.classes)}
    return Predictions(pd.DataFrame(columns))


def views_of(image_run: ImageRun) -> str:
    """The views over which the predictions of a run are averaged, as in its evaluation."""
    images, shape = image_run.evaluation["rows"]["train"], image_run.shape
    return choices(image_run.settings, images, shape.size, shape.channels).views
