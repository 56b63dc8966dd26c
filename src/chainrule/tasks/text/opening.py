"""Opening documents to train on: a table with a column of text, or a folder of text files."""

from dataclasses import dataclass
from pathlib import Path

from chainrule.data import NAMED_TABLES, Table, is_named
from chainrule.data.text import column_beside_text, has_documents, table_of_documents, text_columns
from chainrule.data.text.folders import CLASS, PART
from chainrule.errors import ConfigError, DataError
from chainrule.tasks.opening import open_table
from chainrule.tasks.settings import AUTO
from chainrule.tasks.task import Say


@dataclass(frozen=True, eq=False)
class TextSet:
    """Documents with a target, and perhaps other columns.

    table: with a row for each document. column: of the texts. found: sentences on what was left out.
    """

    table: Table
    column: str
    found: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The name of the documents in messages."""
        return self.table.source

    @property
    def target(self) -> str:
        """The column to predict."""
        return self.table.target

    @property
    def others(self) -> list[str]:
        """The columns besides text, target and part."""
        return [name for name in self.table.frame.columns if name not in (self.column, self.target, PART)]

    def fingerprint(self) -> str:
        """A hash of all columns; see `Table.fingerprint`."""
        return self.table.fingerprint()


def open_text_set(source: str, target: str | None, text: str, say: Say) -> TextSet:
    """The documents of a source.

    source: a folder that holds a folder of .txt files for each class, perhaps within train/ and test/; a
    file with a table; or a named data set. target: the column to predict; None for the other one of a table
    of two columns. text: the column of the texts, or 'auto'.
    Raises DataError as `open_table` and `table_of_documents` do, and where no column holds free text;
    ConfigError for columns of a folder.
    """
    if Path(source).is_dir():
        if text != AUTO or target not in (None, CLASS):
            raise ConfigError(
                f"{source} is a folder, which has no columns", remedy="leave target and text out"
            )
        table, found = table_of_documents(Path(source))
        return TextSet(table, table.frame.columns[0], found)
    if target is None and not is_named(source) and Path(source).exists():
        target = column_beside_text(Path(source))
    table = open_table(source, target, say=say)
    return TextSet(table, _column_of(table, text))


def takes(source: str) -> bool:
    """Whether a source holds documents: a folder of text files, a named set, a table of text and target."""
    path = Path(source)
    if not path.exists():
        return source in NAMED_TABLES and NAMED_TABLES[source].task == "text"
    return has_documents(path) if path.is_dir() else column_beside_text(path) is not None


def _column_of(table: Table, text: str) -> str:
    columns = [str(name) for name in table.frame.columns if name != table.target]
    if text != AUTO:
        if text not in columns:
            raise DataError(
                f"{table.source} has no column {text!r} besides its target",
                remedy=f"name one of {', '.join(map(repr, columns[:30]))} ({{text}})",
                settings={"text": columns[0] if columns else AUTO},
            )
        return text
    found = text_columns(table.frame, table.target, table.source)
    if not found:
        raise DataError(
            f"{table.source}: no column holds free text",
            remedy="name the column of the texts ({text}), or leave the task out",
            settings={"text": columns[0] if columns else AUTO},
        )
    return found[0]
