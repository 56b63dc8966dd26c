"""The search space of texts: the n-grams of the bag, and its training."""

from chainrule.tasks.settings import AUTO
from chainrule.tasks.text.recipe import MOST_EPOCHS
from chainrule.tasks.text.run import TRAINER
from chainrule.tasks.trainer import search_of
from chainrule.tune import Categorical, Float, Space

TRAINING_SPACE = Space(
    {
        "learning_rate": Categorical((AUTO, 0.02, 0.05, 0.1, 0.2), first=AUTO),
        "label_smoothing": Float(0.0, 0.2, first=0.0),
        "batch_size": Categorical((16, 32, 64, 128), first=64),
    }
)
"""The first trial has the default settings of `train`. Documents are prepared once for all trials."""

SEARCH = search_of(TRAINER, TRAINING_SPACE, MOST_EPOCHS)
