"""Opening the images that are learned from."""

from dataclasses import dataclass
from pathlib import Path

from chainrule.data import NAMED_IMAGES
from chainrule.data.images import Images, open_images
from chainrule.data.images.checking import IMAGE_SUFFIXES
from chainrule.data.images.idx_files import is_idx
from chainrule.errors import ConfigError
from chainrule.tasks.task import Say

CLASS = "class"
"""What is predicted of images that lie in a folder for each class."""
_ARRAYS = (".npz", ".npy")


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled images. target: what their labels are called."""

    images: Images
    target: str = CLASS

    @property
    def source(self) -> str:
        """What messages call them."""
        return self.images.source

    def fingerprint(self) -> str:
        """Of what they show and of their labels; see `Images.fingerprint`."""
        return f"{len(self.images):,} images, {self.images.fingerprint()}"


def open_image_set(source: str, target: str | None, say: Say) -> ImageSet:
    """The labelled images of a source; see `chainrule.data.images.open_images`.

    target: the column of labels, of a table of paths. Raises DataError as `open_images`, and ConfigError for
    a target of a source that has no columns.
    """
    named = None if target == CLASS else target
    if named is not None and (source in NAMED_IMAGES or not _is_table(source)):
        raise ConfigError(
            f"{source}: images are told apart by their class, there is no {target!r}",
            remedy="leave the target out",
        )
    return ImageSet(open_images(source, target=named, say=say), target or CLASS)


def takes(source: str) -> bool:
    """Whether a source holds images: a folder, a named set, or a file: NumPy's, IDX, or an image itself.

    A table of paths is a table until somebody names the task.
    """
    path = Path(source)
    if not path.exists():
        return source in NAMED_IMAGES and NAMED_IMAGES[source].task == "classification"
    return path.is_dir() or path.suffix.lower() in (*_ARRAYS, *IMAGE_SUFFIXES) or is_idx(path)


def _is_table(source: str) -> bool:
    path = Path(source)
    return path.is_file() and path.suffix.lower() not in _ARRAYS and not is_idx(path)
