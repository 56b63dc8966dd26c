"""The description of a set of sounds: where they are, their lengths, labels and parts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from chainrule.data.file_digest import file_digest
from chainrule.data.images.findings import of_left_out
from chainrule.data.images.images import Part, file_stamp
from chainrule.data.labels import numbered, ordered_classes
from chainrule.data.source import digest
from chainrule.errors import DataError
from chainrule.paths import printable, text_of_path

_SAMPLES = 1024


@dataclass(frozen=True, eq=False)
class Sounds:
    """A set of sounds in files, not yet decoded.

    source: its path as given, for messages. paths: of the files. rates: (sounds,) int32, samples a second of
    each. spans: (sounds, 2) int64, first sample and end of what is taken of each file, without silence at the
    ends. labels: (sounds,) text, the class of each; None for sounds without labels. parts: (sounds,) text:
    'train', 'validation', 'test', or '' if the set is not split. findings: sentences on what they are and on
    what was left out.
    """

    source: str
    paths: tuple[str, ...]
    rates: np.ndarray
    spans: np.ndarray
    labels: np.ndarray | None = None
    parts: np.ndarray = field(default_factory=lambda: np.zeros(0, "U10"))
    findings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        return f"Sounds({self.source!r}, {len(self):,} sounds, {len(self.classes)} classes)"

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The distinct labels, in the order of their class numbers (`ordered_classes`); () without labels."""
        return () if self.labels is None else ordered_classes(np.unique(self.labels))

    @property
    def seconds(self) -> np.ndarray:
        """(sounds,) float64: the length of each, without silence at its ends."""
        return (self.spans[:, 1] - self.spans[:, 0]) / self.rates

    @property
    def left_out(self) -> tuple[str, ...]:
        """Those of the findings that say what was left out."""
        return of_left_out(self.findings)

    @property
    def names(self) -> list[str]:
        """What answers call the sounds: their paths as text that UTF-8 can hold."""
        return [text_of_path(path) for path in self.paths]

    def rows(self, part: Part | Literal[""]) -> np.ndarray:
        """(rows,) int64, the indices of the sounds of a part; '' for those that belong to none."""
        return np.flatnonzero(self.parts == part)

    def class_numbers(self, classes: Sequence[str] | None = None) -> np.ndarray:
        """(sounds,) int64, the index of each label in `classes`, by default in `Sounds.classes`.

        Raises DataError for a label that is not among them, and for sounds without labels.
        """
        if self.labels is None:
            raise DataError(
                f"{self.source} has no labels", remedy="give sounds in a folder for each class, or a table"
            )
        return numbered(self.labels, self.classes if classes is None else classes, self.name_of)

    def name_of(self, row: int) -> str:
        """The name of a sound in messages: its path."""
        return printable(self.paths[row])

    def take(self, rows: np.ndarray) -> "Sounds":
        """The sounds at these indices, in this order, with the same findings."""
        return replace(
            self,
            paths=tuple(self.paths[row] for row in rows),
            rates=self.rates[rows],
            spans=self.spans[rows],
            labels=None if self.labels is None else self.labels[rows],
            parts=self.parts[rows],
        )

    def fingerprint(self) -> str:
        """A hash by which a checkpoint recognizes the sounds.

        It covers labels, parts, rates and spans, all names and lengths of files, and the contents of at most
        1,024. A copy has the same hash. Raises DataError for a file that is missing.
        """
        parts = [self.parts.astype("U10").tobytes(), self.rates.tobytes(), self.spans.tobytes()]
        parts += [] if self.labels is None else ["\n".join(self.labels.tolist()).encode()]
        parts += [file_stamp(path) for path in self.paths]
        some = self.paths[:: max(-(-len(self) // _SAMPLES), 1)]
        return digest(*parts, *(file_digest(path).encode() for path in some))
