"""The search space of sounds: settings of training and of augmentation."""

from chainrule.tasks.sound.recipe import MOST_EPOCHS
from chainrule.tasks.sound.run import TRAINER
from chainrule.tasks.trainer import search_of
from chainrule.tune import Categorical, Float, Space

TRAINING_SPACE = Space(
    {
        "learning_rate": Float(0.0005, 0.02, log=True, first=0.004),
        "weight_decay": Categorical((0.0, 0.01, 0.05, 0.2), first=0.05),
        "label_smoothing": Float(0.0, 0.3, first=0.1),
        "dropout": Float(0.0, 0.5, first=0.2),
        "speed": Categorical((0.0, 0.08, 0.15, 0.25), first=0.15),
        "noise": Categorical((0.0, 0.1, 0.3), first=0.1),
        "equalizer": Categorical((0.0, 3.0, 6.0, 10.0), first=6.0),
        "masked": Categorical((0.0, 0.1, 0.2, 0.3), first=0.2),
        "mixup": Categorical((0.0, 0.2, 0.5), first=0.0),
    }
)
"""The first trial has the default settings of `train`."""

SEARCH = search_of(TRAINER, TRAINING_SPACE, MOST_EPOCHS)
