"""Bad images at the command line, the same for every task on them: named in a line, left out or refused.

What each layout of masks and boxes can have wrong is in tests/data/images.
"""

import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

SIZE = (24, 32)
QUICK: dict[str, list[str]] = {
    "image": ["-s", "network=small", "-s", "epochs=1"],
    "faces": ["--task", "faces", "-s", "members=1", "-s", "features=8", "-s", "epochs=1"],
    "segment": ["-s", "network=small", "-s", "epochs=1"],
    "detect": ["-s", "network=small", "-s", "epochs=1", "-s", "threshold=0.0"],
}
"""Task -> what makes its training short."""
IMAGES = {"image": "made/a", "faces": "made/p0", "segment": "made/images", "detect": "made/JPEGImages"}
"""Task -> a folder of images in what is trained on."""

random = np.random.default_rng(0)


def picture(path: Path, size: tuple[int, ...] = SIZE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(random.integers(0, 255, size).astype(np.uint8)).save(path)


def classes(folder: Path) -> None:
    for number in range(16):
        picture(folder / "ab"[number % 2] / f"{number}.png")


def people(folder: Path) -> None:
    for number in range(18):
        picture(folder / f"p{number % 6}" / f"{number}.png")


def masks(folder: Path) -> None:
    for number in range(10):
        picture(folder / "images" / f"{number}.png")
        (folder / "masks").mkdir(exist_ok=True)
        Image.fromarray(np.eye(*SIZE, number).astype(np.uint8)).save(folder / "masks" / f"{number}.png")


def boxes(folder: Path) -> None:
    box = "<bndbox><xmin>3</xmin><ymin>2</ymin><xmax>20</xmax><ymax>16</ymax></bndbox>"
    for number in range(10):
        picture(folder / "JPEGImages" / f"{number}.png")
        (folder / "Annotations").mkdir(exist_ok=True)
        content = f"<annotation><object><name>thing</name>{box}</object></annotation>"
        (folder / "Annotations" / f"{number}.xml").write_text(content)


MADE: dict[str, Callable[[Path], None]] = {
    "image": classes,
    "faces": people,
    "segment": masks,
    "detect": boxes,
}


def bomb() -> bytes:
    """A PNG file of 60,000 × 60,000 pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + zlib.crc32(kind + content).to_bytes(4)

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b""))


def write_bad(folder: Path) -> None:
    """Files that can't be used, into a folder with images."""
    folder.mkdir(parents=True, exist_ok=True)
    picture(folder / "bad-truncated.png")
    whole = (folder / "bad-truncated.png").read_bytes()
    (folder / "bad-truncated.png").write_bytes(whole[: len(whole) // 2])
    (folder / "bad-text.png").write_bytes(b"hello")
    (folder / "bad-empty.png").touch()
    (folder / "bad-bomb.png").write_bytes(bomb())
    picture(folder / "bad-dot.png", (1, 1))


BAD = {
    "bad-bomb.png": "decompression bomb; scale it down",
    "bad-dot.png": "is 1 × 1 pixels; give images of at least 2 × 2 pixels",
    "bad-empty.png": "is empty (0 bytes); copy or download it again",
    "bad-text.png": "is not an image of a known kind, or its beginning is damaged; save it as one of",
    "bad-truncated.png": "is truncated: its end is missing; copy or download it again",
    "pipe.png": "is a pipe, a socket or a device, and no file; copy what it gives",
    "folder.png": "holds no images that can be read; give files of",
    "nothing.png": "no such file or folder; check the path",
}
"""Single files, and what is said of each where nothing else is to be predicted."""


def write_litter(folder: Path) -> None:
    """What lies beside images: links that lead nowhere and round, a pipe, a text, and files of systems."""
    (folder / "round").symlink_to("..")
    (folder / "gone.png").symlink_to("nowhere.png")
    os.mkfifo(folder / "pipe.png")
    for name in ("notes.txt", "Thumbs.db", ".DS_Store", "._0.png"):
        (folder / name).write_bytes(b"x")
    picture(folder / "__MACOSX" / "0.png")


def write_odd(folder: Path) -> int:
    """Images that are unlike others and can be used; how many."""
    for name in ("with space.png", "UPPER.PNG", "é中.png", "café.png"):
        picture(folder / name)
    (folder / "café.png").rename(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.png"))
    picture(folder / "colour.png", (*SIZE, 3))
    picture(folder / "tiny.png", (2, 2))
    picture(folder / "wide.png", (2, 300))
    return 7


def said_of_bad_and_litter(folder: str) -> list[str]:
    """The sentences on both."""
    known = ("bad-bomb.png has more than 100,000,000 pixels, which may be a", "bad-dot.png is 1 × 1 pixels;")
    return [
        f"Left out: 5 images that can't be used: {folder}/{known[0]} decompression bomb; {folder}/{known[1]} "
        f"{folder}/bad-empty.png is empty (0 bytes); and 2 more.",
        f"Left out: 1 link back to a folder around it: {folder}/round.",
        f"Left out: 1 path that can't be read: {folder}/gone.png.",
        f"Left out: 2 files of another kind than images: {folder}/notes.txt; {folder}/pipe.png.",
    ]


def left_out(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith("Left out")]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, chainrule: Callable[..., Any]) -> dict[str, Path]:
    """A run of each task on grey images."""
    folder, found = tmp_path_factory.mktemp("runs"), {}
    for task, make in MADE.items():
        make(folder / task)
        found[task] = folder / f"{task}-run"
        finished = chainrule("train", folder / task, *QUICK[task], "--out", found[task])
        assert finished.code == 0, finished.err
    return found


@pytest.fixture
def refused(here: Path, chainrule: Callable[..., Any]) -> Callable[..., str]:
    """Runs a command that must refuse in one line and write nothing; returns the line."""

    def run(*arguments: object) -> str:
        before = sorted(here.rglob("*"))
        finished = chainrule(*arguments)
        lines = [line for line in finished.err.splitlines() if " is taken for " not in line]
        assert (finished.code, finished.out, len(lines)) == (2, "", 1), finished
        assert sorted(here.rglob("*")) == before
        return lines[0].removeprefix("chainrule: ")

    return run


@pytest.mark.parametrize("task", MADE)
def test_training_goes_on_without_what_can_not_be_used(task, here, chainrule):
    MADE[task](here / "made")
    folder = Path(IMAGES[task])
    write_bad(folder)
    write_litter(folder)
    odd = write_odd(folder)
    finished = chainrule("train", "made", *QUICK[task], "--out", "it")
    assert finished.code == 0, finished.err
    assert (here / "it" / "weights.safetensors").is_file()
    assert left_out(finished.err)[:4] == said_of_bad_and_litter(str(folder))
    lacking = {"segment": "without a mask in made/masks", "detect": "without an annotation"}
    rest = left_out(finished.err)[4:]
    assert len(rest) == (task in lacking)
    assert all(line.startswith(f"Left out: {odd} images {lacking[task]}: {folder}/") for line in rest)


@pytest.mark.parametrize("task", MADE)
def test_all_that_can_be_read_is_predicted_and_the_rest_is_said(task, runs, here, chainrule):
    picture(here / "new" / "0.png")
    count = 1 + write_odd(here / "new")
    write_bad(here / "new")
    write_litter(here / "new")
    drawing = ("--draw", "drawn") if task in ("segment", "detect") else ()
    finished = chainrule("predict", runs[task], "new", "--json", *drawing)
    assert finished.code == 0, finished.err
    assert left_out(finished.err) == said_of_bad_and_litter("new")
    rows = json.loads(finished.out)["predictions"]
    predicted = {row["image"] for row in rows}
    assert len(predicted) == count
    assert "new/caf\\udce9.png" in predicted
    if drawing:
        assert finished.err.splitlines()[-1] == f"{count} pictures drawn into drawn"
        assert sum(path.suffix == ".png" for path in (here / "drawn").iterdir()) == count
    for out in ("it.csv", "it.parquet"):
        assert chainrule("predict", runs[task], "new", "--out", out).code == 0
        assert (here / out).stat().st_size


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("task", MADE)
def test_a_single_image_that_can_not_be_predicted_is_refused(task, name, runs, here, refused):
    write_bad(here / "new")
    os.mkfifo(here / "new" / "pipe.png")
    (here / "new" / "folder.png").mkdir()
    told = refused("predict", runs[task], f"new/{name}")
    assert told.startswith(f"new/{name}")
    assert BAD[name] in told


@pytest.mark.parametrize("command", ["train", "tune"])
@pytest.mark.parametrize("task", MADE)
def test_what_can_not_be_trained_on_is_refused(command, task, here, refused):
    given = [*QUICK[task], "--task", task, "--out", "it"]
    (here / "empty").mkdir()
    os.mkfifo(here / "pipe")
    picture(here / "one.png")
    assert refused(command, "nothing", *given).startswith("nothing: no such file or folder; check the path")
    assert refused(command, "pipe", *given).startswith("pipe is a pipe, a socket or a device, and no file")
    assert refused(command, "empty", *given).startswith("empty holds no ")
    assert refused(command, "one.png", *given).startswith("one.png ")
    MADE[task](here / "made")
    for path in (here / "made").rglob("*.png"):
        path.write_bytes(b"hello")
    told = refused(command, "made", *given)
    assert told.startswith("made")
    assert " holds no images that can be read (left out: " in told
    assert "png is not an image of a known kind, or its beginning is damaged; and " in told
    assert "); save it as one of JPEG, PNG" in told


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ("image", "made/0.png"),
        ("segment", "made has a single image to train on; give at least 2"),
        ("detect", "made has no image with boxes to hold out; give more images with boxes"),
    ],
)
def test_a_single_image_is_too_few_to_train_on(task, told, here, refused):
    MADE[task](here / "made")
    for path in sorted((here / IMAGES[task]).iterdir())[1:]:
        path.unlink()
    told = "class 'a' has a single image, made/a/0.png; give at least 2" if task == "image" else told
    assert refused("train", "made", *QUICK[task], "--out", "it").startswith(told)


def test_of_a_name_that_is_mistyped_the_right_one_is_said(runs, refused):
    told = "minst: no such file or folder (did you mean 'mnist'?); check the path"
    assert refused("train", "minst", "--task", "image") == told
    assert refused("predict", runs["faces"], "minst") == told


def test_a_folder_that_several_tasks_take_is_taken_for_one_that_is_named(here, chainrule):
    for task in ("detect", "segment"):
        (here / task).mkdir()
        MADE[task](here / task)
        classes(here / task)
        finished = chainrule("train", task, *QUICK[task], "--out", f"{task}-run")
        assert finished.code == 0, finished.err
        first = finished.err.splitlines()[0]
        assert first.startswith(f"{task} is taken for --task {task}, to ")
        assert first.endswith("--task image would take it, too")
    classes(here / "image")
    assert " is taken for " not in chainrule("train", "image", *QUICK["image"]).err


def test_faces_are_enrolled_and_identified_without_what_can_not_be_used(runs, here, chainrule, refused):
    run = runs["faces"]
    for verb in ("enroll", "identify"):
        told = refused("faces", verb, runs["image"], "nothing")
        assert told.startswith(f"{runs['image']} is a folder of the kind 'image', not 'faces'; give")
    write_bad(here / "people" / "ann")
    told = refused("faces", "enroll", run, "people")
    assert told.startswith("people holds no images that can be read (left out: 5 images that can't be used:")
    assert refused("faces", "enroll", run, "nothing").startswith("nothing: no such file")
    assert not (run / "gallery.safetensors").exists()
    picture(here / "people" / "bob" / "0.png")
    (here / "people" / "cem").mkdir()
    write_litter(here / "people" / "ann")
    finished = chainrule("faces", "enroll", run, "people")
    assert (finished.code, finished.out.splitlines()[1:]) == (0, ["bob,1,added"])
    assert left_out(finished.err) == [
        *said_of_bad_and_litter("people/ann"),
        "Left out: 1 folder without images: people/cem.",
        "Left out: 1 label without an image that can be used: ann.",
    ]
    write_odd(here / "people" / "bob")
    finished = chainrule("faces", "identify", run, "people", "--false-accepts", "0.5")
    assert (finished.code, finished.out.count("\n")) == (0, 9)
    assert left_out(finished.err) == said_of_bad_and_litter("people/ann")
    accepted = ("--false-accepts", "0.5")
    for name in ("bad-text.png", "pipe.png", "nothing.png"):
        path = f"people/ann/{name}"
        assert refused("faces", "identify", run, path, *accepted).startswith(path)
    (run / "gallery.safetensors").unlink()


@pytest.mark.parametrize("task", ["segment", "detect"])
def test_nothing_is_drawn_over_the_images_themselves(task, runs, here, refused):
    picture(here / "new" / "0.png")
    picture(here / "new" / "1.png")
    before = {path: path.read_bytes() for path in (here / "new").iterdir()}
    told = refused("predict", runs[task], "new", "--draw", here / "new")
    assert (
        told == f"{here}/new/0.png is one of the images, and would be written over; draw into another folder"
    )
    assert {path: path.read_bytes() for path in (here / "new").iterdir()} == before


@pytest.mark.parametrize("task", ["segment", "detect"])
def test_pictures_of_images_of_one_name_are_all_drawn(task, runs, here, chainrule):
    """Listed in a table, their folders are not known."""
    names = ["a/0.png", "b/0.png", "b/0.bmp", "b/1.png"]
    for name in names:
        picture(here / name)
    (here / "list.csv").write_text("\n".join(["file", *names]))
    assert chainrule("predict", runs[task], "list.csv", "--draw", "drawn").code == 0
    drawn = {path.name for path in (here / "drawn").glob("*.png")}
    assert drawn == {"0.png-0.png", "0.png-1.png", "0.bmp.png", "1.png"}


@pytest.mark.parametrize("task", MADE)
def test_a_run_on_a_folder_whose_name_is_not_utf_8_is_repeated(task, here, chainrule, assert_same_weights):
    folder = os.fsdecode(b"caf\xe9")
    MADE[task](here / folder)
    assert chainrule("train", folder, *QUICK[task], "--out", "first").code == 0
    repeated = chainrule("train", "--config", "first/config.toml", "--out", "second")
    assert repeated.code == 0, repeated.err
    assert_same_weights(here / "first", here / "second")


def test_what_pillow_warns_of_and_line_breaks_in_names_make_no_lines(runs, here, chainrule):
    picture(here / "new" / "a.jpg")
    with Image.open(here / "new" / "a.jpg") as image:
        image.save(here / "new" / "a.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\x05\0\x12\x01")
    (here / "new" / "b\nc.png").write_bytes(b"x")
    for task, run in runs.items():
        drawing = ("--draw", f"{task}-drawn") if task in ("segment", "detect") else ()
        finished = chainrule("predict", run, "new", *drawing)
        assert finished.code == 0
        lines = finished.err.splitlines()
        assert lines[0].startswith("Left out: 1 image that can't be used: new/b c.png is not an image")
        assert len(lines) == 1 + bool(drawing)
