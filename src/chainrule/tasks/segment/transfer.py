"""Transfer: starting from the network of another run on masks, with a new last layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chainrule.nn import Padded, Sequential, Standardize
from chainrule.nn.part import snake_case
from chainrule.tasks.build import colour_layers
from chainrule.tasks.segment.network import head
from chainrule.tasks.segment.settings import SegmentSettings
from chainrule.tasks.segment.stored import FOLDER


@dataclass(frozen=True, eq=False)
class Start:
    """A trained network without augmentation and last layer, and its arrays by name. channels: 1 or 3."""

    standardize: Standardize
    net: Padded
    arrays: Mapping[str, np.ndarray]
    channels: int

    def network(self, settings: SegmentSettings, classes: int) -> Sequential:
        """The network with augmentation by the settings, and a new last layer for the classes."""
        net = Padded([*self.net.layers[:-1], head(classes)], self.net.multiple)
        return Sequential([*colour_layers(settings.colour), self.standardize, net])


def start_from(folder: str) -> Start:
    """The network of the run in a folder. Raises DataError if it holds no run on masks."""
    run, shape = FOLDER.network(Path(folder))
    network = run.recipe.objective.network  # type: ignore[attr-defined] (a Segmentation, as of every such run)
    *_, standardize, net = network.layers
    kind = type(net.layers[-1])
    last = f".{snake_case(kind.__name__)}_{sum(type(layer) is kind for layer in net.layers)}."
    within = f".{snake_case(type(net).__name__)}_1"
    arrays = {name: array for name, array in run.parameters.items() if within + last not in name}
    return Start(standardize, net, arrays, shape.channels)
