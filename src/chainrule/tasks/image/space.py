"""The search space of images: settings of training and of augmentation."""

from chainrule.tasks.image.recipe import MOST_EPOCHS
from chainrule.tasks.image.run import TRAINER
from chainrule.tasks.settings import AUTO
from chainrule.tasks.trainer import search_of
from chainrule.tune import Categorical, Float, Space

TRAINING_SPACE = Space(
    {
        "learning_rate": Categorical((AUTO, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6), first=AUTO),
        "weight_decay": Categorical((AUTO, 0.001, 0.003, 0.01, 0.03, 0.1), first=AUTO),
        "label_smoothing": Float(0.0, 0.3, first=0.1),
        "batch_size": Categorical((AUTO, 64, 128, 256, 512), first=AUTO),
        "shift": Categorical((AUTO, 0, 1, 2, 4), first=AUTO),
        "degrees": Categorical((AUTO, 0, 5, 10, 20), first=AUTO),
        "scale": Categorical((AUTO, 1.0, 1.1, 1.25), first=AUTO),
        "flip": Categorical((AUTO, "none", "horizontal", "alternating"), first=AUTO),
        "cutout": Categorical((0, 2, 4, 8), first=0),
    }
)
"""The first trial has the default settings of `train`."""

SEARCH = search_of(TRAINER, TRAINING_SPACE, MOST_EPOCHS)
