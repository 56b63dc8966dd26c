"""The description of a set of images: where they are, their sizes, labels and parts."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from chainrule.data.file_digest import file_digest
from chainrule.data.images.findings import of_left_out
from chainrule.data.labels import numbered, ordered_classes
from chainrule.data.source import digest
from chainrule.errors import DataError
from chainrule.paths import printable, text_of_path

Part = Literal["train", "validation", "test"]


@dataclass(frozen=True, eq=False)
class Images:
    """A set of images in files, not yet decoded, or in one array.

    source: the name of the set in messages: its path as given, the name of a named set, or 'the arrays'.
    sizes: (images, 2) int32, height and width of each, upright. channels: 1 if all are grey, else 3.
    paths: of the files; empty for images in an array.
    pixels: (images, height, width, 1 or 3) uint8; None for images in files.
    labels: (images,) text, the class of each; None for images without labels.
    parts: (images,) text: 'train', 'validation', 'test', or '' if the set is not split.
    findings: sentences on sizes, kinds and what was left out.
    """

    source: str
    sizes: np.ndarray
    channels: int
    paths: tuple[str, ...] = ()
    pixels: np.ndarray | None = None
    labels: np.ndarray | None = None
    parts: np.ndarray = field(default_factory=lambda: np.zeros(0, "U10"))
    findings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.sizes)

    def __repr__(self) -> str:
        kind = "grey" if self.channels == 1 else "coloured"
        return f"Images({self.source!r}, {len(self):,} {kind}, {len(self.classes)} classes)"

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The distinct labels, in the order of their class numbers (`ordered_classes`); () without labels."""
        return () if self.labels is None else ordered_classes(np.unique(self.labels))

    @property
    def left_out(self) -> tuple[str, ...]:
        """Those of the findings that say what was left out."""
        return of_left_out(self.findings)

    @property
    def names(self) -> list[str] | list[int]:
        """What answers call the images: their paths as text that UTF-8 can hold, or their numbers."""
        return [text_of_path(path) for path in self.paths] if self.paths else list(range(len(self)))

    def rows(self, part: Part | Literal[""]) -> np.ndarray:
        """(rows,) int64, the indices of the images of a part; '' for those that belong to none."""
        return np.flatnonzero(self.parts == part)

    def class_numbers(self, classes: Sequence[str] | None = None) -> np.ndarray:
        """(images,) int64, the index of each label in `classes`, by default in `Images.classes`.

        Raises DataError for a label that is not among them, and for images without labels.
        """
        if self.labels is None:
            raise DataError(
                f"{self.source} has no labels", remedy="give images in a folder for each class, or a table"
            )
        return numbered(self.labels, self.classes if classes is None else classes, self.name_of)

    def name_of(self, row: int) -> str:
        """The name of an image in messages: its path, or its index in the array."""
        return printable(self.paths[row]) if self.paths else f"image {row:,} of {self.source}"

    def take(self, rows: np.ndarray) -> "Images":
        """The images at these indices, in this order, with the same findings."""
        return replace(
            self,
            sizes=self.sizes[rows],
            paths=tuple(self.paths[row] for row in rows) if self.paths else (),
            pixels=None if self.pixels is None else self.pixels[rows],
            labels=None if self.labels is None else self.labels[rows],
            parts=self.parts[rows],
        )

    def fingerprint(self) -> str:
        """A hash by which a checkpoint recognizes the images.

        It covers labels, parts and image sizes; of files, all names and lengths, and the contents of at most
        1,024; of an array, the pixels of at most 1,024 images. Dates of files do not count, so a copy has the
        same hash. Raises DataError for a file that is missing.
        """
        parts = [self.parts.astype("U10").tobytes(), self.sizes.tobytes(), b"%d" % self.channels]
        parts += [] if self.labels is None else ["\n".join(self.labels.tolist()).encode()]
        step = -(-len(self) // _SAMPLES)
        if self.pixels is not None:
            return digest(*parts, np.ascontiguousarray(self.pixels[::step]).tobytes())
        parts += [file_stamp(path) for path in self.paths]
        return digest(*parts, *(file_digest(path).encode() for path in self.paths[::step]))


_SAMPLES = 1024


def file_stamp(path: str) -> bytes:
    """The folder, name and length of a file."""
    try:
        size = os.stat(path).st_size  # noqa: PTH116 (100,000 of these must take little time)
    except OSError as error:
        raise DataError(
            f"{printable(path)} can't be read: {error.strerror}", remedy="check that nobody removed it"
        ) from None
    folder, name = path.rpartition(os.sep)[::2]
    return os.fsencode(f"{folder.rpartition(os.sep)[2]}/{name} {size}")
