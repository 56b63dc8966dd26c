"""Folders of classes: what is used, what is passed over, and that all of it is said."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chainrule.data import Images, open_images
from chainrule.errors import DataError
from chainrule.paths import path_of_text


@pytest.fixture
def animals(picture, tmp_path) -> Path:
    for number in range(3):
        picture(f"cat/{number}.png")
        picture(f"dog/more/{number}.JPG")
    return tmp_path / "set"


def labels_of(images: Images) -> list[str]:
    return [] if images.labels is None else images.labels.tolist()


def said(images, words: str) -> str:
    found = [finding for finding in images.findings if words in finding]
    assert len(found) == 1, images.findings
    return found[0]


def test_a_folder_for_each_class_with_all_below_it(animals):
    images = open_images(animals)
    assert images.classes == ("cat", "dog")
    assert labels_of(images) == ["cat"] * 3 + ["dog"] * 3
    assert [Path(path).name for path in images.paths] == [
        "0.png",
        "1.png",
        "2.png",
        "0.JPG",
        "1.JPG",
        "2.JPG",
    ]
    assert images.sizes.tolist() == [[6, 8]] * 6
    assert images.channels == 3
    assert images.findings == ("6 images of 6 × 8 pixels.",)


def test_folders_of_parts_are_used(picture, tmp_path):
    for part, count in (("Train", 3), ("val", 2), ("test", 1)):
        for label in ("a", "b"):
            for number in range(count):
                picture(f"{part}/{label}/{number}.png")
    picture("test/c/0.png")
    picture("notes/a.png")
    images = open_images(tmp_path / "set")
    assert {part: len(images.rows(part)) for part in ("train", "validation", "test", "")} == {
        "train": 6,
        "validation": 4,
        "test": 2,
        "": 0,
    }
    assert said(images, "Left out: 1 image of classes that train has none of ('c')")
    assert "notes" in said(images, "Left out: 1 folder beside those of the parts")


def test_a_test_folder_without_classes_is_left_out(picture, tmp_path):
    for label in "ab":
        picture(f"train/{label}/0.png")
    picture("test/1.png")
    images = open_images(tmp_path / "set")
    assert len(images) == 2
    assert said(images, "without folders of classes").endswith("/test.")


def test_hidden_files_litter_and_other_files_are_passed_over(animals):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._0.png"):
        (animals / "cat" / name).write_bytes(b"litter")
    (animals / ".git").mkdir()
    (animals / "cat" / "notes.txt").touch()
    (animals / "loose.png").touch()
    images = open_images(animals)
    assert len(images) == 6
    assert "cat/notes.txt" in said(images, "Left out: 1 file of another kind than images")
    assert "loose.png" in said(images, "Left out: 1 file in no class's folder")
    assert len(images.findings) == 3


def test_links_are_followed_unless_they_go_round(animals, tmp_path):
    (animals / "cat" / "loop").symlink_to(animals)
    (animals / "cat" / "itself").symlink_to(animals / "cat" / "itself")
    (animals / "cat" / "nothing.png").symlink_to("gone.png")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    Image.new("RGB", (8, 6)).save(elsewhere / "far.png")
    (animals / "dog" / "far").symlink_to(elsewhere)
    images = open_images(animals)
    assert labels_of(images) == ["cat"] * 3 + ["dog"] * 4
    told = said(images, "back to a folder")
    assert re.search(r"^Left out: 1 link back to a folder around it: \S+/cat/loop\.$", told)
    told = said(images, "can't be read")
    assert re.search(r"^Left out: 2 paths that can't be read: .*cat/itself; .*cat/nothing.png\.$", told)


def test_a_link_to_a_folder_around_what_is_predicted_is_not_followed(animals):
    (animals / "cat" / "up").symlink_to("..")
    images = open_images(animals / "cat", labelled=False)
    assert len(images) == 3
    assert images.left_out == (f"Left out: 1 link back to a folder around it: {animals}/cat/up.",)


def test_pipes_are_not_waited_for(animals, picture):
    for name in ("cat/pipe.png", "x.npy", "train-images-idx3-ubyte"):
        os.mkfifo(animals / name)
    assert len(open_images(animals)) == 6
    for name in ("cat/pipe.png", "x.npy"):
        with pytest.raises(DataError, match=f"{name} is a pipe, a socket or a device"):
            open_images(animals / name, labelled=False)


def test_other_arrays_and_names_like_those_of_idx_files_lie_beside_images(animals, picture):
    np.save(animals / "features.npy", np.zeros(3))
    np.save(animals / "cat" / "features.npy", np.zeros(3))
    picture("cat/idx3.png")
    picture("idx3.png")
    assert len(open_images(animals)) == 7
    assert len(open_images(animals / "cat", labelled=False)) == 4
    assert len(open_images(animals / "idx3.png", labelled=False)) == 1


def test_a_class_that_loses_all_its_images_is_said(animals):
    (animals / "bird").mkdir()
    (animals / "bird" / "0.png").write_bytes(b"x")
    images = open_images(animals)
    assert images.classes == ("cat", "dog")
    assert said(images, "label") == "Left out: 1 label without an image that can be used: bird."


def test_images_that_can_not_be_used_are_left_out_and_named(animals, picture):
    (animals / "cat" / "text.png").write_bytes(b"hello")
    (animals / "cat" / "empty.png").touch()
    picture("cat/dot.png", (1, 1))
    whole = Path(picture("cat/half.jpg", (40, 40)))
    whole.write_bytes(whole.read_bytes()[:-300])
    images = open_images(animals)
    assert len(images) == 6
    told = said(images, "Left out")
    assert told.startswith("Left out: 4 images that can't be used: ")
    assert "cat/dot.png is 1 × 1 pixels" in told
    assert "cat/empty.png is empty (0 bytes)" in told
    assert "cat/half.jpg is truncated" in told
    assert told.endswith("; and 1 more.")


def test_unreadable_files_and_folders_are_left_out(animals, monkeypatch):
    """As for a user without the right to read them, who is not root."""
    opened, scanned = Image.open, os.scandir

    def refusing(real, ending: str):
        def call(path, *rest, **more):
            if str(path).endswith(ending):
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, *rest, **more)

        return call

    (animals / "dog" / "shut").mkdir()
    monkeypatch.setattr(Image, "open", refusing(opened, "cat/1.png"))
    monkeypatch.setattr(os, "scandir", refusing(scanned, "dog/shut"))
    images = open_images(animals)
    assert len(images) == 5
    assert "cat/1.png can't be read: Permission denied" in said(images, "can't be used")
    assert "dog/shut" in said(images, "Left out: 1 path that can't be read")


def test_an_empty_class_is_none_and_is_said(animals):
    (animals / "bird").mkdir()
    images = open_images(animals)
    assert images.classes == ("cat", "dog")
    assert "bird" in said(images, "Left out: 1 folder without images")


def test_sizes_modes_and_suffixes_that_differ_are_said(animals, picture):
    picture("cat/grey.png", (9, 5), mode="L")
    picture("cat/clear.png", (4, 4), mode="RGBA")
    picture("cat/print.tif", mode="CMYK")
    (animals / "cat" / "0.png").rename(animals / "cat" / "0.jpg")
    images = open_images(animals)
    assert images.channels == 3
    assert said(images, "of 3 sizes").startswith(
        "9 images of 3 sizes, from 4 to 9 pixels high and 4 to 8 wide"
    )
    assert said(images, "transparent") == "1 image is transparent: they are put on white."
    assert said(images, "grey") == "1 image is grey, the others coloured: all are read as RGB."
    assert "CMYK" in said(images, "CMYK")
    assert said(images, "another format").endswith("cat/0.jpg is PNG.")


def test_grey_images_have_one_channel(picture, tmp_path):
    for name in ("a/1.png", "a/2.png", "b/1.png", "b/2.png"):
        picture(name, mode="L")
    assert open_images(tmp_path / "set").channels == 1


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "set: no such file or folder"),
        (["1.png", "2.png"], "set holds no folders, only 2 files; give a folder that holds a folder"),
        (["cat/1.png", "cat/2.png"], "set has 1 class only, 'cat'; give images of at least two classes"),
        (
            ["cat/1.png", "dog/1.png", "dog/2.png"],
            "class 'cat' has a single image, .*cat/1.png; give at least 2",
        ),
    ],
)
def test_what_nothing_can_be_learned_from(picture, tmp_path, names, message):
    for name in names:
        picture(name)
    with pytest.raises(DataError, match=message) as caught:
        open_images(tmp_path / "set")
    assert "\n" not in str(caught.value)


def test_folders_without_any_image(tmp_path):
    (tmp_path / "set" / "cat").mkdir(parents=True)
    with pytest.raises(DataError, match="set holds no images that can be read"):
        open_images(tmp_path / "set")
    (tmp_path / "set" / "cat" / "a.png").write_bytes(b"x")
    with pytest.raises(DataError, match=r"holds no images .*/a\.png is not an image .*\); save it as one of"):
        open_images(tmp_path / "set")


def test_names_that_are_not_utf_8_and_letters_with_accents(picture, tmp_path):
    for number in range(2):
        picture(f"train/cafe\u0301/{number}.png")
        picture(f"train/tee/{number}.png")
        picture(f"test/caf\u00e9/{number}.png")
    strange = os.fsdecode(os.fsencode(tmp_path / "set" / "train") + b"/th\xe9")
    (tmp_path / "set" / "train" / "tee").rename(strange)
    images = open_images(tmp_path / "set")
    assert images.classes == ("caf\u00e9", "th\\udce9")
    assert len(images.rows("test")) == 2
    "".join([*images.classes, *map(str, images.names)]).encode("utf-8")
    assert path_of_text(str(images.names[-1])) == images.paths[-1]
    assert len(images.fingerprint()) == 16


def test_to_predict_any_folder_or_a_single_file_will_do(picture, tmp_path):
    path = picture("1.png")
    picture("deep/2.png")
    images = open_images(tmp_path / "set", labelled=False)
    assert (len(images), images.labels, images.classes) == (2, None, ())
    assert open_images(path, labelled=False).paths == (path,)
    with pytest.raises(DataError, match=r"1\.png is a single image; give a folder"):
        open_images(path)
    picture("1.png", (1, 1))
    with pytest.raises(DataError, match=r"1\.png is 1 × 1 pixels; give images of at least 2 × 2 pixels"):
        open_images(path, labelled=False)
    Path(path).write_bytes(b"x")
    with pytest.raises(DataError, match=r"1\.png is not an image"):
        open_images(path, labelled=False)


def test_the_fingerprint_is_of_names_sizes_and_contents_and_not_of_times(animals, tmp_path):
    import shutil

    first = open_images(animals).fingerprint()
    copy = tmp_path / "copy" / "set"
    shutil.copytree(animals, copy)
    os.utime(copy / "cat" / "0.png", (1, 1))
    assert open_images(copy).fingerprint() == first
    (copy / "cat" / "0.png").rename(copy / "cat" / "9.png")
    assert open_images(copy).fingerprint() != first
    Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(animals / "dog" / "more" / "1.JPG")
    assert open_images(animals).fingerprint() != first
