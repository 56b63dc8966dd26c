"""Boxes in YOLO's text files: shares of the image, names of classes, parts, and lines that are wrong."""

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


@pytest.mark.parametrize("line", ["0 0.5 0.5 0.2", "0.5 0.5 0.5 0.2 0.2", "2 .5 .5 .1 .1", "0 .5 nan .1 .1"])
def test_lines_that_are_wrong_leave_their_image_out(label, tmp_path, line):
    label("images/a.jpg", "labels/a.txt", "0 .5 .5 .1 .1")
    label("images/b.jpg", "labels/b.txt", f"0 .5 .5 .1 .1\n{line}\n")
    (tmp_path / "set" / "classes.txt").write_text("cat\ndog\n")
    boxes = open_boxes(tmp_path / "set")
    assert len(boxes.images) == 1
    assert any(f"b.txt, line 2: '{line}'" in finding for finding in boxes.images.findings)


def test_masks_are_no_boxes(picture, tmp_path):
    picture("images/a.png", (10, 20))
    picture("labels/a.png", (10, 20))
    assert not holds_boxes(tmp_path / "set")
    with pytest.raises(DataError, match="holds no boxes; give JPEGImages/"):
        open_boxes(tmp_path / "set")
    with pytest.raises(DataError, match="nothing: no such file or folder"):
        open_boxes(tmp_path / "nothing")
