"""Preparing faces: people split in two groups, images of one size, with the recipe of the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.data import Source
from chainrule.data.images import Images, image_source
from chainrule.data.wording import listed
from chainrule.errors import DataError
from chainrule.nn import LargeMarginCosine, OneCycle, adamw
from chainrule.tasks.build import usual_epochs
from chainrule.tasks.faces.network import face_network
from chainrule.tasks.faces.objective import Cosines, Recognition
from chainrule.tasks.faces.opening import FaceSet
from chainrule.tasks.faces.settings import FaceSettings
from chainrule.tasks.faces.stored import FaceShape
from chainrule.tasks.images import LARGEST, sample_of
from chainrule.tasks.settings import AUTO
from chainrule.tasks.task import Planned
from chainrule.training import Recipe

FEWEST = 3
"""The fewest people to train on; 2 more are needed to hold out."""
_EXAMPLES = 18_000
_FEWEST_EPOCHS, MOST_EPOCHS = 10, 100


@dataclass(frozen=True, eq=False)
class PreparedFaces:
    """Faces of two groups of people.

    shape: what the network takes and gives. rows: the indices of the images of each part: 'train';
    'validation', other images of the same people, perhaps none; 'test', other people. found: sentences on
    them.
    """

    subject: FaceSet
    shape: FaceShape
    rows: Mapping[str, np.ndarray]
    found: tuple[str, ...]

    @property
    def images(self) -> Images:
        """The images of all parts."""
        return self.subject.images

    def people(self, part: str) -> tuple[str, ...]:
        """The people of a part, sorted."""
        return self.images.take(self.rows[part]).classes

    def numbers(self, part: str) -> np.ndarray:
        """(images,) int64: the person on each image of a part, an index into `people`."""
        return self.images.take(self.rows[part]).class_numbers()

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

    def plan(self, settings: FaceSettings) -> Planned:
        """What training begins with."""
        return Planned(self.recipe(settings), self.training, self.validation, self.found)

    def recipe(self, settings: FaceSettings) -> Recipe:
        """The recipe that the settings ask for."""
        images = len(self.rows["train"])
        batch = min(settings.batch_size, images)
        usual = usual_epochs(images, _EXAMPLES, _FEWEST_EPOCHS, MOST_EPOCHS)
        epochs = usual if settings.epochs == AUTO else settings.epochs
        rate = OneCycle(settings.learning_rate, max(epochs * -(-images // batch), 2))
        objective = Recognition(
            face_network(settings, self.sample),
            Cosines(len(self.people("train")), settings.members),
            LargeMarginCosine(settings.margin, settings.sharpness),
        )
        optimizer = adamw(rate, weight_decay=settings.weight_decay)
        return Recipe(objective, optimizer, epochs=epochs, batch_size=batch, seed=settings.seed)

    def _source(self, part: str) -> Source:
        rows, shape = self.rows[part], self.shape
        return image_source(self.images, rows, shape.size, shape.channels, classes=self.people("train"))


def prepare_faces(subject: FaceSet, settings: FaceSettings) -> PreparedFaces:
    """Split the people, keeping a test part that the source gives, and choose the size of the images.

    Raises DataError for too few people, for a person in both groups, and if nobody in a group has two images.
    """
    images = subject.images
    rows = _parts(images, settings)
    size = _size(images) if settings.size == AUTO else (int(settings.size), int(settings.size))
    shape = FaceShape(size, images.channels, settings.members, settings.mirror)
    train, test = (images.take(rows[part]).classes for part in ("train", "test"))
    _check(images, rows, train, test)
    alike = {tuple(each) for each in images.sizes.tolist()} == {size}
    scaled = "" if alike else f"; scaled and cropped to {size[0]} × {size[1]} pixels"
    watching = f", {len(rows['validation']):,} more to watch it" * bool(len(rows["validation"]))
    split = (
        f"{len(train):,} people to train on ({len(rows['train']):,} images{watching}), "
        f"{len(test):,} held out ({len(rows['test']):,} images){scaled}"
    )
    return PreparedFaces(subject, shape, rows, (*images.findings, split))


def _parts(images: Images, settings: FaceSettings) -> dict[str, np.ndarray]:
    """The indices of the images of each part.

    The people of a given test part are held out, else a share of all people. Of the images of each other
    person, the last ones are for validation, a share that the settings give, but at least two are trained on.
    """
    people, numbers = images.classes, images.class_numbers()
    held = images.parts == "test"
    if not held.any():
        held = np.isin(numbers, _held_out(images, settings))
    rest, numbers = np.flatnonzero(~held), numbers[~held]
    watching = np.zeros(len(rest), bool)
    for person in range(len(people) if settings.validation else 0):
        own = np.flatnonzero(numbers == person)
        count = min(round(settings.validation * len(own)), len(own) - 2)
        watching[own[len(own) - max(count, 0) :]] = True
    return {"train": rest[~watching], "validation": rest[watching], "test": np.flatnonzero(held)}


def _held_out(images: Images, settings: FaceSettings) -> np.ndarray:
    """The numbers of the people held out."""
    people = images.classes
    if len(people) < FEWEST + 2:
        raise _too_few(images, len(people))
    count = min(max(round(settings.test * len(people)), 2), len(people) - FEWEST)
    return np.random.default_rng(settings.seed).permutation(len(people))[:count]


def _check(
    images: Images, rows: Mapping[str, np.ndarray], train: tuple[str, ...], test: tuple[str, ...]
) -> None:
    both = sorted(set(train) & set(test))
    if both:
        raise DataError(
            f"{images.source}: {listed(both, 3)} would be both trained on and held out",
            remedy="hold out people who are not trained on: they show how well strangers are told apart",
        )
    if len(train) < FEWEST or len(test) < 2:
        raise _too_few(images, len(train) + len(test))
    for part in ("train", "test"):
        counts = np.bincount(images.take(rows[part]).class_numbers())
        if counts.max() < 2:
            where = "to train on" if part == "train" else "held out"
            raise DataError(
                f"{images.source}: none of the people {where} has two images",
                remedy="give several images of each person",
            )


def _too_few(images: Images, people: int) -> DataError:
    return DataError(
        f"{images.source} shows {people} people; at least {FEWEST} to train on and 2 to hold out are needed",
        remedy="give a folder of images for each of more people",
    )


def _size(images: Images) -> tuple[int, int]:
    """The common size of all images, divided by a whole number so that none is cropped; else a square."""
    height, width = images.sizes[0].tolist()
    if (images.sizes == images.sizes[0]).all():
        step = -(-max(height, width) // LARGEST)
        return max(height // step, 8), max(width // step, 8)
    side = min(max(int(images.sizes.min()), 16), LARGEST)
    return side, side
