"""Convolution, pooling and resizing over three spatial axes, made of those over two.

Volumes are (batch, depth, height, width, channels). A convolution takes the slices that a window covers in
depth as further channels of one image; pooling and resizing do height and width first, then depth.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.program.functions.core import broadcast_to, gather, pad, scatter_add
from chainrule.program.operations.convolution import need_groups
from chainrule.program.operations.windows import Windows
from chainrule.program.tracing import Tensor


def convolution(x: Tensor, weight: Tensor, windows: Windows, groups: int) -> Tensor:
    """The convolution over depth, height and width; its images hold the taps of depth as channels."""
    batch, _, height, width, channels = x.shape
    taps, *window, inputs, filters = weight.shape
    with x.trace.naming_the_layer():
        places = windows.places("convolution", x.shape[1:4], weight.shape[:3])[0]
        need_groups("convolution", groups, channels, weight.shape)
    before, after = windows.padding[0]
    padded = pad(x, (0, before, 0, 0, 0), (0, after, 0, 0, 0)) if before or after else x
    slices = gather(padded, _covered(x, windows, places, taps), 1)  # (batch, places, taps, height, width, …)
    images = (
        slices.reshape(batch * places, taps, height, width, groups, inputs)
        .transpose(0, 2, 3, 4, 1, 5)
        .reshape(batch * places, height, width, taps * channels)
    )
    kernel = weight.transpose(1, 2, 0, 3, 4).reshape(*window, taps * inputs, filters)
    y = x.trace.record("convolution", images, kernel, **_of_images(windows), groups=groups)
    return y.reshape(batch, places, *y.shape[1:])


def transposed_convolution(
    x: Tensor, weight: Tensor, windows: Windows, size: tuple[int, ...], groups: int
) -> Tensor:
    """The adjoint of that convolution by its input: images of all taps, added up at their depths."""
    batch, depth, *space, channels = x.shape
    taps, *window, outputs, _ = weight.shape
    name = "transposed_convolution"
    with x.trace.naming_the_layer():
        if windows.places(name, size, weight.shape[:3]) != x.shape[1:4]:
            raise ShapeError(f"{name} got x of shape {x.shape}; no spatial axis may be empty")
        need_groups(name, groups, outputs * groups, weight.shape)
    kernel = weight.transpose(1, 2, 0, 3, 4).reshape(*window, taps * outputs, channels)
    images = x.trace.record(
        "convolution_input_adjoint",
        x.reshape(batch * depth, *space, channels),
        kernel,
        **_of_images(windows),
        groups=groups,
        size=size[1:],
    )
    each = (
        images.reshape(batch * depth, *size[1:], groups, taps, outputs)
        .transpose(0, 4, 1, 2, 3, 5)
        .reshape(batch, depth, taps, *size[1:], groups * outputs)
    )
    before, after = windows.padding[0]
    shape = (batch, before + size[0] + after, *size[1:], groups * outputs)
    nothing = broadcast_to(x.trace.constant(0.0, x.dtype), shape)
    return scatter_add(nothing, _covered(x, windows, depth, taps), each, 1)[:, before : before + size[0]]


def pool(operation: str, x: Tensor, window: tuple[int, ...], windows: Windows) -> Tensor:
    """A pooling operation over height and width, then over depth.

    So the first of equal elements is found first, and a mean of means has equal counts: what padding leaves
    of a window in height and width is the same at every depth.
    """
    batch, depth, *space, channels = x.shape
    images = x.reshape(batch * depth, *space, channels)
    flat = x.trace.record(
        operation, images, window=window[1:], stride=windows.stride[1:], padding=windows.padding[1:]
    )
    rows, columns = flat.shape[1:3]
    deep = x.trace.record(
        operation,
        flat.reshape(batch, depth, rows * columns, channels),
        window=(window[0], 1),
        stride=(windows.stride[0], 1),
        padding=(windows.padding[0], (0, 0)),
    )
    return deep.reshape(batch, deep.shape[1], rows, columns, channels)


def resize(x: Tensor, size: tuple[int, ...], method: str) -> Tensor:
    """Height and width, then depth: interpolation is linear along each."""
    batch, depth, *space, channels = x.shape
    images = x.reshape(batch * depth, *space, channels)
    flat = x.trace.record("resize", images, size=size[1:], method=method)
    columns = size[1] * size[2]
    deep = flat.reshape(batch, depth, columns, channels)
    return x.trace.record("resize", deep, size=(size[0], columns), method=method).reshape(
        batch, *size, channels
    )


def _covered(x: Tensor, windows: Windows, places: int, taps: int) -> Tensor:
    """Which slices of the padded depth each window covers: (places, taps)."""
    steps = np.arange(places)[:, None] * windows.stride[0] + np.arange(taps) * windows.dilation[0]
    return x.trace.constant(steps, "int32")


def _of_images(windows: Windows) -> Mapping[str, Any]:
    return {name: each[1:] for name, each in windows._asdict().items()}
