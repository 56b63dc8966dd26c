"""Opening the tables that tasks train on."""

from chainrule.data import Reading, Table, column_names, is_named, load_named, load_table
from chainrule.errors import DataError
from chainrule.tasks.settings import AUTO
from chainrule.tasks.task import Say, say_nothing


def open_table(
    source: str,
    target: str | None,
    *,
    missing: tuple[str, ...] | str = AUTO,
    reading: Reading | None = None,
    say: Say = say_nothing,
) -> Table:
    """The table of a file, or a named data set, which has a target of its own.

    source: a path, '-' for standard input, or a name. target: a column; None for that of a named data set.
    missing: as in `load_table`, or 'auto'. reading: how the file is read; None: inferred from it.
    say: called with a sentence when a named data set is downloaded. Raises DataError without a target.
    """
    if is_named(source):
        return load_named(source, target, say=say)
    if target is None:
        columns = ", ".join(repr(name) for name in column_names(source)[:30])
        raise DataError(
            f"{source}: which column is to be predicted?",
            remedy=f"name it ({{target}}), one of {columns}",
            settings={"target": ...},
        )
    known = None if isinstance(missing, str) else missing
    return load_table(source, target, missing=known, reading=reading)
