"""What a search of faces varies, and by what its trials are compared."""

from dataclasses import replace

import numpy as np
import pytest

from chainrule.data.images import open_images
from chainrule.errors import DataError
from chainrule.tasks.faces.opening import FaceSet
from chainrule.tasks.faces.settings import FaceSettings
from chainrule.tasks.faces.space import SEARCH, TRAINING_SPACE

QUICK = FaceSettings(members=1, epochs=2, batch_size=16)


def faces(each):
    pixels = np.random.default_rng(0).integers(0, 255, (8 * each, 16, 16, 1), np.uint8)
    return FaceSet(open_images((pixels, np.arange(8).repeat(each)), shared_classes=False))


def test_the_first_trial_is_what_training_does():
    first = SEARCH.settings(TRAINING_SPACE.first(), FaceSettings())
    assert first == FaceSettings(validation=0.2)
    assert SEARCH.settings({}, replace(QUICK, validation=0.5)).validation == 0.5
    assert SEARCH.most_epochs(FaceSettings()) == 100
    assert SEARCH.most_epochs(QUICK) == 2


def test_trials_are_watched_by_other_images_of_the_same_people():
    settings = SEARCH.trial(TRAINING_SPACE, replace(QUICK, features=32))
    trials = SEARCH.prepare(faces(5), settings)
    run = trials.fit(replace(settings, epochs=2, batch_size=16), progress=False)
    assert all(np.isfinite(epoch["validation_loss"]) for epoch in run.history)
    rows = trials.evaluated(run, settings).evaluation["rows"]
    assert rows == {"train": 24, "validation": 6, "test": 10}
    with pytest.raises(DataError, match="nobody has enough images for validation"):
        SEARCH.prepare(faces(2), settings)
