"""Images are opened from folders and arrays, checked, and what was left out is said."""

import numpy as np
import pytest

from chainrule.data.images import open_images
from chainrule.errors import DataError


def test_arrays_with_labels():
    pixels = np.arange(4 * 3 * 5, dtype=np.uint8).reshape(4, 3, 5)
    images = open_images((pixels, [10, 9, 10, 9]))
    assert images.classes == ("9", "10")
    assert images.class_numbers().tolist() == [1, 0, 1, 0]
    assert images.sizes.tolist() == [[3, 5]] * 4
    assert (images.channels, len(images)) == (1, 4)


def test_one_class_is_refused():
    with pytest.raises(DataError, match="1 class only, 'a'"):
        open_images((np.zeros((2, 3, 3), np.uint8), ["a", "a"]))
