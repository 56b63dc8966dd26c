"""Embeddings of other images by a run on faces."""

import numpy as np

from chainrule.backprop import Explanation
from chainrule.data.images import open_images
from chainrule.errors import ConfigError
from chainrule.tasks.faces.run import FaceRun
from chainrule.tasks.faces.views import embeddings
from chainrule.tasks.task import Predictions, Say


def predict(face_run: FaceRun, source: str | None, say: Say) -> Predictions:
    """The embedding of each image in a folder, a file of arrays, or a single file.

    Columns: 'image', its path or number; 'embedding_1' and so on, a vector of unit length, so that the scalar
    product of two is their cosine. Raises ConfigError without a source, DataError as `open_images` does.
    """
    import pandas as pd

    if source is None:
        raise ConfigError("there are no images to embed", remedy="name a folder of faces, or an image file")
    images = open_images(source, labelled=False)
    for finding in images.findings:
        if finding.startswith("Left out"):
            say(finding)
    rows = np.arange(len(images))
    said = embeddings(face_run.run, face_run.shape, images, rows)
    names = pd.DataFrame({"image": list(images.paths) if images.paths else rows.tolist()})
    columns = [f"embedding_{number}" for number in range(1, said.shape[1] + 1)]
    return Predictions(pd.concat([names, pd.DataFrame(said, columns=columns)], axis=1))


def explain(face_run: FaceRun, row: int, source: str | None) -> Explanation:
    """Raises ConfigError: a step of this network has too many numbers to read."""
    count = sum(array.size for array in face_run.run.parameters.values())
    raise ConfigError(
        f"a step of this network has {count:,} weights, too many to read",
        remedy="look at its program, or explain the run of a table, such as digits",
    )
