"""Which tables hold free text, told by their first rows."""

from pathlib import Path

import pandas as pd
import pytest

from chainrule.data.text import column_beside_text, text_columns

TEXTS = [f"this is the review of film number {number}, which was long" for number in range(40)]
TWO = pd.DataFrame({"review": TEXTS, "mood": ["good", "bad"] * 20})


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_two_columns_of_which_one_is_text(suffix: str, tmp_path: Path):
    path = tmp_path / f"made.{suffix}"
    writers = {
        "csv": lambda frame: frame.to_csv(path, index=False),
        "tsv": lambda frame: frame.to_csv(path, index=False, sep="\t"),
        "jsonl": lambda frame: frame.to_json(path, orient="records", lines=True),
        "parquet": lambda frame: frame.to_parquet(path),
    }
    writers[suffix](TWO)
    assert column_beside_text(path) == "mood"
    writers[suffix](TWO.assign(length=range(40)))
    assert column_beside_text(path) is None
    writers[suffix](TWO.assign(review=["yes", "no"] * 20))
    assert column_beside_text(path) is None


def test_other_files_hold_none(tmp_path: Path):
    for name, content in (("a.csv", b""), ("b.parquet", b"no"), ("c.png", b"\x89PNG"), ("d.jsonl", b"{")):
        (tmp_path / name).write_bytes(content)
        assert column_beside_text(tmp_path / name) is None


def test_the_column_with_the_most_words_comes_first():
    frame = TWO.assign(title=[f"film number {number}" for number in range(40)])
    assert text_columns(frame, "mood", "made") == ["review", "title"]
    assert text_columns(frame, "review", "made") == ["title"]
