"""Translations of a run for other texts."""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from chainrule.backprop import Explanation
from chainrule.data import ColumnReading, Reading, is_named, load_named, read_table
from chainrule.data.text.folders import SUFFIX
from chainrule.data.text.streams import text_parts
from chainrule.errors import ConfigError, DataError
from chainrule.tasks.task import Command, Option, Predictions, Say, TaskRun
from chainrule.tasks.translate.run import TranslateRun, load_translate_run
from chainrule.tasks.translate.writing import SENTENCES, Writer


def predict(translate_run: TranslateRun, source: str | None, say: Say) -> Predictions:
    """The translation of each line of a .txt file, or of each text in the column of a table.

    Columns: that of the texts, and 'translation'. Raises ConfigError without a source, DataError as reading
    does, and for a missing column.
    """
    import pandas as pd

    if source is None:
        raise ConfigError("there are no texts to translate", remedy="name a file with lines, or a table")
    texts = _texts(translate_run, source, say)
    found = list(_translated(translate_run, texts, say))
    return Predictions(pd.DataFrame({translate_run.column: texts, "translation": found}))


def _texts(translate_run: TranslateRun, source: str, say: Say) -> list[str]:
    column = translate_run.column
    if Path(source).suffix.lower() == SUFFIX:
        texts = "".join(text_parts(Path(source))).splitlines()
        if not texts:
            raise DataError(f"{source} is empty", remedy="give a file with a text in each line")
        return texts
    if is_named(source):
        frame = load_named(source, say=say).frame
    else:
        frame = read_table(source, Reading({column: ColumnReading(column, "text", gaps=())}))
    if column not in frame.columns:
        raise DataError(
            f"{source} lacks the column {column!r}, which holds the texts",
            remedy="add it, or rename the columns in the file",
        )
    return frame[column].fillna("").astype(str).tolist()


def _translated(translate_run: TranslateRun, texts: list[str], say: Say) -> Iterator[str]:
    """The translations, a batch at a time. An empty text stays empty."""
    tokens, settings = translate_run.tokens, translate_run.settings
    unknown = "".join(sorted({letter for text in texts for letter in tokens.source.unknown(text)}))
    if unknown:
        say(f"characters that training did not have, and that are read as unknown: {unknown!r}")
    writer = Writer(translate_run.run)
    for first in range(0, len(texts), 8 * SENTENCES):
        part = texts[first : first + 8 * SENTENCES]
        sources = [tokens.of_source(text.strip()) for text in part]
        written = writer.translated(sources, settings.beams, settings.length_penalty)
        for text, each in zip(part, written, strict=True):
            yield tokens.text(each) if text.strip() else ""


def _answer(folder: Path, values: Mapping[str, Any], out: Callable[[str], None], say: Say) -> None:
    """Translate one text, or the lines of standard input as they come."""
    found = load_translate_run(folder)
    text = str(values["text"])
    if text:
        for each in _translated(found, [text], say):
            out(f"{each}\n")
        return
    for line in sys.stdin:
        for each in _translated(found, [line], say):
            out(f"{each}\n")


COMMAND = Command(
    meaning="Translate a text, or the lines of standard input, by the run of a translator.",
    answer=_answer,
    options={"text": Option("--text TEXT", "the text to translate; none: each line of standard input", "")},
)


def explain(task_run: TaskRun, row: int, source: str | None) -> Explanation:
    """Raises ConfigError: a step of a translator has too many numbers to read."""
    count = sum(array.size for array in task_run.run.parameters.values())
    raise ConfigError(
        f"a step of this network has {count:,} weights, too many to read",
        remedy="look at its program, or explain the run of a table, such as digits",
    )
