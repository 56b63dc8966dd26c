"""The search space of boxes: settings of training and of augmentation."""

from chainrule.tasks.detect.prepare import MOST_EPOCHS
from chainrule.tasks.detect.run import TRAINER
from chainrule.tasks.trainer import search_of
from chainrule.tune import Categorical, Float, Space

TRAINING_SPACE = Space(
    {
        "learning_rate": Float(5e-4, 1e-2, log=True, first=0.002),
        "weight_decay": Float(0.005, 0.5, log=True, first=0.05),
        "batch_size": Categorical((4, 8, 16), first=8),
        "scale": Categorical((1.0, 1.15, 1.3, 1.6), first=1.3),
        "flip": Categorical(("none", "horizontal", "both"), first="horizontal"),
        "colour": Categorical((0.0, 0.1, 0.2, 0.4), first=0.2),
    }
)
"""The first trial has the default settings of `train`."""

SEARCH = search_of(TRAINER, TRAINING_SPACE, MOST_EPOCHS)
