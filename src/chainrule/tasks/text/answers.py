"""Predictions of a run on texts for other documents."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.backprop import Explanation
from chainrule.data import Arrays, ColumnReading, Reading, is_named, load_named, read_table
from chainrule.data.text.folders import SUFFIX, TEXT, text_files
from chainrule.errors import ConfigError, DataError
from chainrule.tasks.task import Predictions, Say, TaskRun
from chainrule.tasks.text.run import TextRun

if TYPE_CHECKING:
    import pandas as pd

_AT_ONCE = 4096


def predict(text_run: TextRun, source: str | None, say: Say) -> Predictions:
    """The class of each document in a file of a table, a folder of text files, or a text file.

    Columns: 'document', its path, for files; 'prediction', and 'probability_<class>' for each class. Raises
    ConfigError without a source, DataError as reading does, and for a missing column.
    """
    import pandas as pd

    if source is None:
        raise ConfigError("there are no documents to predict", remedy="name a file with texts, or a folder")
    frame, names = _documents(text_run, source, say)
    parts = [
        _predicted(text_run, frame.iloc[first : first + _AT_ONCE], source)
        for first in range(0, len(frame), _AT_ONCE)
    ]
    found = pd.concat(parts, ignore_index=True)
    if names:
        found.insert(0, "document", names)
    unseen = text_run.form.preparation.unseen(frame, source) if text_run.form.preparation.columns else {}
    return Predictions(found, unseen)


def _predicted(text_run: TextRun, frame: "pd.DataFrame", source: str) -> "pd.DataFrame":
    import pandas as pd

    form = text_run.form
    texts = frame[form.column].fillna("").astype(str).tolist()
    x: dict[str, Any] = {"text": form.sequences(texts)}
    if form.preparation.columns:
        x["columns"] = form.preparation.transform(frame, source)
    said = form.problem.probabilities(text_run.run.predict(Arrays.of(x).x))
    columns = {"prediction": form.problem.predictions(said)}
    columns |= {f"probability_{name}": said[:, n] for n, name in enumerate(form.problem.classes)}
    return pd.DataFrame(columns)


def _documents(text_run: TextRun, source: str, say: Say) -> tuple["pd.DataFrame", list[str]]:
    """A frame with the columns of the run, and the names of files, if documents are files."""
    import pandas as pd

    form = text_run.form
    path = Path(source)
    if path.is_dir() or (path.suffix.lower() == SUFFIX and form.column == TEXT):
        names, texts, left_out = text_files(path)
        for sentence in left_out:
            say(sentence)
        if form.preparation.columns:
            raise DataError(
                f"{source} has texts only, and the run also takes other columns",
                remedy="give a table with the columns of training",
            )
        return pd.DataFrame({form.column: texts}), names
    if is_named(source):
        frame = load_named(source, say=say).frame
    else:
        known = form.preparation.reading.columns
        reading = {name: each for name, each in known.items() if name != form.preparation.target}
        reading.setdefault(form.column, ColumnReading(form.column, "text", gaps=()))
        frame = read_table(source, Reading(reading))
    if form.column not in frame.columns:
        raise DataError(
            f"{source} lacks the column {form.column!r}, which holds the texts",
            remedy="add it, or rename the columns in the file",
        )
    return frame, []


def explain(task_run: TaskRun, row: int, source: str | None) -> Explanation:
    """Raises ConfigError: a step of a network for texts has too many numbers to read."""
    count = sum(array.size for array in task_run.run.parameters.values())
    raise ConfigError(
        f"a step of this network has {count:,} weights, too many to read",
        remedy="look at the words that moved its answers, in the report",
    )
