"""The search space of language models."""

from chainrule.tasks.generate.recipe import EPOCHS
from chainrule.tasks.generate.run import TRAINER
from chainrule.tasks.settings import AUTO
from chainrule.tasks.trainer import search_of
from chainrule.tune import Categorical, Float, Space

TRAINING_SPACE = Space(
    {
        "learning_rate": Float(0.003, 0.1, log=True, first=0.02),
        "dropout": Categorical((AUTO, 0.0, 0.1, 0.2), first=AUTO),
        "weight_decay": Categorical((0.0, 0.01, 0.1), first=0.0),
        "batch_size": Categorical((16, 32, 64), first=32),
    }
)
"""The first trial has the default settings of `train`."""

SEARCH = search_of(TRAINER, TRAINING_SPACE, EPOCHS)
