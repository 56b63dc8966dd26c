"""Reading tables: the file format is recognized by the first bytes, a column's type by all of its rows."""

from chainrule.data.reading.column import MARKERS, ColumnReading
from chainrule.data.reading.opening import STANDARD_INPUT, open_raw, table_name
from chainrule.data.reading.reading import Raw, Reading, labels_of, learn_reading

__all__ = [
    "MARKERS",
    "STANDARD_INPUT",
    "ColumnReading",
    "Raw",
    "Reading",
    "labels_of",
    "learn_reading",
    "open_raw",
    "table_name",
]
