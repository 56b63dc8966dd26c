"""From maps to boxes, by examples worked by hand."""

import numpy as np
import pytest

from chainrule.tasks.detect import found as module
from chainrule.tasks.detect.found import averaged_maps, overlaps, suppressed


def test_overlap_is_the_shared_area_by_that_of_both():
    first = np.array([[0.0, 0, 4, 4], [10, 10, 12, 12]])
    second = np.array([[2.0, 0, 6, 4], [0, 0, 4, 4], [4, 4, 5, 5], [0, 0, 0, 0]])
    np.testing.assert_allclose(overlaps(first, second), [[8 / 24, 1, 0, 0], [0, 0, 0, 0]])


def map_of(*objects):
    """(1, places, classes + 4) of places with (probabilities, box)."""
    return np.array([[[*scores, *box] for scores, box in objects]], np.float64)


def test_of_boxes_of_a_class_that_overlap_the_likeliest_is_kept():
    said = map_of(
        ((0.6, 0.0), (0, 0, 10, 10)),
        ((0.9, 0.0), (1, 0, 11, 10)),  # overlaps the first by 9/11
        ((0.5, 0.8), (1, 0, 11, 10)),  # its first class is that of the second, its other one is alone
        ((0.3, 0.0), (5, 0, 15, 10)),  # overlaps the second by 6/14
        ((0.009, 0.0), (50, 50, 60, 60)),  # too unlikely
    )
    found = suppressed(said, 0.45)
    assert found.scores.tolist() == [0.9, 0.8, 0.3]
    assert found.numbers.tolist() == [0, 1, 0]
    assert found.boxes.tolist() == [[1, 0, 11, 10], [1, 0, 11, 10], [5, 0, 15, 10]]
    assert suppressed(said, 0.4).scores.tolist() == [0.9, 0.8]
    assert suppressed(said, 1.0).scores.tolist() == [0.9, 0.8, 0.6, 0.5, 0.3]
    assert found.likely(0.8).scores.tolist() == [0.9, 0.8]


def test_one_that_is_gone_takes_no_other_with_it():
    """b overlaps a and c, a does not overlap c: c stays."""
    said = map_of(((0.9,), (0, 0, 10, 10)), ((0.8,), (4, 0, 14, 10)), ((0.7,), (9, 0, 19, 10)))
    assert suppressed(said, 0.3).scores.tolist() == [0.9, 0.7]


def test_nothing_is_found_in_an_empty_map():
    assert len(suppressed(map_of(((0.0, 0.0), (0, 0, 1, 1))), 0.5).scores) == 0


@pytest.mark.parametrize("views", ["one", "mirrored", "all"])
def test_views_are_mirrored_back(views, monkeypatch):
    """A network that sees brightness, and a box whose edges are shares of the picture's brightest pixel."""
    height, width = 4, 6

    def said(run, pixels, *, raw):
        assert not raw
        x = pixels[..., 0].astype(np.float64)
        rows, columns = np.indices(x.shape[1:])
        box = np.stack([columns + 0.1, rows + 0.2, columns + 0.7, rows + 0.9], -1)
        return np.concatenate([x[..., None], np.broadcast_to(box, (len(x), *box.shape))], -1)

    monkeypatch.setattr(module, "outputs_of", said)
    pixels = np.random.default_rng(0).integers(0, 9, (2, height, width, 1)).astype(np.uint8)
    found = averaged_maps(None, pixels, views)  # type: ignore[arg-type] (the network is above)
    np.testing.assert_allclose(found[..., 0], pixels[..., 0])
    # Mirrored, the box lies from 1 - 0.7 to 1 - 0.1 in its pixel; the mean of both is 0.2 to 0.8.
    across = [0.1, 0.7] if views == "one" else [0.2, 0.8]
    down = [0.15, 0.85] if views == "all" else [0.2, 0.9]
    rows, columns = np.indices((height, width))
    expected = np.stack([columns + across[0], rows + down[0], columns + across[1], rows + down[1]], -1)
    np.testing.assert_allclose(found[0, ..., 1:], expected)
