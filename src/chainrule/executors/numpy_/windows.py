"""Windows over the spatial axes, as views of a padded array."""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def padded(x: np.ndarray, padding: Any, fill: float) -> np.ndarray:
    """(batch, *space, channels) with its spatial axes padded by a number."""
    if not any(side for pair in padding for side in pair):
        return x
    return np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=fill)


def windows(x: np.ndarray, window: Any, stride: Any, dilation: Any) -> np.ndarray:
    """A view: (batch, *space, channels) -> (batch, *places, *window, channels)."""
    axes = tuple(range(1, x.ndim - 1))
    extent = [(taps - 1) * gap + 1 for taps, gap in zip(window, dilation, strict=True)]
    view = sliding_window_view(x, extent, axes)  # (batch, *places, channels, *window)
    steps = [slice(None, None, each) for each in (*stride, 1, *dilation)]
    return np.moveaxis(view[(slice(None), *steps)], x.ndim - 1, -1)
