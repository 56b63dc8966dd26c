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
    ("values", "message"),
    [
        (np.zeros((2, 2, 3), np.uint8), r"a\.png is a mask of colours \(RGB\); save it as grey values"),
        (np.full((2, 2), 300, np.uint16), r"a\.png holds values up to 300"),
    ],
)
def test_what_holds_no_numbers_of_classes_is_refused(tmp_path, values, message):
    write_mask(tmp_path / "a.png", values)
    with pytest.raises(DataError, match=message):
        read_mask(tmp_path / "a.png")


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
    assert "masks/c.png can't be read as a mask" in told
    assert "Left out: 1 mask without an image: 'e'." in told


def test_folders_without_pairs(picture, tmp_path):
    with pytest.raises(DataError, match="set is no folder"):
        open_masks(tmp_path / "set")
    picture("images/a.jpg")
    with pytest.raises(DataError, match="holds no folders of images and masks"):
        open_masks(tmp_path / "set")
    write_mask(tmp_path / "set/masks/b.png")
    with pytest.raises(DataError, match=r"holds no image that has a mask; .*a\.jpg"):
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
