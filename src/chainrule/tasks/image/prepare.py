"""Preparing images: split in three parts, of one size, with the recipe of the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.data import Source
from chainrule.data.images import Images, image_source
from chainrule.errors import DataError
from chainrule.nn import Layer
from chainrule.tasks.image.opening import ImageSet
from chainrule.tasks.image.recipe import Choices, choices, new_network, recipe_for
from chainrule.tasks.image.settings import ImageSettings
from chainrule.tasks.image.transfer import Start, start_from
from chainrule.tasks.images import counted_parts, sample_of, split_in_parts, usual_size
from chainrule.tasks.images_runs import ClassShape
from chainrule.tasks.settings import AUTO
from chainrule.tasks.task import Planned
from chainrule.training import Recipe


@dataclass(frozen=True, eq=False)
class PreparedImages:
    """Images in three parts.

    shape: what the network takes and predicts. rows: the indices of the images of each part: 'train',
    'validation' (perhaps empty), 'test'. found: sentences on the images. start: the network of another run to
    start from, or None.
    """

    subject: ImageSet
    shape: ClassShape
    rows: Mapping[str, np.ndarray]
    found: tuple[str, ...]
    start: Start | None = None

    @property
    def images(self) -> Images:
        """The images of all parts."""
        return self.subject.images

    @cached_property
    def training(self) -> Source:
        """The training examples."""
        return self._source("train")

    @cached_property
    def validation(self) -> Source | None:
        """The validation examples; None if there are none."""
        return self._source("validation") if len(self.rows["validation"]) else None

    @cached_property
    def sample(self) -> np.ndarray:
        """Some training images: (images, height, width, channels) uint8."""
        return sample_of(self.images, self.rows["train"], self.shape.size, self.shape.channels)

    def truth(self, part: str) -> np.ndarray:
        """The class numbers of a part: (images,) int64."""
        return self.images.class_numbers(self.shape.classes)[self.rows[part]]

    def choices(self, settings: ImageSettings) -> Choices:
        """The settings, with values for 'auto' that suit these images."""
        return choices(settings, len(self.rows["train"]), self.shape.size, self.shape.channels)

    def plan(self, settings: ImageSettings) -> Planned:
        """What training begins with."""
        initial = {} if self.start is None else self.start.arrays
        return Planned(self.recipe(settings), self.training, self.validation, self.found, initial)

    def recipe(self, settings: ImageSettings) -> Recipe:
        """The recipe that the settings ask for."""
        chosen = self.choices(settings)
        steps = -(-len(self.rows["train"]) // chosen.batch_size)
        return recipe_for(settings, chosen, self._network(settings, chosen, steps), steps)

    def _network(self, settings: ImageSettings, chosen: Choices, steps: int) -> Layer:
        classes = len(self.shape.classes)
        if self.start is None:
            return new_network(settings, chosen, self.sample, classes, steps)
        return self.start.network(settings, chosen, self.shape.channels, classes, steps)

    def _source(self, part: str) -> Source:
        shape = self.shape
        return image_source(self.images, self.rows[part], shape.size, shape.channels, classes=shape.classes)


def prepare_images(subject: ImageSet, settings: ImageSettings) -> PreparedImages:
    """Split the images, keeping parts that the source gives, and choose their size.

    settings: test, validation, size, from_run and seed are used. Raises DataError and ConfigError.
    """
    images = subject.images
    start = None if settings.from_run is None else start_from(settings.from_run)
    rows = split_in_parts(images, settings.test, settings.validation, settings.seed, images.class_numbers())
    size = _size(images, settings) if start is None else start.size
    channels = images.channels if start is None else start.channels
    shape = ClassShape(size, channels, images.classes)
    if len(rows["train"]) < 2:
        raise DataError(
            f"{images.source} has a single image to train on", remedy="give at least 2 of each class"
        )
    alike = {tuple(each) for each in images.sizes.tolist()} == {size}
    told = "" if alike else f", scaled and cropped to {size[0]} × {size[1]} pixels"
    found = (*images.findings, f"{len(shape.classes)} classes; {counted_parts(rows)}{told}")
    return PreparedImages(subject, shape, rows, found, start)


def _size(images: Images, settings: ImageSettings) -> tuple[int, int]:
    if settings.size != AUTO:
        return int(settings.size), int(settings.size)
    return usual_size(images)
