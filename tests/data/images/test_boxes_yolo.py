"""Boxes in YOLO's text files: shares of the image, names of classes, parts, and lines that are wrong."""

import os

import numpy as np
import pytest

from chainrule.data.images import holds_boxes, open_boxes
from chainrule.errors import DataError


@pytest.fixture
def label(picture, tmp_path):
    """Writes an image of 10 × 20 pixels and its labels, if there are any."""

    def write(image, labels, text):
        picture(image, (10, 20))
        if text is not None:
            file = tmp_path / "set" / labels
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    return write


def test_shares_become_pixels_and_an_image_without_labels_is_empty(label, tmp_path):
    label("images/a.jpg", "labels/a.txt", "1 0.5 0.5 0.2 0.4\n\n0 0.9 0.5 0.4 1.0\n")
    label("images/b.jpg", "labels/b.txt", None)
    (tmp_path / "set" / "classes.txt").write_text("cat\ndog\n")
    boxes = open_boxes(tmp_path / "set")
    assert boxes.classes == ("cat", "dog")
    np.testing.assert_allclose(boxes.corners[0], [[8, 3, 12, 7], [14, 0, 20, 10]], atol=1e-5)
    assert [numbers.tolist() for numbers in boxes.numbers] == [[1, 0], []]
    assert holds_boxes(tmp_path / "set")


@pytest.mark.parametrize(
    "told",
    [
        "train: x\nnames: ['cat', \"dog\"]  # two\nnc: 2\n",
        "names:\n- cat\n- dog\nnc: 2\n",
        "names:\n  0: cat\n  1: dog\ntrain: y\n",
        "names: {0: cat, 1: dog}\n",
    ],
)
def test_names_stand_in_the_file_of_the_set(label, tmp_path, told):
    for outer, image, text in (("train", "a", "1 .5 .5 .2 .2"), ("valid", "b", "0 .5 .5 .2 .2")):
        label(f"{outer}/images/{image}.jpg", f"{outer}/labels/{image}.txt", text)
    (tmp_path / "set" / "data.yaml").write_text(told)
    boxes = open_boxes(tmp_path / "set")
    assert boxes.classes == ("cat", "dog")
    assert boxes.images.parts.tolist() == ["train", "validation"]
    assert [numbers.tolist() for numbers in boxes.numbers] == [[1], [0]]


def test_parts_may_lie_within_images_and_labels(label, tmp_path):
    for part in ("train", "test"):
        label(f"images/{part}/a.jpg", f"labels/{part}/a.txt", "12 .5 .5 .2 .2")
    boxes = open_boxes(tmp_path / "set")
    assert boxes.classes == ("12",)
    assert sorted(boxes.images.parts.tolist()) == ["test", "train"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("0 0.5 0.5 0.2", "a class and four numbers"),
        ("0.5 0.5 0.5 0.2 0.2", "a class and four numbers"),
        ("0 .1 .1 .5 .1 .5 .5", "a class and four numbers"),
        ("2 .5 .5 .1 .1", "a class from 0 to 1"),
        ("-1 .5 .5 .1 .1", "a class from 0 to 1"),
        ("0 .5 nan .1 .1", "shares of the image from 0 to 1"),
        ("0 12 6 3 4", "shares of the image from 0 to 1"),
        ("0 .5 .5 -.2 .2", "shares of the image from 0 to 1"),
    ],
)
def test_lines_that_are_wrong_leave_their_image_out(label, tmp_path, line, expected):
    label("images/a.jpg", "labels/a.txt", "0 .5 .5 .1 .1")
    label("images/b.jpg", "labels/b.txt", f"0 .5 .5 .1 .1\n{line}\n")
    (tmp_path / "set" / "classes.txt").write_text("cat\ndog\n")
    boxes = open_boxes(tmp_path / "set")
    assert len(boxes.images) == 1
    assert f"b.txt, line 2, is '{line}', and not {expected}." in boxes.images.findings[-1]


def test_masks_are_no_boxes(picture, tmp_path):
    picture("images/a.png", (10, 20))
    picture("labels/a.png", (10, 20))
    (tmp_path / "set" / "labels" / "classes.txt").write_text("sky\n")
    picture("labels/b.png", (10, 20))
    assert not holds_boxes(tmp_path / "set")
    with pytest.raises(DataError, match="holds no boxes; give JPEGImages/"):
        open_boxes(tmp_path / "set")
    with pytest.raises(DataError, match="nothing: no such file or folder"):
        open_boxes(tmp_path / "nothing")


def test_what_has_no_image_and_parts_without_labels_are_said(label, picture, tmp_path):
    """A list of classes beside the labels, as labelling tools put it, is no label; endings may be capital."""
    folder = tmp_path / "set"
    label("train/images/a.jpg", "train/labels/a.TXT", "0 .5 .5 .1 .1")
    label("train/images/b.jpg", "train/labels/gone.txt", "0 .5 .5 .1 .1")
    (folder / "train" / "labels" / "classes.txt").write_text("cat\n")
    (folder / "train" / "labels" / "b.txt").mkdir()
    picture("train/images/d.jpg")
    os.mkfifo(folder / "train" / "labels" / "d.txt")
    picture("test/images/c.jpg")
    boxes = open_boxes(folder)
    assert [len(each) for each in boxes.numbers] == [1]
    labels = f"{folder}/train/labels"
    assert boxes.images.left_out == (
        f"Left out: 1 file whose image is missing or can't be used: {labels}/gone.txt.",
        f"Left out: 2 images whose labels can't be read: {labels}/b.txt can't be read: Is a directory; "
        f"{labels}/d.txt is a pipe, a socket or a device, and no file.",
        f"Left out: 1 folder of a part, without images/ and labels/: {folder}/test.",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"caf\xe9\n", r"classes\.txt is not UTF-8 \(byte 3\)"),
        (b"cat\n\ndog\n", r"classes\.txt has no name for class 1"),
        (b"cat\ncat\n", r"classes\.txt names a class twice"),
    ],
)
def test_names_of_classes_that_are_wrong_are_refused(label, tmp_path, content, message):
    label("images/a.jpg", "labels/a.txt", "0 .5 .5 .1 .1")
    (tmp_path / "set" / "classes.txt").write_bytes(content)
    with pytest.raises(DataError, match=message):
        open_boxes(tmp_path / "set")
    (tmp_path / "set" / "classes.txt").write_text("\ufeffcat\n\n", "utf-8")  # as Windows saves it
    assert open_boxes(tmp_path / "set").classes == ("cat",)
