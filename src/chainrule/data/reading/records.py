"""JSON: a list of objects, an object of lists, or one object per line."""

import json
from typing import TYPE_CHECKING, Any

from chainrule.data.reading.reading import Raw
from chainrule.data.wording import LINE_INDEX, shortened
from chainrule.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def read_records(text: bytes, source: str) -> Raw | None:
    """The table in a JSON text; None if the text is not JSON, so that it may be in another format.

    text: UTF-8. source: the name of the file in messages.
    Raises DataError for damaged JSON, and for JSON that is not a table.
    """
    try:
        content = json.loads(text)
    except ValueError as error:
        lines = _lines(text, source)
        if lines is None and text.lstrip()[:2] in (b'{"', b"[{"):
            raise DataError(f"{source} is damaged JSON: {error}", remedy="write it again") from None
        return lines
    if isinstance(content, list):
        return Raw(_frame(content, source, "object"), source)
    if isinstance(content, dict) and content and all(isinstance(each, list) for each in content.values()):
        lengths = {name: len(column) for name, column in content.items()}
        if len(set(lengths.values())) > 1:
            found = ", ".join(f"{name!r}: {length}" for name, length in lengths.items())
            raise DataError(
                f"{source}: the lists differ in length ({found})",
                remedy="give every column a value for each row",
            )
        rows = [dict(zip(content, row, strict=True)) for row in zip(*content.values(), strict=True)]
        return Raw(_frame(rows, source, "row"), source)
    if isinstance(content, dict):
        return Raw(_frame([content], source, "object"), source)
    return None


def _lines(text: bytes, source: str) -> Raw | None:
    import pandas as pd

    rows, places = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            if not rows:
                return None
            raise DataError(
                f"{source}, line {number} is damaged JSON: {error}", remedy="correct or remove that line"
            ) from None
        rows.append(row)
        places.append(number)
    frame = _frame(rows, source, "line")
    frame.index = pd.Index(places, name=LINE_INDEX)
    return Raw(frame, source)


def _frame(rows: list[Any], source: str, what: str) -> "pd.DataFrame":
    import pandas as pd

    if not rows:
        raise DataError(f"{source} has no rows", remedy="give at least one object")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise DataError(
                f"{source}, {what} {number} is {shortened(row)}, not an object of names and values",
                remedy='write every row as an object, such as {"age": 31, "city": "Bern"}',
            )
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns: dict[str, Any] = {}
    for name in names:
        values = [row.get(name) for row in rows]
        nested = next((number for number, each in enumerate(values, 1) if isinstance(each, dict | list)), 0)
        if nested:
            raise DataError(
                f"{source}, {what} {nested}: {name!r} is {shortened(values[nested - 1])}, not one value",
                remedy="write its parts as separate columns",
            )
        columns[name] = pd.Series(values, dtype=object).infer_objects()
    return pd.DataFrame(columns)
