"""Opening images with masks to train on."""

from dataclasses import dataclass

from chainrule.data.images import Masks, holds_masks, open_masks
from chainrule.errors import ConfigError
from chainrule.tasks.segment.settings import NONE, SegmentSettings
from chainrule.tasks.settings import AUTO

TARGET = "mask"
"""The name of the target, the class of every pixel."""


@dataclass(frozen=True, eq=False)
class MaskSet:
    """Images with masks to train on."""

    masks: Masks

    @property
    def source(self) -> str:
        """The name of the images in messages."""
        return self.masks.images.source

    @property
    def target(self) -> str:
        """The name of what is predicted."""
        return TARGET

    def fingerprint(self) -> str:
        """The number of images, and a hash of images and masks; see `Masks.fingerprint`."""
        return f"{len(self.masks.paths):,} images with masks, {self.masks.fingerprint()}"


def open_mask_set(source: str, target: str | None, settings: SegmentSettings) -> MaskSet:
    """The pairs of a folder; see `chainrule.data.images.open_masks`.

    Raises DataError as it does, and ConfigError for a target other than `TARGET`.
    """
    if target not in (None, TARGET):
        raise ConfigError(f"{source}: masks are predicted, not {target!r}", remedy="leave the target out")
    void = settings.void
    return MaskSet(open_masks(source, void="auto" if void == AUTO else None if void == NONE else int(void)))


def takes(source: str) -> bool:
    """Whether a source is a folder with folders of images and masks."""
    return holds_masks(source)
