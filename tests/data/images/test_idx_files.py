"""IDX files, plain and gzipped, alone and in a folder."""

import gzip

import numpy as np
import pytest

from chainrule.data import open_images
from chainrule.errors import DataError


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


@pytest.fixture
def folder(tmp_path, draw):
    for number, part in enumerate(("train", "t10k")):
        pixels = draw.integers(0, 256, (4 - number, 5, 6)).astype(np.uint8)
        labels = np.array([1, 0, 1, 0], np.uint8)[: 4 - number]
        pack = gzip.compress if part == "t10k" else bytes
        suffix = ".gz" if part == "t10k" else ""
        (tmp_path / f"{part}-images-idx3-ubyte{suffix}").write_bytes(pack(idx(pixels)))
        (tmp_path / f"{part}-labels-idx1-ubyte{suffix}").write_bytes(pack(idx(labels)))
    return tmp_path


def test_four_files_in_a_folder(folder):
    images = open_images(folder)
    assert (len(images.rows("train")), len(images.rows("test"))) == (4, 3)
    assert images.class_numbers()[images.rows("test")].tolist() == [1, 0, 1]
    assert images.sizes[0].tolist() == [5, 6]


def test_one_file_has_its_labels_beside_it(folder):
    images = open_images(folder / "train-images-idx3-ubyte")
    assert (len(images), len(images.rows(""))) == (4, 4)
    (folder / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="no labels beside it: train-labels-idx1-ubyte is missing"):
        open_images(folder / "train-images-idx3-ubyte")
    assert open_images(folder / "train-images-idx3-ubyte", labelled=False).labels is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not an IDX file"),
        (b"\x1f\x8bxx", "is compressed by gzip and damaged"),
        (bytes([0, 0, 13, 3]) + bytes(12), "holds values of the type 0x0d"),
        (bytes([0, 0, 8, 3]) + bytes(4), "is not an IDX file"),
        (idx(np.zeros((2, 3, 3), np.uint8))[:-1], r"has 17 values, and its header says 18 \(2, 3, 3\)"),
    ],
)
def test_what_is_no_idx_file_is_named(folder, content, message):
    (folder / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(DataError, match=f"train-images-idx3-ubyte {message}"):
        open_images(folder)
