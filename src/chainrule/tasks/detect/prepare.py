"""Preparing images with boxes: split in three parts, scaled into frames of one size, with their recipe."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.data import Source
from chainrule.data.images import Images, image_source, read_pixels
from chainrule.data.images.resizing import Frame
from chainrule.errors import DataError
from chainrule.nn import CenterMap, RandomAffine
from chainrule.tasks.build import SCHEDULES, colour_layers, optimizer_for, usual_epochs
from chainrule.tasks.detect.network import COARSEST, NETWORKS, detector
from chainrule.tasks.detect.objective import Detection
from chainrule.tasks.detect.opening import BoxSet
from chainrule.tasks.detect.settings import DetectSettings
from chainrule.tasks.images import counted_parts, split_in_parts
from chainrule.tasks.images_runs import ClassShape
from chainrule.tasks.settings import AUTO
from chainrule.tasks.task import Planned
from chainrule.training import Recipe

LARGEST = 320
"""The most pixels of the longer side of training images, unless the settings give their size."""
MOST_EPOCHS = 300
_FEWEST_EPOCHS = 20
_EXAMPLES = 40_000
"""By default there are so many epochs that training sees about as many images in all."""
_SAMPLED = 500


@dataclass(frozen=True, eq=False)
class PreparedBoxes:
    """Images with boxes in three parts.

    shape: what the network takes and predicts. rows: the indices of the images of each part: 'train',
    'validation' (perhaps empty), 'test'. found: sentences on the images.
    """

    subject: BoxSet
    shape: ClassShape
    rows: Mapping[str, np.ndarray]
    found: tuple[str, ...]

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
        rows = self.rows["train"]
        return self.read(rows[:: -(-len(rows) // _SAMPLED)])

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Images scaled into frames: (rows, height, width, channels) uint8."""
        return read_pixels(self.images, rows, self.shape.size, self.shape.channels, "frame")

    def frame(self, row: int) -> Frame:
        """The place of an image in the frame that the network gets."""
        height, width = self.images.sizes[row].tolist()
        return Frame((height, width), self.shape.size)

    def targets(self, rows: np.ndarray) -> np.ndarray:
        """(rows, objects, 5) float32: boxes in pixels of the frame, and class numbers, -1 for no object."""
        boxes = self.subject.boxes
        most = max(len(each) for each in boxes.numbers)
        y = np.full((len(rows), max(most, 1), 5), -1, np.float32)
        for place, row in enumerate(rows.tolist()):
            count = len(boxes.numbers[row])
            y[place, :count, :4] = self.frame(row).placed(boxes.corners[row])
            y[place, :count, 4] = boxes.numbers[row]
        return y

    def epochs(self, settings: DetectSettings) -> int:
        """The epochs that the settings give; for 'auto', by the number of training images."""
        if settings.epochs != AUTO:
            return settings.epochs
        return usual_epochs(len(self.rows["train"]), _EXAMPLES, _FEWEST_EPOCHS, MOST_EPOCHS)

    def plan(self, settings: DetectSettings) -> Planned:
        """What training begins with."""
        return Planned(self.recipe(settings), self.training, self.validation, self.found)

    def recipe(self, settings: DetectSettings) -> Recipe:
        """The recipe that the settings ask for."""
        shape, epochs = self.shape, self.epochs(settings)
        batch = min(settings.batch_size, len(self.rows["train"]))
        steps = epochs * -(-len(self.rows["train"]) // batch)
        colour = colour_layers(settings.colour)
        model = detector(self.sample, len(shape.classes), NETWORKS[settings.network], settings.stride, colour)
        shift = round(max(shape.size) / 10) if settings.shift == AUTO else settings.shift
        scale = (1 / settings.scale, float(settings.scale))
        moves = RandomAffine(shift, scale=scale, flip=settings.flip, edge="zeros")
        rate = SCHEDULES[settings.schedule](settings.learning_rate, steps, max(1, epochs // 4))
        return Recipe(
            Detection(model, CenterMap(settings.stride, self._unit), moves),
            optimizer_for(settings.optimizer, rate, settings.weight_decay),
            epochs=epochs,
            batch_size=batch,
            seed=settings.seed,
            keep="last",  # the rate has come down then; precision rises while the loss stands still
        )

    @property
    def _unit(self) -> float:
        """Half the geometric mean of the sides of the training boxes, in pixels of the frame."""
        y = self.targets(self.rows["train"])
        boxes = y[y[..., 4] >= 0]
        sides = np.maximum(boxes[:, 2:4] - boxes[:, :2], 1)
        return float(np.exp(np.log(sides).mean()) / 2)

    def _source(self, part: str) -> Source:
        rows, shape = self.rows[part], self.shape
        y = self.targets(rows)
        return image_source(self.images, rows, shape.size, shape.channels, y=y, fit="frame")


def prepare_boxes(subject: BoxSet, settings: DetectSettings) -> PreparedBoxes:
    """Split the images, keeping parts that the source gives, and choose the size of the frames.

    settings: test, validation, size and seed are used. Raises DataError for too few images.
    """
    images, numbers = subject.images, subject.boxes.numbers
    rows = split_in_parts(images, settings.test, settings.validation, settings.seed)
    for part, told in (("train", "to train on"), ("test", "to hold out")):
        if not any(len(numbers[row]) for row in rows[part]):
            raise DataError(
                f"{images.source} has no image with boxes {told}", remedy="give more images with boxes"
            )
    if len(rows["train"]) < 2:
        raise DataError(f"{images.source} has a single image to train on", remedy="give at least 2")
    shape = ClassShape(_size(images, settings), images.channels, subject.boxes.classes)
    objects = sum(map(len, numbers))
    height, width = shape.size
    parts = counted_parts(rows)
    told = f"{objects:,} boxes of {len(shape.classes)} classes; {parts}, in {height} × {width} pixels"
    return PreparedBoxes(subject, shape, rows, (*images.findings, told))


def _size(images: Images, settings: DetectSettings) -> tuple[int, int]:
    """(height, width) of the frames, with the median shape of the images, in multiples of `COARSEST`."""
    height, width = np.median(images.sizes, 0).tolist()
    longer = min(max(height, width), LARGEST) if settings.size == AUTO else settings.size
    factor = longer / max(height, width)
    tall, wide = (max(round(side * factor / COARSEST), 2) * COARSEST for side in (height, width))
    return tall, wide
