"""Opening pairs of texts: a table with two columns of them, or two files with a line for each."""

from dataclasses import dataclass
from pathlib import Path

from chainrule.data import NAMED_TABLES, Table
from chainrule.data.text.folders import SUFFIX
from chainrule.data.text.streams import text_parts
from chainrule.errors import ConfigError, DataError
from chainrule.paths import printable
from chainrule.tasks.opening import open_table
from chainrule.tasks.settings import AUTO
from chainrule.tasks.task import Say


@dataclass(frozen=True, eq=False)
class Pairs:
    """Texts and what they are translated to. table: its two columns. column: of the sources."""

    table: Table
    column: str

    @property
    def source(self) -> str:
        """The name of the pairs in messages."""
        return self.table.source

    @property
    def target(self) -> str:
        """The column of the targets."""
        return self.table.target

    def fingerprint(self) -> str:
        """A hash of both columns."""
        return self.table.fingerprint()


def open_pairs(source: str, target: str | None, text: str, say: Say) -> Pairs:
    """The pairs of a source.

    source: a table; a named set; or a folder with two files of lines, such as en.txt and es.txt, whose names
    are those of the columns. target: the column to translate to; None for that of a named set, and of a
    folder the last. text: the column of the sources; 'auto' for the other of two.
    Raises DataError for files of different length, and as `open_table`; ConfigError where a table has more
    columns and none is named.
    """
    if Path(source).is_dir():
        table = _table_of_lines(Path(source), target)
    else:
        table = open_table(source, target, say=say)
    others = [str(name) for name in table.frame.columns if name != table.target]
    if text == AUTO and len(others) != 1:
        raise ConfigError(
            f"{source} has the columns {', '.join(map(repr, others[:20]))} besides {table.target!r}",
            remedy="name the one of the texts to translate ({text})",
            settings={"text": others[0] if others else ""},
        )
    column = others[0] if text == AUTO else text
    if column not in others:
        raise DataError(
            f"{source} has no column {column!r} to translate", remedy=f"name one of {others[:20]}"
        )
    return Pairs(table, column)


def takes(source: str) -> bool:
    """Whether a source is a named set of pairs; for other ones the task must be named."""
    return not Path(source).exists() and source in NAMED_TABLES and NAMED_TABLES[source].task == "translate"


def _table_of_lines(folder: Path, target: str | None) -> Table:
    import pandas as pd

    shown = printable(str(folder))
    files = sorted(folder.glob(f"*{SUFFIX}"))
    if len(files) != 2:
        raise DataError(
            f"{shown} holds {len(files)} {SUFFIX} files",
            remedy="give a folder with two of them, a line for each text",
        )
    lines = {file.stem: "".join(text_parts(file)).splitlines() for file in files}
    (one, first), (other, second) = lines.items()
    if len(first) != len(second):
        raise DataError(
            f"{shown}: {one}{SUFFIX} has {len(first):,} lines, and {other}{SUFFIX} has {len(second):,}",
            remedy="give files whose lines belong together",
        )
    wanted = other if target is None else target
    if wanted not in lines:
        raise DataError(
            f"{shown} has no file {wanted}{SUFFIX}", remedy=f"name {one} or {other} as the target"
        )
    return Table(pd.DataFrame(lines), wanted, str(folder))
