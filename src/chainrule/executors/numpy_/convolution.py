"""Convolution as a matrix product of patches and weights, one for each group; and its adjoints."""

import itertools
import math
from typing import Any

import numpy as np

from chainrule.executors.numpy_.windows import padded, windows

# In shapes below, rows are the places of all examples, taps the elements of a window in one group.


def _patches(x: np.ndarray, window: Any, stride: Any, dilation: Any, padding: Any, groups: int) -> np.ndarray:
    view = windows(padded(x, padding, 0.0), window, stride, dilation)
    rows, taps = math.prod(view.shape[: len(window) + 1]), math.prod(window)
    split = view.reshape(rows, taps, groups, x.shape[-1] // groups)
    return split.transpose(2, 0, 1, 3).reshape(groups, rows, taps * split.shape[-1])  # (groups, rows, taps)


def _grouped(x: np.ndarray, groups: int) -> np.ndarray:
    """(..., outputs) -> (groups, all the rest, outputs / groups)."""
    rows = math.prod(x.shape[:-1])
    return x.reshape(rows, groups, x.shape[-1] // groups).transpose(1, 0, 2)


def convolution(
    x: np.ndarray, weight: np.ndarray, stride: Any, dilation: Any, padding: Any, groups: int
) -> np.ndarray:
    """Patches times weights."""
    window = weight.shape[:-2]
    patches = _patches(x, window, stride, dilation, padding, groups)
    y = patches @ _grouped(weight, groups)  # (groups, rows, outputs / groups)
    places = [
        (before + length + after - (taps - 1) * gap - 1) // step + 1
        for length, (before, after), taps, gap, step in zip(
            x.shape[1:-1], padding, window, dilation, stride, strict=True
        )
    ]
    return y.transpose(1, 0, 2).reshape(x.shape[0], *places, weight.shape[-1])


def convolution_weight_adjoint(
    x: np.ndarray, d_y: np.ndarray, stride: Any, dilation: Any, padding: Any, groups: int, window: Any
) -> np.ndarray:
    """Transposed patches times the upstream gradient."""
    patches = _patches(x, window, stride, dilation, padding, groups)
    d_weight = patches.transpose(0, 2, 1) @ _grouped(d_y, groups)  # (groups, taps, outputs / groups)
    return d_weight.transpose(1, 0, 2).reshape(*window, x.shape[-1] // groups, d_y.shape[-1])


def convolution_input_adjoint(
    d_y: np.ndarray,
    weight: np.ndarray,
    stride: Any,
    dilation: Any,
    padding: Any,
    groups: int,
    size: Any,
) -> np.ndarray:
    """The upstream gradient times the transposed weights gives patches, which are added up tap by tap."""
    *window, inputs, _ = weight.shape
    batch, *places, _ = d_y.shape
    patches = _grouped(d_y, groups) @ _grouped(weight, groups).transpose(0, 2, 1)  # (groups, rows, taps)
    patches = patches.reshape(groups, batch, *places, *window, inputs)
    patches = np.moveaxis(patches, 0, -2).reshape(batch, *places, *window, groups * inputs)
    lengths = [before + length + after for length, (before, after) in zip(size, padding, strict=True)]
    d_x = np.zeros((batch, *lengths, groups * inputs), d_y.dtype)
    for tap in itertools.product(*(range(taps) for taps in window)):
        at = [
            slice(i * gap, i * gap + (count - 1) * step + 1, step)
            for i, gap, count, step in zip(tap, dilation, places, stride, strict=True)
        ]
        d_x[(slice(None), *at)] += patches[(slice(None), *[slice(None)] * len(places), *tap)]
    inner = [slice(before, before + n) for n, (before, _) in zip(size, padding, strict=True)]
    return d_x[(slice(None), *inner)]
