"""Tables of paths and labels."""

import pandas as pd
import pytest

from chainrule.data import open_images
from chainrule.errors import DataError


@pytest.fixture
def table(picture, tmp_path):
    """Writes a CSV file of these rows beside six pictures in pics/."""
    for number in range(6):
        picture(f"pics/{number}.png")

    def write(text: str):
        path = tmp_path / "set" / "list.csv"
        path.write_text(text)
        return path

    return write


def rows(*labels: str, header: str = "file,label") -> str:
    return "\n".join([header, *(f"pics/{number}.png,{label}" for number, label in enumerate(labels))])


def test_paths_are_relative_to_the_table_and_labels_as_they_stand(table, tmp_path):
    images = open_images(table(rows("007", "008", "007", "008", "008", "007")))
    assert images.classes == ("007", "008")
    assert images.paths[1] == str(tmp_path / "set" / "pics" / "1.png")
    frame = pd.DataFrame({"file": [rf"pics\{n}.png" for n in range(4)], "kind": ["a", "b"] * 2})
    frame.to_parquet(tmp_path / "set" / "list.parquet")
    assert open_images(tmp_path / "set" / "list.parquet").class_numbers().tolist() == [0, 1, 0, 1]


def test_a_column_of_parts_is_used(table):
    text = rows("a,train", "b,train", "a,val", "b,TEST", "a,train", "b,train", header="file,label,split")
    images = open_images(table(text))
    assert [len(images.rows(part)) for part in ("train", "validation", "test")] == [4, 1, 1]


def test_rows_without_image_or_label_are_left_out_and_said(table):
    images = open_images(table(rows("a", "b", "a", "b", "", "a", "b", "b")))
    assert len(images) == 5
    assert "Left out: 2 rows whose image is missing: pics/6.png; pics/7.png." in images.findings
    assert "Left out: 1 row without a path or a label." in images.findings


def test_a_target_may_be_named_and_must_be_where_it_is_not_plain(table):
    text = rows("a,x", "b,x", "a,z", "b,z", header="file,animal,place")
    assert open_images(table(text), target="place").classes == ("x", "z")
    with pytest.raises(DataError, match=r"which column holds the labels\? It has .*; name it \(target=…\)"):
        open_images(table(text))
    with pytest.raises(DataError, match=r"no column 'plase' \(did you mean 'place'\?\)"):
        open_images(table(text), target="plase")


def test_to_predict_a_table_needs_no_labels(table):
    assert len(open_images(table("file\npics/0.png\npics/1.png\n"), labelled=False)) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "no column of paths of images"),
        ("file,label\ngone/1.png,a\n", r"none of the files in column 'file' exists, such as .*gone/1\.png"),
    ],
)
def test_mistakes(table, text, message):
    with pytest.raises(DataError, match=message):
        open_images(table(text))
