"""Frames: the whole of an image in a shape of another, and boxes there and back."""

import numpy as np
import pytest
from PIL import Image

from chainrule.data.images.resizing import Frame, framed


def test_an_image_lies_whole_in_the_middle_of_its_frame():
    pixels = np.full((10, 20, 3), 200, np.uint8)
    whole = np.asarray(framed(Image.fromarray(pixels), (32, 32)))
    assert whole.shape == (32, 32, 3)
    assert (whole[8:24] == 200).all()  # 10 × 20 becomes 16 × 32
    assert (whole[:8] == 0).all()
    assert (whole[24:] == 0).all()
    same = framed(Image.fromarray(pixels), (10, 20))
    np.testing.assert_array_equal(np.asarray(same), pixels)


def test_boxes_go_into_the_frame_and_come_back():
    frame = Frame((10, 20), (32, 32))
    boxes = np.array([[0.0, 0, 20, 10], [5, 2.5, 10, 7.5]])
    np.testing.assert_allclose(frame.placed(boxes), [[0, 8, 32, 24], [8, 12, 16, 20]])
    np.testing.assert_allclose(frame.back(frame.placed(boxes)), boxes)
    np.testing.assert_allclose(frame.back(np.array([[-4.0, 0, 40, 32]])), [[0, 0, 20, 10]])


@pytest.mark.parametrize("given", [(480, 640), (1, 300), (300, 1), (33, 47)])
def test_any_shape_fits(given):
    frame = Frame(given, (64, 48))
    height, width = frame.inner
    assert max(height / 64, width / 48) == 1
    whole = framed(Image.new("L", given[::-1], 255), (64, 48))
    top, left = frame.corner
    assert np.count_nonzero(np.asarray(whole)) == height * width
    assert np.asarray(whole)[top, left] == 255
