"""The pictures, points and scores in the report of faces, as arrays by name.

closest, farthest: pairs of held-out images, one after the other. augmented: training images after
augmentation. points, labels: held-out images as points in the plane, and their people. scores, same: of all
pairs of held-out images.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.data.images import read_pixels
from chainrule.nn import Concatenate, Sequential
from chainrule.tasks.faces.objective import Recognition
from chainrule.tasks.faces.prepare import PreparedFaces
from chainrule.tasks.faces.verification import Scores
from chainrule.tasks.faces.views import embeddings
from chainrule.tasks.images_shown import DRAWS, augmented, in_the_plane, small, spread
from chainrule.training import Run

_POINTS = 500


def pictures_of(
    run: Run, prepared: PreparedFaces, evaluation: Mapping[str, Any], found: Scores
) -> dict[str, np.ndarray]:
    """All arrays of the report; images are scaled down."""
    objective, shape = run.recipe.objective, prepared.shape
    assert isinstance(objective, Recognition)
    model = objective.model
    assert isinstance(model, Sequential)  # as every network of this task
    first = [layer for layer in model.layers if not isinstance(layer.placed(), Concatenate)]
    some, sample = spread(len(prepared.rows["test"]), _POINTS), prepared.sample
    rows = prepared.rows["test"][some]
    arrays = {
        "augmented": augmented(run, first, sample[spread(len(sample), DRAWS)]),
        "points": in_the_plane(embeddings(run, shape, prepared.images, rows)),
        "labels": prepared.numbers("test")[some].astype(np.int32),
        "scores": found.scores.astype(np.float32),
        "same": found.same.astype(np.uint8),
    }
    for name in ("closest", "farthest"):
        shown = np.array([row for pair in evaluation[name] for row in pair["rows"]], np.int64)
        if len(shown):
            arrays[name] = read_pixels(prepared.images, shown, shape.size, shape.channels)
    return {name: small(array) if array.ndim == 4 else array for name, array in arrays.items()}
