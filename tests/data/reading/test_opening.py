"""Files of every kind hold the same table by any name; what can't be opened is told in one line."""

import bz2
import gzip
import io
import json
import lzma
import zipfile

import numpy as np
import pandas as pd
import pytest

from chainrule.data import read_table, table_name
from chainrule.data.reading import open_raw
from chainrule.errors import DataError

FRAME = pd.DataFrame({"age": [31, 40, 52], "city": ["Bern", "Rome", "Köln"], "price": [1.5, 2.25, 3.0]})
CSV = FRAME.to_csv(index=False).encode()


def excel(frame: pd.DataFrame = FRAME, **others: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    with pd.ExcelWriter(buffer) as writer:
        for name, each in {"first": frame, **others}.items():
            each.to_excel(writer, sheet_name=name, index=False)
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    FRAME.to_parquet(buffer, index=False)
    return buffer.getvalue()


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


RECORDS = FRAME.to_dict("records")
CONTENTS = {
    "csv": CSV,
    "bars": CSV.replace(b",", b"|"),
    "told separator": b"sep=;\r\n" + CSV.replace(b",", b";"),
    "byte order mark": b"\xef\xbb\xbf" + CSV,
    "utf-16": CSV.decode().encode("utf-16"),
    "utf-16 without a mark": CSV.decode().encode("utf-16-le"),
    "utf-16, big end first": CSV.decode().encode("utf-16-be"),
    "gzip": gzip.compress(CSV),
    "bzip2": bz2.compress(CSV),
    "xz": lzma.compress(CSV),
    "zip": zipped(table=CSV),
    "gzip of json": gzip.compress(json.dumps(RECORDS).encode()),
    "json": json.dumps(RECORDS, indent=1).encode(),
    "json of lists": json.dumps(FRAME.to_dict("list")).encode(),
    "json lines": b"\n".join(json.dumps(row).encode() for row in RECORDS) + b"\n\n",
    "excel": excel(),
    "parquet": parquet(),
    "zip of parquet": zipped(table=parquet()),
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize("name", ["a.csv", "a", "a.json.gz"])
def test_every_kind_holds_the_same_table_by_any_name(tmp_path, content, name):
    (tmp_path / name).write_bytes(content)
    pd.testing.assert_frame_equal(
        read_table(tmp_path / name).reset_index(drop=True), FRAME, check_dtype=False, check_index_type=False
    )


def test_standard_input(monkeypatch):
    class Piped:
        buffer = io.BytesIO(gzip.compress(CSV))

    monkeypatch.setattr("sys.stdin", Piped)
    assert read_table("-").to_dict("list") == FRAME.to_dict("list")


def test_lines_are_those_of_the_file(tmp_path):
    told = tmp_path / "a.csv"
    told.write_bytes(CONTENTS["told separator"])
    assert read_table(told).index.tolist() == [3, 4, 5]
    told.write_bytes(CONTENTS["json lines"])
    assert (read_table(told).index.tolist(), read_table(told).index.name) == ([1, 2, 3], "line")
    told.write_bytes(excel())
    assert read_table(told).index.tolist() == [2, 3, 4]


def test_sheets_that_are_not_read_are_said(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(excel(notes=FRAME))
    assert open_raw(tmp_path / "a.xlsx").notes == (
        "The first sheet, 'first', is read; there is also 'notes'.",
    )


def test_cells_of_several_types_are_one_column(tmp_path):
    frame = pd.DataFrame(
        {
            "x": [*range(20), "-"],
            "day": [*pd.date_range("2024", periods=20), "0000-00-00"],
            "code": ["007", *["008"] * 20],
            "on": [True, False, None] * 7,
        }
    )
    (tmp_path / "a.xlsx").write_bytes(excel(frame))
    read = read_table(tmp_path / "a.xlsx")
    np.testing.assert_array_equal(read["x"], [*range(20), np.nan])
    assert read["day"].iloc[:20].tolist() == frame["day"].iloc[:20].tolist()
    assert read["day"].isna().sum() == 1
    assert read["code"].tolist() == frame["code"].tolist()
    assert read["on"].tolist()[:2] == [True, False]
    assert read["on"].isna().sum() == 7


def test_whole_numbers_beside_gaps_stay_exact(tmp_path):
    ids = [2**60 + 1, None, 2**60 + 3]
    pd.DataFrame({"id": pd.array(ids, dtype="Int64"), "x": [1, 2, 3]}).to_parquet(tmp_path / "a.parquet")
    assert read_table(tmp_path / "a.parquet")["id"].tolist()[::2] == ids[::2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest",
            r"a\.csv is a workbook of an old Excel.*; save it as",
        ),
        (
            gzip.compress(CSV)[:-9],
            r"a\.csv is compressed by gzip and damaged: .*; write or",
        ),
        (zipped(one=CSV, two=CSV), r"a\.csv is a zip file with 2 files in it; unpack it"),
        (zipped(one=CSV)[:-30], r"a\.csv is a zip file that can't be read"),
        (zipped(**{"xl/workbook.xml": b"<"}), r"a\.csv can't be read as Excel: .*; save it again"),
        (excel(FRAME.iloc[:0]), r"a\.csv has no rows on its first sheet, 'first'; write column names"),
        (b'{"a": 1}\n{"a": \n', r"a\.csv, line 2 is damaged JSON.*; correct or remove that line"),
        (b'[{"a": 1}, 5]', r"a\.csv, object 2 is 5, not an object"),
        (b'[{"a": 1}, {"a": [1]}]', r"a\.csv, object 2: 'a' is \[1\], not one value; write its parts"),
        (b'{"a": [1, 2], "b": [1]}', r"a\.csv: the lists differ in length \('a': 2, 'b': 1\)"),
        (b"[]", r"a\.csv has no rows"),
        (b'{"a": 1,', r"a\.csv is damaged JSON"),
        ("a,b\n1,é\n".encode("latin1"), r"a\.csv is not UTF-8: the byte at offset 6 .*iconv -f latin1"),
        ("a,b\n1,2\n".encode("utf-16")[:-1], r"a\.csv is not whole as UTF-16"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", r"a\.csv is neither text nor one of CSV, Excel"),
        (b"", r"a\.csv is empty \(0 bytes\)"),
    ],
    ids=lambda given: given if isinstance(given, str) else "content",  # gzip notes the second
)
def test_what_can_not_be_opened_is_told_in_one_line(tmp_path, content, message):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        read_table(tmp_path / "a.csv")
    assert "\n" not in str(caught.value)


def test_names_of_tables():
    names = {
        "a/sales.csv.gz": "sales",
        "b.2024.xlsx": "b.2024",
        "-": "stdin",
        "x.parquet": "x",
        "digits": "digits",
    }
    assert {source: table_name(source) for source in names} == names
