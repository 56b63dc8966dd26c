"""Images with their masks as examples: moved alike, filled up with void, the same decoded ahead or kept."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chainrule.data.images import mask_source, open_masks
from chainrule.data.images.mask_source import VOID, on_canvas, read_pair, scaled_mask, scaled_size
from chainrule.errors import DataError


@pytest.fixture
def masks(tmp_path: Path):
    """Five pairs of two sizes; a mask holds 10 where its image is dark, 20 where bright, 30 for void."""
    random = np.random.default_rng(0)
    for number in range(5):
        size = (6, 8) if number % 2 else (4, 8)
        bright = random.integers(0, 2, size).astype(bool)
        mask = np.where(bright, 20, 10).astype(np.uint8)
        mask[0, 0] = 30
        for name, values in (("images", np.where(bright, 250, 5).astype(np.uint8)), ("masks", mask)):
            (tmp_path / name).mkdir(exist_ok=True)
            Image.fromarray(values).save(tmp_path / name / f"{number}.png")
    return open_masks(tmp_path, void=30)


def test_a_mask_stays_with_its_image(masks):
    source = mask_source(masks, (6, 10), 1, longest=64)
    x, y = source.arrays["x"][..., 0], source.arrays["y"]  # type: ignore[attr-defined] (few are kept)
    assert x.shape == y.shape == (5, 6, 10)
    assert set(np.unique(y)) == {0, 1, VOID}
    known = y != VOID
    assert ((x > 100) == (y == 1))[known].all()
    assert known.sum((1, 2)).tolist() == [31, 47, 31, 47, 31]


def test_many_are_decoded_in_each_epoch_and_are_the_same(masks):
    kept = mask_source(masks, (6, 8), 3, longest=64)
    anew = mask_source(masks, (6, 8), 3, longest=64, memory_bytes=0)
    assert anew.fields == kept.fields
    for seed in (None, 3):
        seen = [
            np.concatenate([chunk.arrays[name][chunk.order] for chunk in anew.chunks(seed, 0)])
            for name in ("x", "y")
        ]
        order = np.lexsort(seen[0].reshape(5, -1).T)
        same = np.lexsort(kept.arrays["x"].reshape(5, -1).T)  # type: ignore[attr-defined]
        for name, values in zip(("x", "y"), seen, strict=True):
            assert np.array_equal(values[order], kept.arrays[name][same])  # type: ignore[attr-defined]


def test_larger_ones_are_scaled_down_each_pixel_the_nearest():
    assert scaled_size([100, 50], 20) == (20, 10)
    assert scaled_size([10, 5], 20) == (10, 5)
    mask = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]], np.uint8)
    assert scaled_mask(mask, (2, 2)).tolist() == [[0, 1], [2, 3]]
    assert np.array_equal(scaled_mask(scaled_mask(mask, (2, 2)), (4, 4)), mask)


def test_of_a_larger_image_the_middle_is_taken():
    x, y = np.arange(30, dtype=np.uint8).reshape(5, 6, 1), np.arange(30, dtype=np.uint8).reshape(5, 6)
    cut_x, cut_y = on_canvas(x, y, (3, 2))
    assert np.array_equal(cut_x[..., 0], y[1:4, 2:4])
    assert np.array_equal(cut_y, y[1:4, 2:4])


def test_a_mask_that_changed_since_is_named(masks):
    Image.fromarray(np.full((4, 8), 77, np.uint8)).save(masks.paths[0])
    with pytest.raises(DataError, match=r"masks/0\.png holds the number 77, which is no class"):
        read_pair(masks, 0, 1, 64)
