"""Opening the faces that are learned from."""

from dataclasses import dataclass
from pathlib import Path

from chainrule.data import NAMED_IMAGES
from chainrule.data.images import Images, open_images
from chainrule.errors import ConfigError
from chainrule.tasks.task import Say

PERSON = "person"
"""What the labels of faces are called."""


@dataclass(frozen=True, eq=False)
class FaceSet:
    """Images of faces, labelled by person. target: what the labels are called."""

    images: Images
    target: str = PERSON

    @property
    def source(self) -> str:
        """What messages call them."""
        return self.images.source

    def fingerprint(self) -> str:
        """Of what they show and of their labels; see `Images.fingerprint`."""
        return f"{len(self.images):,} faces, {self.images.fingerprint()}"


def open_faces(source: str, target: str | None, say: Say) -> FaceSet:
    """The faces of a source: a folder for each person, or any other that `open_images` takes with labels.

    target: the column of people, of a table of paths. Raises DataError as `open_images`, and ConfigError for
    a target of a source that has no columns.
    """
    named = None if target == PERSON else target
    if named is not None and (source in NAMED_IMAGES or Path(source).is_dir()):
        raise ConfigError(
            f"{source}: faces are told apart by person, there is no {target!r}", remedy="leave the target out"
        )
    images = open_images(source, target=named, shared_classes=False, say=say)
    return FaceSet(images, target or PERSON)


def takes(source: str) -> bool:
    """Whether a source is known to hold faces: a named set of such. A folder may hold anything."""
    return not Path(source).exists() and source in NAMED_IMAGES and NAMED_IMAGES[source].task == "faces"
