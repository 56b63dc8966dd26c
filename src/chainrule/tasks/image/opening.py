"""Opening the images that are learned from."""

from dataclasses import dataclass
from pathlib import Path

from chainrule.data.images import Images, open_images
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

    Raises DataError as that does, and ConfigError for a target that the source does not name.
    """
    if target is not None and target != CLASS:
        raise ConfigError(
            f"{source}: images are told apart by their class, there is no {target!r}",
            remedy="leave the target out",
        )
    return ImageSet(open_images(source))


def takes(source: str) -> bool:
    """Whether a source holds images: a folder, or arrays in a file of NumPy's."""
    path = Path(source)
    return path.is_dir() or path.suffix.lower() in _ARRAYS
