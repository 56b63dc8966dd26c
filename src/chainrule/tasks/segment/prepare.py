"""Preparing images with masks: split in three parts, on one canvas, with the recipe of the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.data import Source
from chainrule.data.images import mask_source, read_mask
from chainrule.data.images.mask_source import MaskSource, scaled_size
from chainrule.data.source import MemorySource
from chainrule.errors import ConfigError, DataError
from chainrule.tasks.images import counted_parts, split_in_parts
from chainrule.tasks.segment.objective import VOID
from chainrule.tasks.segment.objects import can_tell_apart
from chainrule.tasks.segment.opening import MaskSet
from chainrule.tasks.segment.recipe import Choices, choices, multiple_of, new_network, recipe_for
from chainrule.tasks.segment.settings import SegmentSettings
from chainrule.tasks.segment.stored import MaskShape
from chainrule.tasks.segment.transfer import Start, start_from
from chainrule.tasks.settings import AUTO
from chainrule.tasks.task import Planned
from chainrule.training import Recipe

_SAMPLED = 256


@dataclass(frozen=True, eq=False)
class PreparedMasks:
    """Images with masks in three parts.

    shape: what the network takes and predicts. canvas: (height, width) of the examples in pixels. rows: the
    indices of the images of each part: 'train', 'validation' (perhaps empty), 'test'. found: sentences on the
    images. start: the network of another run to start from, or None.
    """

    subject: MaskSet
    shape: MaskShape
    canvas: tuple[int, int]
    rows: Mapping[str, np.ndarray]
    found: tuple[str, ...]
    start: Start | None = None

    @cached_property
    def training(self) -> Source:
        """The training examples."""
        return self._source("train")

    @cached_property
    def validation(self) -> Source | None:
        """The validation examples; None if there are none."""
        return self._source("validation") if len(self.rows["validation"]) else None

    @cached_property
    def sample(self) -> tuple[np.ndarray, np.ndarray]:
        """Some training images (images, height, width, channels) and masks (images, height, width)."""
        if isinstance(self.training, MemorySource):
            return self.training.arrays["x"], self.training.arrays["y"]
        source = self.training
        assert isinstance(source, MaskSource)
        pairs = [source.example(row) for row in range(0, source.examples, -(-source.examples // _SAMPLED))]
        return np.stack([x for x, _ in pairs]), np.stack([y for _, y in pairs])

    @cached_property
    def shares(self) -> np.ndarray:
        """(classes,) the share of the pixels of training images that each class covers, without void.

        Raises DataError if all pixels are void.
        """
        counts = np.bincount(self.sample[1].ravel(), minlength=VOID + 1)[: len(self.shape.classes)]
        if not counts.sum():
            raise DataError(
                f"{self.subject.source}: all pixels of the training masks are void",
                remedy="check which number is void",
            )
        return counts / counts.sum()

    def choices(self, settings: SegmentSettings) -> Choices:
        """The settings, with values for 'auto' that suit these images."""
        return choices(settings, len(self.rows["train"]), self.canvas)

    def plan(self, settings: SegmentSettings) -> Planned:
        """What training begins with."""
        initial = {} if self.start is None else self.start.arrays
        return Planned(self.recipe(settings), self.training, self.validation, self.found, initial)

    def recipe(self, settings: SegmentSettings) -> Recipe:
        """The recipe that the settings ask for."""
        chosen, classes = self.choices(settings), len(self.shape.classes)
        steps = -(-len(self.rows["train"]) // chosen.batch_size)
        network = (
            new_network(settings, chosen, self.sample[0], classes, self.canvas)
            if self.start is None
            else self.start.network(settings, classes)
        )
        multiple = multiple_of(network)
        height, width = (max(side // multiple, 1) * multiple for side in self.canvas)
        part = (min(height, self.canvas[0]), min(width, self.canvas[1]))
        return recipe_for(settings, chosen, network, part, self.shares, steps)

    def _source(self, part: str) -> Source:
        masks = self.subject.masks.take(self.rows[part])
        return mask_source(masks, self.canvas, self.shape.channels, longest=self.shape.longest)


def prepare_masks(subject: MaskSet, settings: SegmentSettings) -> PreparedMasks:
    """Split the images, keeping parts that the source gives, and choose the canvas.

    settings: test, validation, size, flip, views, objects, from_run and seed are used. Raises DataError and
    ConfigError.
    """
    masks, images = subject.masks, subject.masks.images
    start = None if settings.from_run is None else start_from(settings.from_run)
    rows = split_in_parts(images, settings.test, settings.validation, settings.seed)
    if len(rows["train"]) < 2:
        raise DataError(f"{subject.source} has a single image to train on", remedy="give at least 2")
    if not len(rows["test"]):
        raise DataError(f"{subject.source} has nothing to hold out", remedy="give more images")
    if all((read_mask(masks.paths[row]) == masks.void).all() for row in rows["test"]):
        raise DataError(
            f"{subject.source}: all pixels of the held-out masks are void",
            remedy="check which number is void",
        )
    scaled = [scaled_size(each, settings.size) for each in images.sizes.tolist()]
    watched = [scaled[row] for part in ("train", "validation") for row in rows[part]]
    canvas = (max(height for height, _ in watched), max(width for _, width in watched))
    chosen = choices(settings, len(rows["train"]), canvas)
    objects = _tells_objects_apart(subject, settings)
    channels = images.channels if start is None else start.channels
    shape = MaskShape(settings.size, channels, masks.names, masks.numbers, masks.void, chosen.views, objects)
    void = "" if masks.void is None else f"; {masks.void} is void"
    size = ""
    if {*scaled, *map(tuple, images.sizes.tolist())} != {canvas}:
        size = f", of at most {settings.size} pixels a side, on a canvas of {canvas[0]} × {canvas[1]}"
    told = f"{len(masks.numbers)} classes{void}; {counted_parts(rows)}{size}"
    if objects and settings.objects == AUTO:
        told += "; two classes: objects are told apart and counted"
    return PreparedMasks(subject, shape, canvas, rows, (*images.findings, told), start)


def _tells_objects_apart(subject: MaskSet, settings: SegmentSettings) -> bool:
    if settings.objects == AUTO:
        return len(subject.masks.numbers) == 2 and can_tell_apart()
    if settings.objects and not can_tell_apart():
        raise ConfigError(
            "counting objects needs scikit-image, which is not installed",
            remedy="install it (pip install 'chainrule[masks]'), or leave objects out",
        )
    return bool(settings.objects)
