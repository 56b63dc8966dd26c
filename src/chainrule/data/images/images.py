"""Images and their labels, described: where they are and what each is, not yet their pixels."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from chainrule.data.file_digest import file_digest
from chainrule.data.images.findings import of_left_out
from chainrule.data.source import digest
from chainrule.data.wording import listed
from chainrule.errors import DataError, did_you_mean
from chainrule.paths import printable, text_of_path

Part = Literal["train", "validation", "test"]


@dataclass(frozen=True, eq=False)
class Images:
    """Labelled images, in files or in one array.

    source: what messages call them: the path as it is, the name of a set, or 'the arrays'.
    sizes: (images, 2) int32, height and width of each, upright. channels: 1 if all are grey, else 3.
    paths: of their files; none where they are pixels.
    pixels: (images, height, width, 1 or 3) uint8, or None where they are files.
    labels: (images,) text, the class of each; None where nobody says.
    parts: (images,) text: 'train', 'validation', 'test', or '' for what is still to be split.
    findings: sentences on what they are and on what was left out.
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
        """The distinct labels, in the order of their numbers: whole numbers by value, others as text."""
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
        """The numbers of the images of a part, (rows,) int64; '' for those that are still to be split."""
        return np.flatnonzero(self.parts == part)

    def class_numbers(self, classes: Sequence[str] | None = None) -> np.ndarray:
        """(images,) int64: the place of each label in these classes; None: in `Images.classes`.

        Raises DataError for a label that is none of them, and where there are no labels.
        """
        if self.labels is None:
            raise DataError(
                f"{self.source} has no labels", remedy="give images in a folder for each class, or a table"
            )
        known = self.classes if classes is None else tuple(classes)
        distinct, codes = np.unique(self.labels, return_inverse=True)
        number = {label: place for place, label in enumerate(known)}
        for label in distinct.tolist():
            if label not in number:
                row = int(np.argmax(self.labels == label))
                raise DataError(
                    f"{self.name_of(row)} has the unknown label '{label}'{did_you_mean(label, known)}",
                    remedy=f"the classes are {listed(known)}",
                )
        return np.array([number[label] for label in distinct.tolist()], np.int64)[codes]

    def name_of(self, row: int) -> str:
        """What messages call an image: its path, or its number."""
        return printable(self.paths[row]) if self.paths else f"image {row:,} of {self.source}"

    def take(self, rows: np.ndarray) -> "Images":
        """Some of the images, in this order."""
        return replace(
            self,
            sizes=self.sizes[rows],
            paths=tuple(self.paths[row] for row in rows) if self.paths else (),
            pixels=None if self.pixels is None else self.pixels[rows],
            labels=None if self.labels is None else self.labels[rows],
            parts=self.parts[rows],
        )

    def fingerprint(self) -> str:
        """Of names and sizes of all files and what a thousand of them hold, or of a thousand images' pixels.

        And of labels and parts. Times of files do not count, so that a copy has the same.
        """
        parts = [self.parts.astype("U10").tobytes(), self.sizes.tobytes(), b"%d" % self.channels]
        parts += [] if self.labels is None else ["\n".join(self.labels.tolist()).encode()]
        step = -(-len(self) // _SAMPLES)
        if self.pixels is not None:
            return digest(*parts, np.ascontiguousarray(self.pixels[::step]).tobytes())
        parts += [_stamp(path) for path in self.paths]
        return digest(*parts, *(file_digest(path).encode() for path in self.paths[::step]))


_SAMPLES = 1024


def ordered_classes(labels: np.ndarray) -> tuple[str, ...]:
    """Distinct labels in the order of their numbers: whole numbers by value, others as text."""
    texts = [str(label) for label in labels]
    whole = all(text.isascii() and text.isdecimal() for text in texts)
    return tuple(sorted(texts, key=lambda text: (int(text) if whole else 0, text)))


def _stamp(path: str) -> bytes:
    """Name, name of the folder, and size."""
    try:
        size = os.stat(path).st_size  # noqa: PTH116 (100,000 of these must take little time)
    except OSError as error:
        raise DataError(
            f"{printable(path)} can't be read: {error.strerror}", remedy="check that nobody removed it"
        ) from None
    folder, name = path.rpartition(os.sep)[::2]
    return os.fsencode(f"{folder.rpartition(os.sep)[2]}/{name} {size}")
