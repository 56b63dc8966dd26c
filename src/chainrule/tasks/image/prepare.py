"""Preparing images: split in three parts, of one size, with the recipe of the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np

from chainrule.data import Source, split_indices
from chainrule.data.images import Images, image_source
from chainrule.errors import DataError
from chainrule.nn import Layer
from chainrule.tasks.image.opening import ImageSet
from chainrule.tasks.image.recipe import Choices, choices, new_network, recipe_for
from chainrule.tasks.image.settings import AUTO, ImageSettings
from chainrule.tasks.image.stored import Shape
from chainrule.tasks.image.transfer import Start, start_from
from chainrule.tasks.images import sample_of, usual_size
from chainrule.training import Recipe


@dataclass(frozen=True, eq=False)
class PreparedImages:
    """Images in three parts.

    shape: what the network takes and predicts. rows: the indices of the images of each part: 'train',
    'validation' (perhaps empty), 'test'. found: sentences on the images. start: the network of another run to
    start from, or None. initial: its arrays by name.
    """

    subject: ImageSet
    shape: Shape
    rows: Mapping[str, np.ndarray]
    found: tuple[str, ...]
    start: Start | None = None
    initial: Mapping[str, np.ndarray] = field(default_factory=lambda: MappingProxyType({}))

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

    def recipe(self, settings: ImageSettings, chosen: Choices | None = None) -> Recipe:
        """The recipe that the settings ask for."""
        chosen = self.choices(settings) if chosen is None else chosen
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
    rows = _parts(images, settings)
    size = _size(images, settings) if start is None else start.size
    channels = images.channels if start is None else start.channels
    shape = Shape(size, channels, images.classes)
    if len(rows["train"]) < 2:
        raise DataError(
            f"{images.source} has a single image to train on", remedy="give at least 2 of each class"
        )
    counts = ", ".join(
        f"{len(each):,} {told}"
        for each, told in zip(rows.values(), ("to train on", "to validate", "held out"), strict=True)
    )
    alike = {tuple(each) for each in images.sizes.tolist()} == {size}
    told = "" if alike else f", scaled and cropped to {size[0]} × {size[1]} pixels"
    found = (*images.findings, f"{len(shape.classes)} classes; {counts}{told}")
    return PreparedImages(subject, shape, rows, found, start, {} if start is None else start.arrays)


def _parts(images: Images, settings: ImageSettings) -> dict[str, np.ndarray]:
    given = {part: images.rows(part) for part in ("train", "validation", "test")}
    rest = np.concatenate([given["train"], images.rows("")])
    labels = images.class_numbers()
    if not len(given["test"]):
        rest, given["test"] = _split(rest, settings.test, settings.seed, labels)
    if not len(given["validation"]) and settings.validation:
        left = 1.0 if len(images.rows("test")) else 1 - settings.test
        rest, given["validation"] = _split(rest, settings.validation / left, settings.seed, labels)
    return {"train": rest, "validation": given["validation"], "test": given["test"]}


def _split(rows: np.ndarray, share: float, seed: int, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rest, part = split_indices(len(rows), share, seed, labels[rows])
    return rows[rest], rows[part]


def _size(images: Images, settings: ImageSettings) -> tuple[int, int]:
    if settings.size != AUTO:
        return int(settings.size), int(settings.size)
    return usual_size(images)
