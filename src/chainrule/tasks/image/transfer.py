"""Transfer: starting from the network of another run, with a new last layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chainrule.errors import DataError
from chainrule.nn import AlternatingFlip, ColorJitter, Cutout, Frozen, Layer, RandomAffine, Sequential
from chainrule.tasks.image.network import HEAD_LAYERS, head
from chainrule.tasks.image.recipe import Choices, augmentation
from chainrule.tasks.image.settings import ImageSettings
from chainrule.tasks.image.stored import FOLDER

_AUGMENTATION = (AlternatingFlip, ColorJitter, Cutout, RandomAffine)


@dataclass(frozen=True, eq=False)
class Start:
    """A trained network without augmentation and last layer, and its arrays by name.

    size: (height, width) of its images in pixels. channels: 1 or 3.
    """

    layers: tuple[Layer, ...]
    arrays: Mapping[str, np.ndarray]
    size: tuple[int, int]
    channels: int

    def network(
        self, settings: ImageSettings, chosen: Choices, channels: int, classes: int, steps_per_epoch: int
    ) -> Sequential:
        """The network with augmentation by the settings, and a new last layer for the classes."""
        before, after = augmentation(settings, chosen, channels, steps_per_epoch)
        scale, *body = self.layers
        kept = [Frozen(layer) for layer in body] if settings.freeze else body
        return Sequential([*before, scale, *after, *kept, head(classes)])


def start_from(folder: str) -> Start:
    """The network of the run in a folder. Raises DataError if it holds no run on images."""
    run, shape = FOLDER.network(Path(folder))
    model = run.recipe.model
    if not isinstance(model, Sequential):
        raise DataError(f"{folder} holds no network of layers in a row", remedy="give another run on images")
    layers = tuple(
        layer.placed() for layer in model.layers[:-HEAD_LAYERS] if not isinstance(layer, _AUGMENTATION)
    )
    arrays = {name: array for name, array in run.parameters.items() if not name.startswith("dense_")}
    return Start(layers, arrays, shape.size, shape.channels)
