"""Opening the images with masks that are learned from."""

from dataclasses import dataclass

from chainrule.data.images import Masks, holds_masks, open_masks
from chainrule.errors import ConfigError
from chainrule.tasks.segment.settings import AUTO, NONE, SegmentSettings

TARGET = "mask"
"""What is predicted: the class of every pixel."""


@dataclass(frozen=True, eq=False)
class MaskSet:
    """Images with a mask each."""

    masks: Masks

    @property
    def source(self) -> str:
        """What messages call them."""
        return self.masks.images.source

    @property
    def target(self) -> str:
        """What is predicted."""
        return TARGET

    def fingerprint(self) -> str:
        """Of images and masks; see `Masks.fingerprint`."""
        return f"{len(self.masks.paths):,} images with masks, {self.masks.fingerprint()}"


def open_mask_set(source: str, target: str | None, settings: SegmentSettings) -> MaskSet:
    """The pairs of a folder; see `chainrule.data.images.open_masks`.

    Raises DataError as that, ConfigError for a target of another name.
    """
    if target not in (None, TARGET):
        raise ConfigError(
            f"{source}: the masks are predicted, there is no {target!r}", remedy="leave the target out"
        )
    void = settings.void
    return MaskSet(open_masks(source, void="auto" if void == AUTO else None if void == NONE else int(void)))


def takes(source: str) -> bool:
    """Whether a source is a folder with folders of images and masks."""
    return holds_masks(source)
