"""Boxes at the command line: each layout trains, a killed run goes on, pictures are drawn, faults named."""

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from tests.cli.test_going_on import DYING, names

SETTINGS = ("-s", "network=small", "-s", "epochs=4")


def squares(folder: Path, count: int = 12) -> list[tuple[str, list[int]]]:
    """Images of 32 × 48 pixels, each with a bright square: (file, left, top, width, height)."""
    random = np.random.default_rng(0)
    folder.mkdir(parents=True)
    made = []
    for number in range(count):
        pixels = random.integers(0, 60, (32, 48))
        top, left = random.integers(0, (20, 36)).tolist()
        pixels[top : top + 12, left : left + 12] += 150
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number:02}.png")
        made.append((f"{number:02}.png", [left, top, 12, 12]))
    return made


def coco(here: Path) -> str:
    """A single file beside its images."""
    made = squares(here / "made" / "images")
    content = {
        "images": [{"id": 5 + row, "file_name": file} for row, (file, _) in enumerate(made)],
        "annotations": [
            {"id": row, "image_id": 5 + row, "category_id": 3, "bbox": box, "iscrowd": 0}
            for row, (_, box) in enumerate(made)
        ],
        "categories": [{"id": 3, "name": "square"}],
    }
    (here / "made" / "all.json").write_text(json.dumps(content))
    return "made/all.json"


def voc(here: Path) -> str:
    """A folder whose layout says what it is."""
    (here / "made" / "Annotations").mkdir(parents=True)
    for file, (left, top, width, height) in squares(here / "made" / "JPEGImages"):
        edges = {"xmin": left + 1, "ymin": top + 1, "xmax": left + width, "ymax": top + height}
        box = "".join(f"<{edge}>{place}</{edge}>" for edge, place in edges.items())
        (here / "made" / "Annotations" / file).with_suffix(".xml").write_text(
            f"<annotation><object><name>square</name><bndbox>{box}</bndbox></object></annotation>"
        )
    return "made"


def test_a_file_of_coco_needs_the_task_and_both_layouts_train_to_the_same_weights(
    here, chainrule, assert_same_weights
):
    (here / "a").mkdir()
    (here / "b").mkdir()
    file, folder = f"a/{coco(here / 'a')}", f"b/{voc(here / 'b')}"
    assert chainrule("train", file, *SETTINGS, "--task", "detect", "--out", "of-coco").code == 0
    assert chainrule("train", folder, *SETTINGS, "--out", "of-voc").code == 0
    assert_same_weights(here / "of-coco", here / "of-voc")
    (here / "a" / "made" / "other.json").write_text('{"images": [')
    assert chainrule("train", "--config", "of-coco/config.toml", "--out", "again").code == 0
    assert_same_weights(here / "of-coco", here / "again")


def test_a_killed_run_goes_on_to_the_same_weights(here, chainrule, started, assert_same_weights):
    source = voc(here)
    process = started("train", source, *SETTINGS, "--out", "it", program=DYING)
    assert process.wait(60) == -signal.SIGKILL
    assert names(here) == {source, "it.checkpoint"}
    assert chainrule("train", "--out", "it", "--resume").code == 0
    assert chainrule("train", source, *SETTINGS, "--out", "unbroken").code == 0
    assert_same_weights(here / "it", here / "unbroken")


def test_pictures_are_drawn_and_results_are_what_coco_reads(here, chainrule):
    source = coco(here)
    assert (
        chainrule("train", source, *SETTINGS, "--task", "detect", "-s", "threshold=0.0", "--out", "it").code
        == 0
    )
    said = chainrule("predict", "it", "made/images", "--draw", "drawn", "--json")
    assert said.code == 0
    assert "12 pictures drawn into drawn" in said.err
    assert names(here / "drawn") == {*(f"{number:02}.png" for number in range(12)), "results.json"}
    rows = json.loads(said.out)["predictions"]
    results = json.loads((here / "drawn" / "results.json").read_text())
    assert [each["score"] for each in results] == pytest.approx([each["score"] for each in rows], abs=1e-5)
    # As pycocotools takes them, for images and categories that count from 1.
    truth: Any = COCO()
    truth.dataset = {
        "info": {},
        "images": [{"id": 1 + row} for row in range(12)],
        "categories": [{"id": 1, "name": "square"}],
        "annotations": [],
    }
    truth.createIndex()
    assert len(truth.loadRes(results).anns) == len(rows) > 0
    one = chainrule("predict", "it", "made/images/03.png", "--draw", "one")
    assert "1 picture drawn into one" in one.err
    assert names(here / "one") == {"03.png", "results.json"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("train", "nothing", "--task", "detect"), "nothing: no such file or folder"),
        (("train", "empty", "--task", "detect"), "empty holds no boxes; give JPEGImages/"),
        (("train", "broken.json", "--task", "detect"), "broken.json is no JSON of boxes"),
        (("train", "voc", "--task", "detect"), "voc/JPEGImages holds no images"),
        (("train", "one"), "one has no image with boxes to hold out"),
        (("train", "one", "-s", "stride=3"), "stride is 3"),
        (("predict", "table", "t.csv", "--draw", "drawn"), "a run of the task table has nothing to draw"),
    ],
)
def test_what_is_wrong_ends_in_one_line(here, chainrule, given, told):
    for folder in ("empty", "voc/JPEGImages", "voc/Annotations"):
        (here / folder).mkdir(parents=True)
    (here / "broken.json").write_text('{"images": [')
    squares(here / "one" / "images", count=1)
    (here / "one" / "labels").mkdir()
    (here / "one" / "labels" / "00.txt").write_text("0 .5 .5 .2 .2\n")
    if "table" in given:
        (here / "t.csv").write_text("a,b\n" + "".join(f"{n},{n % 7}\n" for n in range(40)))
        trained = chainrule("train", "t.csv", "-t", "b", "-s", "epochs=1", "-s", "layers=4", "--out", "table")
        assert trained.code == 0
    said = chainrule(*given)
    lines = [line for line in said.err.splitlines() if " is taken for " not in line]
    assert (said.code, len(lines)) == (2, 1), said.err
    assert told in lines[0]


def test_a_folder_to_draw_into_that_is_a_file_is_named(here, chainrule):
    source = voc(here)
    assert chainrule("train", source, "-s", "network=small", "-s", "epochs=1", "--out", "it").code == 0
    (here / "taken").write_text("")
    said = chainrule("predict", "it", "made/JPEGImages", "--draw", "taken")
    assert (said.code, said.err.count("\n")) == (2, 1), said.err
    assert "taken" in said.err
    assert said.out == ""
