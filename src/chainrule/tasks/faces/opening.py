"""Opening images of faces to train on."""

from dataclasses import dataclass
from pathlib import Path

from chainrule.data import NAMED_IMAGES
from chainrule.data.images import Images, open_images
from chainrule.errors import ConfigError
from chainrule.tasks.task import Say

PERSON = "person"
"""The name of the labels, unless a table names them."""


@dataclass(frozen=True, eq=False)
class FaceSet:
    """Images of faces, labelled by person. target: the name of the labels."""

    images: Images
    target: str = PERSON

    @property
    def source(self) -> str:
        """The name of the images in messages."""
        return self.images.source

    def fingerprint(self) -> str:
        """The number of images, and a hash of images and labels; see `Images.fingerprint`."""
        return f"{len(self.images):,} faces, {self.images.fingerprint()}"


def open_faces(source: str, target: str | None, say: Say) -> FaceSet:
    """The faces of a source: a folder for each person, or any labelled source of `open_images`.

    target: the column of people in a table of paths. Raises DataError as `open_images` does, and ConfigError
    for a target of a source without columns.
    """
    named = None if target == PERSON else target
    if named is not None and (source in NAMED_IMAGES or Path(source).is_dir()):
        raise ConfigError(
            f"{source} has no column {target!r}: the person is the name of the folder",
            remedy="leave the target out",
        )
    images = open_images(source, target=named, shared_classes=False, say=say)
    return FaceSet(images, target or PERSON)


def takes(source: str) -> bool:
    """Whether a source is a named set of faces. A folder may hold any images, so it is not taken."""
    return not Path(source).exists() and source in NAMED_IMAGES and NAMED_IMAGES[source].task == "faces"
