"""Excel: the first sheet of a workbook."""

import datetime
import io
from typing import Any

from chainrule.data.reading.reading import Raw
from chainrule.data.wording import listed
from chainrule.errors import DataError

UNNAMED = "unnamed_"


def read_sheet(content: bytes, source: str) -> Raw:
    """The table on a workbook's first sheet, whose first row that is not empty names the columns.

    The index holds each row's number on the sheet. A formula has the value that Excel computed last.
    Raises DataError where openpyxl is not installed, for a damaged workbook, and for a sheet without rows.
    """
    import pandas as pd

    try:
        from openpyxl import load_workbook
    except ImportError:
        raise DataError(
            f"{source} is an Excel workbook, and openpyxl, which reads it, is not installed",
            remedy="pip install 'chainrule[excel]', or save it as CSV in UTF-8",
        ) from None
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = list(sheet.iter_rows(values_only=True))
    except Exception as error:  # noqa: BLE001 (a damaged workbook fails anywhere in openpyxl)
        raise DataError(f"{source} can't be read as Excel: {error}", remedy="save it again") from None
    filled = [number for number, row in enumerate(rows) if any(cell not in (None, "") for cell in row)]
    if len(filled) < 2:
        raise DataError(
            f"{source} has no rows on its first sheet, {sheet.title!r}",
            remedy="write column names in its first row and values below, or move that sheet to the front",
        )
    width = max(len(rows[number]) for number in filled)
    names = [
        str(cell).strip() if cell not in (None, "") else f"{UNNAMED}{number}"
        for number, cell in enumerate([*rows[filled[0]], *[None] * (width - len(rows[filled[0]]))], 1)
    ]
    cells = [list(rows[number]) + [None] * (width - len(rows[number])) for number in filled[1:]]
    index = pd.Index([number + 1 for number in filled[1:]], name="row")
    columns = [_column(list(column), index) for column in zip(*cells, strict=True)]
    kept = [n for n, name in enumerate(names) if not (name.startswith(UNNAMED) and columns[n].isna().all())]
    frame = pd.concat([columns[n] for n in kept], axis=1, keys=None)
    frame.columns = [names[n] for n in kept]
    others = [each.title for each in book.worksheets[1:]]
    notes = (f"The first sheet, {sheet.title!r}, is read; there is also {listed(others)}.",) if others else ()
    return Raw(frame, source, typed=False, notes=notes)


def _column(values: list[Any], index: Any) -> Any:
    """A column of cells; dates in a column with texts become texts, so that it has one type."""
    import pandas as pd

    dates = [isinstance(each, datetime.date | datetime.time) for each in values]
    present = [each is not None for each in values]
    if any(dates) and dates != present:
        values = [
            each.isoformat(" ") if isinstance(each, datetime.datetime) else str(each) if is_date else each
            for each, is_date in zip(values, dates, strict=True)
        ]
    return pd.Series(values, index=index, dtype=object).infer_objects()
