"""Separating the objects in a mask: the distance to their edge, and a watershed from its maxima."""

from importlib.util import find_spec

import numpy as np

_NEAREST = 5  # pixels between the middles of two objects, at least


def can_tell_apart() -> bool:
    """Whether scikit-image is installed."""
    return find_spec("skimage") is not None


def objects_of(mask: np.ndarray) -> np.ndarray:
    """(height, width) int32: the number of the object at each pixel, from 1 on; 0 without an object.

    mask: (height, width), nonzero at objects. Touching objects are separated where the distance to their edge
    is smallest between them (Vincent and Soille 1991).
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter, label
    from skimage.feature import peak_local_max
    from skimage.segmentation import watershed

    inside = mask != 0
    if not inside.any():
        return np.zeros(mask.shape, np.int32)
    padded = np.pad(inside, 1)  # the border of the image is an edge, too
    distance = np.asarray(distance_transform_edt(padded))[1:-1, 1:-1]
    smooth = gaussian_filter(distance, 1.0)  # ripples of the outline make no peaks
    parts, _ = label(inside)  # type: ignore[misc] (scipy's annotation leaves the pair open)
    peaks = peak_local_max(smooth, min_distance=_NEAREST, labels=parts, exclude_border=False)
    seeds = np.zeros(mask.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return np.asarray(watershed(-smooth, seeds, mask=inside), np.int32)
