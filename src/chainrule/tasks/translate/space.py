"""The search space of translators."""

from chainrule.tasks.trainer import search_of
from chainrule.tasks.translate.recipe import EPOCHS
from chainrule.tasks.translate.run import TRAINER
from chainrule.tune import Categorical, Float, Space

TRAINING_SPACE = Space(
    {
        "learning_rate": Float(0.003, 0.1, log=True, first=0.02),
        "dropout": Categorical((0.0, 0.1, 0.2, 0.3), first=0.1),
        "label_smoothing": Categorical((0.0, 0.1, 0.2), first=0.1),
        "vocabulary": Categorical((1000, 2000, 4000, 8000), first=8000),
        "batch_size": Categorical((32, 64, 128), first=64),
    }
)
"""The first trial has the default settings of `train`."""

SEARCH = search_of(TRAINER, TRAINING_SPACE, EPOCHS)
