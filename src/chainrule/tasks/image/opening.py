"""Opening labelled images to train on."""

from dataclasses import dataclass
from pathlib import Path

from chainrule.data import NAMED_IMAGES
from chainrule.data.images import Images, open_images
from chainrule.data.images.checking import IMAGE_SUFFIXES
from chainrule.data.images.idx_files import is_idx
from chainrule.data.sounds import holds_sounds
from chainrule.errors import ConfigError
from chainrule.tasks.task import Say

CLASS = "class"
"""The name of the target, unless a table names it."""
_ARRAYS = (".npz", ".npy")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled images. target: the name of the labels."""

    images: Images
    target: str = CLASS

    @property
    def source(self) -> str:
        """The name of the images in messages."""
        return self.images.source

    def fingerprint(self) -> str:
        """The number of images, and a hash of images and labels; see `Images.fingerprint`."""
        return f"{len(self.images):,} images, {self.images.fingerprint()}"


def open_image_set(source: str, target: str | None, say: Say) -> ImageSet:
    """The labelled images of a source; see `chainrule.data.images.open_images`.

    target: the column of labels in a table of paths. Raises DataError as `open_images` does, and ConfigError
    for a target of a source without columns.
    """
    named = None if target == CLASS else target
    if named is not None and (source in NAMED_IMAGES or not _is_table(source)):
        raise ConfigError(
            f"{source} has no column {target!r}: the class of an image is that of its folder or label",
            remedy="leave the target out",
        )
    return ImageSet(open_images(source, target=named, say=say), target or CLASS)


def takes(source: str) -> bool:
    """Whether a source holds images: a folder, a named set for classification, a NumPy, IDX or image file.

    A folder that holds more sounds than images is not taken. A table of paths is not recognized: for it the
    task must be named.
    """
    path = Path(source)
    if not path.exists():
        return source in NAMED_IMAGES and NAMED_IMAGES[source].task == "classification"
    if path.is_dir():
        return not holds_sounds(path)
    return path.suffix.lower() in (*_ARRAYS, *IMAGE_SUFFIXES) or is_idx(path)


def _is_table(source: str) -> bool:
    path = Path(source)
    return path.is_file() and path.suffix.lower() not in _ARRAYS and not is_idx(path)
