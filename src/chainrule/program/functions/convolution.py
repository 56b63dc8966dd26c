"""Convolution, plain and transposed, over one to three spatial axes."""

from collections.abc import Sequence
from operator import index as as_whole_number

from chainrule.errors import ShapeError
from chainrule.program.functions import volumes
from chainrule.program.operations.windows import Windows, need_space, resolve_padding
from chainrule.program.tracing import Tensor

Lengths = int | Sequence[int]
Padding = str | Sequence[tuple[int, int]]


def each_axis(lengths: Lengths, axes: int) -> tuple[int, ...]:
    """One number for every axis; a single number stands for all."""
    if isinstance(lengths, Sequence):
        return tuple([as_whole_number(length) for length in lengths])
    return (as_whole_number(lengths),) * axes


def convolution(
    x: Tensor,
    weight: Tensor,
    *,
    stride: Lengths = 1,
    dilation: Lengths = 1,
    padding: Padding = "valid",
    groups: int = 1,
) -> Tensor:
    """Convolution: Σ x · weight over the window and the channels, at every position of the window.

    x: (batch, *space, channels) with one to three spatial axes. weight: (*window, channels / groups, outputs)
    -> (batch, *places, outputs). stride, dilation: a number, or one for each spatial axis.
    padding: zeros around x: 'valid' (none), 'same' (for ceil(length / stride) places; an odd number puts the
    larger half after x), or (before, after) for each axis. groups: the channels are divided into so many
    groups, each with outputs / groups outputs; as many groups as channels make a depthwise convolution.

    Raises ShapeError if the shapes do not fit, groups does not divide channels and outputs, or the window is
    larger than the padded x.
    """
    with x.trace.naming_the_layer():
        space = need_space("convolution", x.value, 3)
        strides, dilations = each_axis(stride, len(space)), each_axis(dilation, len(space))
        window = weight.shape[:-2]
        if not len(window) == len(strides) == len(dilations) == len(space):
            raise ShapeError(
                f"convolution got x of shape {x.shape}, a weight of shape {weight.shape}, stride {strides} "
                f"and dilation {dilations}; the weight needs {x.ndim} axes, the others {len(space)}"
            )
        pairs = resolve_padding("convolution", padding, space, window, strides, dilations)
    if len(space) == 3:
        return volumes.convolution(x, weight, Windows(strides, dilations, pairs), groups)
    return x.trace.record(
        "convolution", x, weight, stride=strides, dilation=dilations, padding=pairs, groups=groups
    )


def transposed_convolution(
    x: Tensor,
    weight: Tensor,
    *,
    stride: Lengths = 1,
    dilation: Lengths = 1,
    padding: Padding = "valid",
    extra: Lengths = 0,
    groups: int = 1,
) -> Tensor:
    """Transposed convolution: each element of x adds weight · x to a window of the result (Zeiler 2010).

    x: (batch, *space, channels). weight: (*window, outputs / groups, channels) -> (batch, *size, outputs).
    It is the adjoint of the `convolution` with these arguments that maps size to the space of x. The size is
    length · stride for 'same', else (length - 1) · stride + the extent of the window - padding + extra.
    padding: that of the convolution; here it is cut off the result. extra: 0 … stride - 1, not with 'same';
    it chooses among the sizes that the convolution would map to the space of x.

    Raises ShapeError if the shapes do not fit or groups does not divide channels and outputs.
    """
    name = "transposed_convolution"
    with x.trace.naming_the_layer():
        space = need_space(name, x.value, 3)
        axes = len(space)
        strides, dilations, extras = (each_axis(each, axes) for each in (stride, dilation, extra))
        window = weight.shape[:-2]
        if not len(window) == len(strides) == len(dilations) == len(extras) == axes:
            raise ShapeError(
                f"{name} got x of shape {x.shape}, a weight of shape {weight.shape}, stride {strides}, "
                f"dilation {dilations} and extra {extras}; the weight needs {x.ndim} axes, the others {axes}"
            )
        if any(not 0 <= more < max(step, 1) for more, step in zip(extras, strides, strict=True)):
            raise ShapeError(f"{name} got extra {extras} for stride {strides}; it needs 0 to stride - 1")
        if padding == "same":
            if any(extras):
                raise ShapeError(f"{name} got extra {extras} with padding 'same', which determines the size")
            size = tuple([length * step for length, step in zip(space, strides, strict=True)])
            pairs = resolve_padding(name, padding, size, window, strides, dilations)
        else:
            pairs = resolve_padding(name, padding, space, window, strides, dilations)
            spread = [max(length - 1, 0) * step for length, step in zip(space, strides, strict=True)]
            extent = [(taps - 1) * gap + 1 for taps, gap in zip(window, dilations, strict=True)]
            size = tuple([spread[i] + extent[i] - sum(pairs[i]) + extras[i] for i in range(axes)])
        if min(size) < 1:
            raise ShapeError(f"{name} of x of shape {x.shape} would have size {size}; it must be at least 1")
    if axes == 3:
        return volumes.transposed_convolution(x, weight, Windows(strides, dilations, pairs), size, groups)
    return x.trace.record(
        "convolution_input_adjoint",
        x,
        weight,
        stride=strides,
        dilation=dilations,
        padding=pairs,
        groups=groups,
        size=size,
    )
