"""The list of programs that were found to be healthy, or truly hurt by their fault: programs.json."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from benchmarks.doctor.faults import IMPERFECTIONS, twin_and_faulty
from benchmarks.doctor.programs import Program, split_of, written

FILE = Path(__file__).with_name("programs.json")


@dataclass(frozen=True)
class Entry:
    """One program of the list, and what was measured when it was chosen.

    data, family, variant: as `written` takes them. rate, keep: that were best for this program without fault
    and imperfection. imperfection: of a healthy one, or ''. cause, grade: of the fault, '' and 0 without.
    figures, losses: of the program, a number for each seed from 0, as `training.Measured` has them.
    twin_figures: of its twin, which for a healthy one is itself. seconds: that the twin took, about.
    """

    data: str
    family: str
    variant: int
    rate: float
    keep: str
    imperfection: str = ""
    cause: str = ""
    grade: int = 0
    figures: tuple[float | None, ...] = ()
    losses: tuple[float | None, ...] = ()
    twin_figures: tuple[float, ...] = ()
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """Such as 'digits/deep/0' or 'digits/deep/0/dead_units:2'; no two have the same."""
        flaw = f"{self.cause}:{self.grade}" if self.cause else self.imperfection
        return f"{self.data}/{self.family}/{self.variant}" + (f"/{flaw}" if flaw else "")

    @property
    def faulty(self) -> bool:
        """Whether a fault is planted in it."""
        return bool(self.cause)

    @property
    def split(self) -> str:
        """One of programs.SPLITS."""
        return split_of(self.data, self.family, self.variant)

    @property
    def base(self) -> Program:
        """Without fault and imperfection, as the grid found it best."""
        program = written(self.data, self.family, self.variant)
        if self.keep != program.keep:
            program = replace(program, keep=self.keep, patience=None)
        return replace(program, rate=self.rate)

    @property
    def program(self) -> Program:
        """What is trained."""
        return self._pair[1]

    @property
    def twin(self) -> Program:
        """The same without the fault."""
        return self._pair[0]

    @property
    def _pair(self) -> tuple[Program, Program]:
        if self.cause:
            pair = twin_and_faulty(self.base, self.cause, self.grade)
        else:
            program = IMPERFECTIONS[self.imperfection](self.base) if self.imperfection else self.base
            pair = None if program is None else (program, program)
        if pair is None:
            raise ValueError(
                f"{FILE.name}: {self.data}/{self.family} can't have what its entry says: choose anew"
            )
        return pair


def read_list(file: Path = FILE) -> list[Entry]:
    """All entries. FileNotFoundError where they were not chosen yet."""
    return [_entry(each) for each in json.loads(file.read_text(encoding="utf-8"))]


def write_list(entries: Iterable[Entry], file: Path = FILE) -> None:
    """Write them, a line each, sorted by name."""
    ordered = sorted(entries, key=lambda entry: (entry.faulty, entry.name))
    lines = ",\n".join(json.dumps(asdict(entry), allow_nan=False) for entry in ordered)
    file.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def chosen(entries: Sequence[Entry], split: str, only: str | None) -> list[Entry]:
    """Those of a split whose name fits the shell pattern `only`, or contains it."""
    return [
        entry
        for entry in entries
        if entry.split == split and (only is None or fnmatchcase(entry.name, f"*{only}*"))
    ]


def _entry(plain: dict[str, Any]) -> Entry:
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()
    }
    return Entry(**given)
