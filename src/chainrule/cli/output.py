"""What the commands print: results on standard output, everything else on standard error."""

import sys
from collections.abc import Mapping, Sequence
from shutil import get_terminal_size
from textwrap import fill
from typing import Any

from chainrule.data.plain_json import json_text
from chainrule.paths import printable
from chainrule.streams import is_terminal


def tell(line: str) -> None:
    """A line for the person, on standard error."""
    print(line, file=sys.stderr, flush=True)


def narrate(sentence: str) -> None:
    """A sentence for the person, a line on standard error; a terminal gets it broken between words."""
    sentence = " ".join(sentence.split())  # names of files may have line breaks in them
    if is_terminal(sys.stderr):
        sentence = fill(sentence, get_terminal_size().columns, subsequent_indent="  ", break_on_hyphens=False)
    tell(sentence)


def print_json(content: Mapping[str, Any]) -> None:
    """One JSON object on standard output; what is infinite or not a number becomes null."""
    print(printable(json_text(content)))  # its escapes are JSON's own


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
    """A table on standard output; the first column holds names, the others numbers."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table: Table = Table(title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    Console(markup=False, highlight=False).print(table)
