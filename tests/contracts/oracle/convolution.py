"""The meaning of convolution and its adjoints: one sum over every product x · weight · y that occurs."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

Place = tuple[int, ...]


def _products(
    x: tuple[int, ...],
    weight: tuple[int, ...],
    y: tuple[int, ...],
    stride: Any,
    dilation: Any,
    padding: Any,
    groups: int,
) -> Iterator[tuple[Place, Place, Place]]:
    """Places in x, in the weight and in y that meet."""
    inputs, outputs = x[-1] // groups, y[-1] // groups
    for *outer, out in np.ndindex(*y):
        example, *at = outer
        group = out // outputs
        for tap in np.ndindex(*weight[:-2]):
            place = [
                i * step + t * gap - before
                for i, step, t, gap, (before, _) in zip(at, stride, tap, dilation, padding, strict=True)
            ]
            if all(0 <= i < n for i, n in zip(place, x[1:-1], strict=True)):
                for channel in range(inputs):
                    yield (
                        (example, *place, group * inputs + channel),
                        (*tap, channel, out),
                        (*outer, out),
                    )


def _places(length: int, taps: int, stride: int, dilation: int, padding: tuple[int, int]) -> int:
    starts = range(-padding[0], length + padding[1], stride)
    return sum(start + (taps - 1) * dilation < length + padding[1] for start in starts)


def _shape_of_y(x: Any, weight: Any, stride: Any, dilation: Any, padding: Any) -> tuple[int, ...]:
    axes = zip(x[1:-1], weight[:-2], stride, dilation, padding, strict=True)
    return (x[0], *itertools.starmap(_places, axes), weight[-1])


def _convolution(x: np.ndarray, weight: np.ndarray, **settings: Any) -> np.ndarray:
    windows = {name: settings[name] for name in ("stride", "dilation", "padding")}
    y = np.zeros(_shape_of_y(x.shape, weight.shape, **windows))
    for in_x, in_weight, in_y in _products(x.shape, weight.shape, y.shape, **settings):
        y[in_y] += x[in_x] * weight[in_weight]
    return y


def _input_adjoint(d_y: np.ndarray, weight: np.ndarray, size: Any, **settings: Any) -> np.ndarray:
    d_x = np.zeros((d_y.shape[0], *size, weight.shape[-2] * settings["groups"]))
    for in_x, in_weight, in_y in _products(d_x.shape, weight.shape, d_y.shape, **settings):
        d_x[in_x] += d_y[in_y] * weight[in_weight]
    return d_x


def _weight_adjoint(x: np.ndarray, d_y: np.ndarray, window: Any, **settings: Any) -> np.ndarray:
    d_weight = np.zeros((*window, x.shape[-1] // settings["groups"], d_y.shape[-1]))
    for in_x, in_weight, in_y in _products(x.shape, d_weight.shape, d_y.shape, **settings):
        d_weight[in_weight] += x[in_x] * d_y[in_y]
    return d_weight


CONVOLUTION: Mapping[str, Callable[..., np.ndarray]] = {
    "convolution": _convolution,
    "convolution_input_adjoint": _input_adjoint,
    "convolution_weight_adjoint": _weight_adjoint,
}
