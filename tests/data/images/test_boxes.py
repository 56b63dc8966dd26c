"""Boxes in the layout of Pascal VOC: corners in pixels, parts, and annotations that are wrong."""

from pathlib import Path

import pytest

from chainrule.data.images import holds_boxes, open_voc
from chainrule.errors import DataError


def thing(name: str, *corners: object) -> str:
    tags = zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
    inside = "".join(f"<{tag}>{value}</{tag}>" for tag, value in tags)
    return f"<object><name>{name}</name><bndbox>{inside}</bndbox></object>"


@pytest.fixture
def annotate(picture, tmp_path):
    """Writes an image of 10 × 20 pixels and its annotation, if one is given."""

    def write(name: str, content: str | None) -> None:
        picture(f"JPEGImages/{name}.jpg", (10, 20))
        folder = tmp_path / "set" / "Annotations"
        folder.mkdir(exist_ok=True)
        if content is not None:
            (folder / f"{name}.xml").write_text(content)

    return write


def test_corners_count_from_zero_and_end_at_the_border(annotate, tmp_path):
    annotate("a", f"<annotation>{thing('dog', 1, 2, 20, 11)}{thing('cat', 3, 3, 3, 3)}</annotation>")
    annotate("b", f"<annotation>{thing('dog', '4.5', 1, 40, 5)}{thing('dog', 30, 1, 40, 5)}</annotation>")
    annotate("c", "<annotation></annotation>")
    lists = tmp_path / "set" / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\nc\n")
    (lists / "test.txt").write_text("b 1\n")
    boxes = open_voc(tmp_path / "set")
    assert boxes.classes == ("cat", "dog")
    assert boxes.corners[0].tolist() == [[0, 1, 20, 10], [2, 2, 3, 3]]
    assert boxes.corners[1].tolist() == [[3.5, 0, 20, 5]]
    assert boxes.corners[2].shape == (0, 4)
    assert [numbers.tolist() for numbers in boxes.numbers] == [[1, 0], [1], []]
    assert boxes.images.parts.tolist() == ["train", "test", "train"]
    without = f"Left out: 1 object whose box has no area within its image: {tmp_path}/set/Annotations/b.xml."
    assert without in boxes.images.findings


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "b.jpg"),
        ("", "b.xml is no XML: no element found"),
        ("<annotation><object></annotation>", "b.xml is no XML: mismatched tag"),
        ("<annotation><object><name>a</name></object></annotation>", "an object without name or bndbox"),
        (f"<annotation>{thing('a', 1, 'x', 3, 4)}</annotation>", "has a bndbox without 'xmin', 'ymin'"),
        (
            '<!DOCTYPE a [<!ENTITY x "xxxxxxxx"><!ENTITY y "&x;&x;">]><annotation>&y;</annotation>',
            "defines the XML entity 'x'",
        ),
        ('<?xml version="1.0" encoding="gb2312"?><annotation/>', "b.xml: multi-byte encodings are not"),
        ('<?xml version="1.0" encoding="nonsense"?><annotation/>', "b.xml: unknown encoding: nonsense"),
    ],
)
def test_an_annotation_that_is_wrong_is_left_out_and_named(annotate, tmp_path, content, message):
    annotate("a", f"<annotation>{thing('dog', 1, 1, 2, 2)}</annotation>")
    annotate("b", content)
    boxes = open_voc(tmp_path / "set")
    assert [Path(path).name for path in boxes.images.paths] == ["a.jpg"]
    assert len(boxes.corners) == 1
    assert message in boxes.images.findings[-1]


def test_masks_in_folders_of_the_same_names_are_no_boxes(annotate, picture, tmp_path):
    picture("JPEGImages/a.jpg", (10, 20))
    picture("Annotations/a.png", (10, 20))
    assert not holds_boxes(tmp_path / "set")
    annotate("a", f"<annotation>{thing('dog', 1, 1, 2, 2)}</annotation>")
    assert holds_boxes(tmp_path / "set")


def test_what_is_no_such_folder(annotate, tmp_path):
    with pytest.raises(DataError, match="holds no folder JPEGImages"):
        open_voc(tmp_path / "set")
    annotate("a", None)
    with pytest.raises(
        DataError, match=r"holds no image with boxes \(left out: .*without an annotation: .*a\.jpg"
    ):
        open_voc(tmp_path / "set")


def test_annotations_and_names_in_lists_without_an_image_are_said(annotate, tmp_path):
    """And an ending in capital letters is as good as another."""
    folder = tmp_path / "set"
    annotate("a", None)
    (folder / "Annotations" / "a.XML").write_text(f"<annotation>{thing('dog', 1, 1, 2, 2)}</annotation>")
    (folder / "Annotations" / "gone.xml").write_text("<annotation></annotation>")
    (folder / "ImageSets" / "Main").mkdir(parents=True)
    (folder / "ImageSets" / "Main" / "test.txt").write_text("\ufeffa\nlost\n", "utf-8")
    boxes = open_voc(folder)
    assert boxes.images.parts.tolist() == ["test"]
    assert boxes.images.left_out == (
        f"Left out: 1 annotation whose image is missing or can't be used: {folder}/Annotations/gone.xml.",
        f"Left out: 1 name in {folder}/ImageSets/Main without an image: lost.",
    )
    (folder / "ImageSets" / "Main" / "test.txt").write_bytes(b"caf\xe9\n")
    with pytest.raises(DataError, match=r"Main/test\.txt is not UTF-8 \(byte 3\); save it as UTF-8"):
        open_voc(folder)


@pytest.mark.parametrize(("height", "width", "other"), [(10, 20, 0), (0, 0, 0), ("", "x", 0), (20, 10, 1)])
def test_an_image_of_another_size_than_the_annotation_says_is_said(annotate, tmp_path, height, width, other):
    """As of images that were scaled, and their annotations were not; 0 is written where a tool knows none."""
    size = f"<size><width>{width}</width><height>{height}</height></size>"
    annotate("a", f"<annotation>{size}{thing('dog', 1, 1, 2, 2)}</annotation>")
    boxes = open_voc(tmp_path / "set")
    told = [finding for finding in boxes.images.findings if "of another size" in finding]
    assert len(told) == other
    assert all(f"1 image of another size than the annotations say: {tmp_path}/set/J" in each for each in told)
