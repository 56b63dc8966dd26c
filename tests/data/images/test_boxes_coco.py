"""Boxes in COCO's JSON: corners, classes, parts, crowds, and files that are wrong."""

import json

import pytest

from chainrule.data.images import holds_boxes, open_boxes
from chainrule.errors import DataError


def content(*boxes, image="a.png", **more):
    annotations = [
        {"id": 7 + place, "image_id": 3, "category_id": kind, "bbox": box, "iscrowd": 0}
        for place, (kind, box) in enumerate(boxes)
    ]
    return {
        "images": [{"id": 3, "file_name": image}],
        "annotations": annotations,
        "categories": [{"id": 18, "name": "dog"}, {"id": 2, "name": "zebra"}],
    } | more


@pytest.fixture
def write(picture, tmp_path):
    """Writes an image of 10 × 20 pixels and JSON beside it, in the folder of a part."""

    def made(part, told, name="_annotations.coco.json"):
        picture(f"{part}/a.png", (10, 20))
        (tmp_path / "set" / part / name).write_text(told if isinstance(told, str) else json.dumps(told))

    return made


def test_boxes_are_left_top_width_height_and_classes_go_by_their_ids(write, tmp_path):
    write("train", content((18, [2, 3, 4, 5]), (2, [15, 5, 10, 10])))
    write("valid", content((2, [0, 0, 20, 10]), (2, [30, 0, 5, 5])))
    boxes = open_boxes(tmp_path / "set")
    assert boxes.classes == ("zebra", "dog")
    assert boxes.corners[0].tolist() == [[2, 3, 6, 8], [15, 5, 20, 10]]
    assert [numbers.tolist() for numbers in boxes.numbers] == [[1, 0], [0]]
    assert boxes.images.parts.tolist() == ["train", "validation"]
    without = f"Left out: 1 object whose box has no area within its image: {tmp_path}/set/valid/a.png."
    assert without in boxes.images.findings
    assert holds_boxes(tmp_path / "set")


def test_crowds_and_images_that_are_not_there_are_left_out(write, tmp_path):
    told = content((18, [2, 3, 4, 5]), (18, [1, 1, 2, 2]))
    told["annotations"][1]["iscrowd"] = 1
    told["images"].append({"id": 4, "file_name": "gone.png"})
    write("all", told, "instances_test2017.json")
    file = tmp_path / "set" / "all" / "instances_test2017.json"
    boxes = open_boxes(file)
    assert [len(each) for each in boxes.numbers] == [1]
    assert boxes.images.parts.tolist() == ["test"]
    assert "Left out: 1 annotation of crowds or without a box." in boxes.images.findings
    assert f"Left out: 1 image that can't be found: gone.png of {file}." in boxes.images.findings


def test_annotations_beside_folders_of_images(picture, tmp_path):
    picture("val2017/a.png", (10, 20))
    picture("train2017/a.png", (12, 20))
    (tmp_path / "set" / "annotations").mkdir()
    for part in ("train", "val"):
        file = tmp_path / "set" / "annotations" / f"instances_{part}2017.json"
        file.write_text(json.dumps(content((2, [1, 1, 3, 3]))))
    boxes = open_boxes(tmp_path / "set")
    assert boxes.images.sizes.tolist() == [[12, 20], [10, 20]]
    assert boxes.images.parts.tolist() == ["train", "validation"]


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ('{"images": [', "is no JSON of boxes as COCO has it"),
        (json.dumps({"images": [], "annotations": []}), "is no JSON of boxes as COCO has it .*categories"),
        (content((5, [1, 1, 2, 2])), r"\.json, annotation 7, is of category 5, which is not listed; add it"),
        (content((18, [1, "x", 2, 2])), r"annotation 7, has the bbox \[1, 'x', 2, 2\]; give left, top"),
        (content((18, [1, 2, 2])), r"annotation 7, has the bbox \[1, 2, 2\]"),
        (content(images=[{"id": 3, "file_name": name} for name in "ab"]), "has several images of the id 3"),
        ('{"images": ' + "[" * 100_000, "is nested too deeply"),
        (content(), "holds no image with boxes"),
    ],
)
def test_what_is_wrong_is_named(write, tmp_path, told, message):
    write("train", told)
    with pytest.raises(DataError, match=message):
        open_boxes(tmp_path / "set" / "train" / "_annotations.coco.json")


def test_annotations_of_images_that_are_not_listed_are_left_out(write, tmp_path):
    told = content((18, [2, 3, 4, 5]), (18, [1, 1, 2, 2]))
    told["annotations"][1]["image_id"] = 99
    told["images"] += [{"id": 4, "file_name": "x" * 5000}, {"id": 5, "file_name": "train\\a.png"}]
    write("train", "\ufeff" + json.dumps(told))  # as Windows saves it
    assert holds_boxes(tmp_path / "set")
    boxes = open_boxes(tmp_path / "set")
    assert [len(each) for each in boxes.numbers] == [1, 0]
    file = tmp_path / "set" / "train" / "_annotations.coco.json"
    assert boxes.images.left_out == (
        f"Left out: 1 image that can't be found: {'x' * 100} of {file}.",
        f"Left out: 1 annotation whose image is not listed: {file}, annotation 8, of image 99.",
    )


def test_categories_may_have_other_ids_in_another_file(write, tmp_path):
    write("train", content((18, [2, 3, 4, 5])))
    write(
        "test",
        content(
            (1, [2, 3, 4, 5]), (2, [2, 3, 4, 5]), categories=[{"id": n, "name": "_ad"[n]} for n in (1, 2)]
        ),
    )
    boxes = open_boxes(tmp_path / "set")
    assert boxes.classes == ("a", "zebra", "d", "dog")
    assert [[boxes.classes[n] for n in each] for each in boxes.numbers] == [["a", "d"], ["dog"]]
