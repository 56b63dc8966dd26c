"""Images in arrays, .npy and .npz files: shapes, names and labels as people write them."""

import numpy as np
import pytest

from chainrule.data import open_images
from chainrule.errors import DataError

X = np.arange(4 * 3 * 5, dtype=np.uint8).reshape(4, 3, 5)
Y = [10, 9, 10, 9]


def test_arrays_with_labels():
    images = open_images((X, Y))
    assert images.classes == ("9", "10")
    assert images.class_numbers().tolist() == [1, 0, 1, 0]
    assert images.class_numbers(("10", "9", "8")).tolist() == [0, 1, 0, 1]
    assert images.sizes.tolist() == [[3, 5]] * 4
    assert (images.channels, len(images), images.source) == (1, 4, "the arrays")
    with pytest.raises(DataError, match="image 1 of the arrays has the unknown label '9'"):
        images.class_numbers(("10",))


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (("x", "y"), [""]),
        (("x_train", "y_train", "x_test", "y_test"), ["train", "test"]),
        (("train_images", "train_labels", "val_images", "val_labels"), ["train", "validation"]),
    ],
)
def test_npz_files_and_folders_by_the_usual_names(tmp_path, names, parts):
    arrays = {name: X if name.strip("_") in names[::2] else np.array(Y) for name in names}
    np.savez(tmp_path / "set.npz", **arrays)  # type: ignore[arg-type]
    images = open_images(tmp_path / "set.npz")
    assert list(dict.fromkeys(images.parts.tolist())) == parts
    for part in ("train", "validation", "test", ""):
        assert len(images.rows(part)) == (4 if part in parts else 0)
    (tmp_path / "folder").mkdir()
    for name, array in arrays.items():
        np.save(tmp_path / "folder" / f"{name}.npy", array)
    assert np.array_equal(open_images(tmp_path / "folder").class_numbers(), images.class_numbers())
    assert open_images(tmp_path / "folder").pixels is not None


def test_channels_in_front_are_moved_and_alpha_lies_on_white():
    colours = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)
    images = open_images(colours, labelled=False)
    assert images.pixels is not None
    assert np.array_equal(images.pixels, colours.transpose(0, 2, 3, 1))
    assert "moved behind the width" in images.findings[1]
    clear = np.zeros((1, 2, 2, 4), np.uint8)
    clear[0, 0, 0, 3] = 255
    found = open_images(clear, labelled=False).pixels
    assert found is not None
    assert found[0, :, :, 0].tolist() == [[0, 255], [255, 255]]


def test_a_npy_file_is_to_predict(tmp_path):
    np.save(tmp_path / "x.npy", X)
    assert len(open_images(tmp_path / "x.npy", labelled=False)) == 4
    with pytest.raises(DataError, match=r"x\.npy has no labels; give labels beside the images"):
        open_images(tmp_path / "x.npy")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ((X / 255, Y), r"the arrays holds images of dtype float64; uint8 from 0 to 255 .*; convert them"),
        ((X[0], Y), r"an array of shape \(3, 5\); \(images, height, width\)"),
        ((X[:0], Y[:0]), r"an array of shape \(0, 3, 5, 1\)"),
        ((np.zeros((4, 5, 5, 7), np.uint8), Y), "images of 7 channels"),
        ((X, Y[:3]), r"4 images, and labels of shape \(3,\); give one label for each"),
        ((X, [0.5] * 4), "labels of dtype float64"),
        ((X, [1] * 4), "1 class only, '1'"),
        ((X, [1, 2, 2, 2]), "class '1' has a single image, image 0 of the arrays"),
        ({"x": X, "z": Y}, "an array called 'z', which is not known"),
        ({"y": Y}, "labels and no images"),
        ({}, "no arrays"),
        ({"x_train": X, "y_train": Y, "x_test": X}, "labels of some parts only"),
        ({"x_train": X, "y_train": Y, "x_test": X[:, :2], "y_test": Y}, "different shapes in its parts"),
        ({"x": X, "y": Y, "x_train": X, "y_train": Y}, "images of 'train', and of no part"),
    ],
)
def test_mistakes(source, message):
    with pytest.raises(DataError, match=message) as caught:
        open_images(source)
    assert "\n" not in str(caught.value)


def test_damaged_files_are_named(tmp_path):
    for name in ("a.npz", "a.npy"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 no")
        with pytest.raises(DataError, match=rf"{name} can't be read as NumPy's"):
            open_images(tmp_path / name)
