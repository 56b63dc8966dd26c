"""Pairs of images and masks: what a mask's values mean, and what is left out and said."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chainrule.data.images import open_masks, read_mask
from chainrule.errors import DataError

MASK = np.array([[0, 1, 2], [2, 1, 255]], np.uint8)


def write_mask(path: Path, values: np.ndarray = MASK, palette: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values)
    if palette:
        image.putpalette([9, 8, 7, 200, 0, 0] * 128)  # two colours, many numbers
    image.save(path)


def test_the_numbers_are_values_of_grey_or_places_in_the_palette(tmp_path):
    for palette in (False, True):
        write_mask(tmp_path / "a.png", palette=palette)
        assert np.array_equal(read_mask(tmp_path / "a.png"), MASK)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("a.png", np.zeros((2, 2, 3), np.uint8), r"is a mask of colours \(RGB\); save it as grey values"),
        ("a.png", np.zeros((2, 2, 2), np.uint8), r"is a mask of colours \(LA\); save it as grey values"),
        ("a.png", np.full((2, 2), 300, np.uint16), "holds values from 300 to 300; give class numbers"),
        ("a.tif", np.full((2, 2), -1, np.int32), "holds values from -1 to -1; give class numbers"),
        (
            "a.tif",
            np.full((2, 2), np.nan, np.float32),
            r"is a mask of fractions \(F\); save it as grey values",
        ),
        ("a.jpg", MASK, "is JPEG, which may change numbers as it is written; save masks as PNG"),
    ],
)
def test_what_holds_no_numbers_of_classes_is_refused(tmp_path, name, values, message):
    write_mask(tmp_path / name, values)
    with pytest.raises(DataError, match=rf"{name} {message}"):
        read_mask(tmp_path / name)


@pytest.mark.parametrize(
    "folders",
    [
        ("images", "masks"),
        ("train/images", "train/labels"),
        ("train", "trainannot"),
    ],
)
def test_layouts(picture, tmp_path, folders):
    for name in ("a", "b"):
        picture(f"{folders[0]}/{name}.jpg", (2, 3))
        write_mask(tmp_path / "set" / folders[1] / f"{name}.png")
    found = open_masks(tmp_path / "set", void=255)
    assert found.numbers == (0, 1, 2)
    assert [Path(path).name for path in found.paths] == ["a.png", "b.png"]
    assert [Path(path).name for path in found.images.paths] == ["a.jpg", "b.jpg"]
    assert set(found.images.parts) == {"train" if "train" in folders[0] else ""}


def test_what_has_no_partner_or_another_size_is_left_out_and_said(picture, tmp_path):
    for name in ("a", "b", "c", "d"):
        picture(f"images/{name}.jpg", (2, 3))
    write_mask(tmp_path / "set/masks/a.png")
    write_mask(tmp_path / "set/masks/b.png", MASK.T.copy())
    (tmp_path / "set/masks/c.png").write_bytes(b"x")
    write_mask(tmp_path / "set/masks/e.png")
    found = open_masks(tmp_path / "set")
    assert len(found.images) == len(found.paths) == 1
    told = "\n".join(found.images.findings)
    assert "1 image without a mask in " in told
    assert "images/d.jpg." in told
    assert "masks/b.png is 3 × 2, and its image 2 × 3 pixels" in told
    assert "masks/c.png is not an image of a known kind" in told
    assert "Left out: 1 mask whose image is missing or can't be used: " in told
    assert "masks/e.png." in told


def test_folders_without_pairs(picture, tmp_path):
    with pytest.raises(DataError, match="set: no such file or folder"):
        open_masks(tmp_path / "set")
    with pytest.raises(DataError, match=r"a\.jpg is no folder; give a folder with images/ and masks/"):
        open_masks(picture("images/a.jpg"))
    with pytest.raises(DataError, match="holds no folders of images and masks"):
        open_masks(tmp_path / "set")
    write_mask(tmp_path / "set/masks/b.png")
    with pytest.raises(
        DataError, match=r"holds no image with a mask that can be used \(left out: 1 image .*a\.jpg"
    ):
        open_masks(tmp_path / "set")


@pytest.mark.parametrize(
    ("values", "numbers", "void"),
    [((0, 255), (0, 255), None), ((0, 1, 255), (0, 1), 255), ((0, 1, 2), (0, 1), 2)],
)
def test_void_is_found(picture, tmp_path, values, numbers, void):
    """Black and white are two classes; 255 beside two others is void, and so is what is called it."""
    picture("images/a.png", (2, len(values)))
    write_mask(tmp_path / "set/masks/a.png", np.array([values, values], np.uint8))
    (tmp_path / "set/classes.txt").write_text("sky\nroad\nvoid\n" if values[-1] == 2 else "sky\nroad\n")
    found = open_masks(tmp_path / "set", void="auto")
    assert (found.numbers, found.void) == (numbers, void)


def test_of_masks_that_are_all_wrong_the_remedy_is_told(picture, tmp_path):
    picture("images/a.png", (2, 3))
    write_mask(tmp_path / "set/masks/a.png", np.zeros((2, 3, 3), np.uint8))
    with pytest.raises(DataError, match=r"a\.png is a mask of colours \(RGB\)\); save it as grey values"):
        open_masks(tmp_path / "set")


def test_what_lies_beside_masks_and_parts_without_pairs_are_said(picture, tmp_path):
    picture("train/images/a.png", (2, 3))
    write_mask(tmp_path / "set/train/masks/a.png")
    write_mask(tmp_path / "set/train/masks/a.bmp")
    (tmp_path / "set/train/masks/notes.txt").touch()
    picture("test/images/b.png", (2, 3))
    told = "\n".join(open_masks(tmp_path / "set").images.left_out)
    assert "1 mask beside another of the same name: " in told
    assert "masks/a.bmp." in told
    assert "1 file of another kind than images: " in told
    assert "1 folder of a part, without images and masks: " in told
    assert "set/test." in told
