"""The search space of masks: settings of training and of augmentation."""

from chainrule.tasks.segment.recipe import MOST_EPOCHS
from chainrule.tasks.segment.run import TRAINER
from chainrule.tasks.settings import AUTO
from chainrule.tasks.trainer import search_of
from chainrule.tune import Categorical, Float, Space

TRAINING_SPACE = Space(
    {
        "learning_rate": Categorical((AUTO, 0.0003, 0.001, 0.002, 0.005, 0.01), first=AUTO),
        "weight_decay": Categorical((AUTO, 0.001, 0.003, 0.03, 0.1), first=AUTO),
        "batch_size": Categorical((AUTO, 4, 8, 16), first=AUTO),
        "shift": Categorical((AUTO, 0, 8, 16, 32), first=AUTO),
        "degrees": Categorical((0.0, 5.0, 10.0, 20.0), first=0.0),
        "scale": Float(1.0, 2.5, first=1.6),
        "colour": Float(0.0, 0.8, first=0.5),
    }
)
"""The first trial has the default settings of `train`. Those of the loss are fixed, as it compares trials."""

SEARCH = search_of(TRAINER, TRAINING_SPACE, MOST_EPOCHS)
