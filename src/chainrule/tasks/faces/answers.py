"""Embeddings of other images by a run on faces."""

import numpy as np

from chainrule.tasks.faces.stored import FaceRun
from chainrule.tasks.faces.views import embeddings
from chainrule.tasks.images import open_new_images
from chainrule.tasks.task import Predictions, Say


def predict(face_run: FaceRun, source: str | None, say: Say) -> Predictions:
    """The embedding of each image in a folder, a file of arrays, or a single file.

    Columns: 'image', its path or number; 'embedding_1' and so on, a vector of unit length, so that the scalar
    product of two is their cosine. Raises ConfigError without a source, DataError as `open_images` does.
    """
    import pandas as pd

    images = open_new_images(source, say)
    rows = np.arange(len(images))
    said = embeddings(face_run.run, face_run.shape, images, rows)
    names = pd.DataFrame({"image": images.names})
    columns = [f"embedding_{number}" for number in range(1, said.shape[1] + 1)]
    return Predictions(pd.concat([names, pd.DataFrame(said, columns=columns)], axis=1))
