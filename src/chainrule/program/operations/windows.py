"""What convolution and pooling share: where windows stand on the spatial axes."""

from collections.abc import Sequence
from typing import NamedTuple

from chainrule.errors import ShapeError
from chainrule.program.operations.row import Attributes, Shape
from chainrule.program.value import Value

Pairs = tuple[tuple[int, int], ...]

SPACES = {
    3: "(batch, length, channels)",
    4: "(batch, height, width, channels)",
    5: "(batch, depth, height, width, channels)",
}


class Windows(NamedTuple):
    """How windows move over the spatial axes, one entry an axis.

    stride: from one window to the next. dilation: from one tap of a window to the next. padding: (before,
    after) each axis.
    """

    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: Pairs

    @classmethod
    def of(cls, attributes: Attributes) -> "Windows":
        """From a step's attributes; without a dilation it is 1."""
        stride = attributes["stride"]
        return cls(stride, attributes.get("dilation", (1,) * len(stride)), attributes["padding"])

    def places(self, name: str, space: Shape, window: Shape) -> Shape:
        """How many windows stand along each axis.

        Raises ShapeError if a number is missing or too small, or a window is larger than its padded axis.
        """
        axes = len(space)
        if not len(self.stride) == len(self.dilation) == len(self.padding) == len(window) == axes:
            raise ShapeError(
                f"{name} got window {window}, stride {self.stride}, dilation {self.dilation} and padding "
                f"{self.padding} for {axes} spatial axes; each names every axis"
            )
        if min((1, *window, *self.stride, *self.dilation)) < 1:
            raise ShapeError(
                f"{name} got window {window}, stride {self.stride} and dilation {self.dilation}; each must "
                "be at least 1"
            )
        if any(side < 0 for pair in self.padding for side in pair):
            raise ShapeError(f"{name} got padding {self.padding}; none may be negative")
        counts = []
        for axis, length in enumerate(space):
            before, after = self.padding[axis]
            padded, extent = before + length + after, self.extent(axis, window)
            if extent > padded:
                raise ShapeError(
                    f"{name} got a window over {extent} on spatial axis {axis}, which is {length} long, "
                    f"{padded} with padding; the window must fit in",
                    remedy="make the window or its dilation smaller, or the padding larger",
                )
            counts.append((padded - extent) // self.stride[axis] + 1)
        return tuple(counts)

    def extent(self, axis: int, window: Shape) -> int:
        """What a window spans along an axis, its gaps included."""
        return (window[axis] - 1) * self.dilation[axis] + 1


def need_space(name: str, value: Value, most: int = 2) -> Shape:
    """The spatial axes of (batch, *space, channels); ShapeError unless there are one to `most`.

    Operations have one or two; functions make three of them.
    """
    if not 3 <= len(value.shape) <= most + 2:
        fitting = " or ".join(text for rank, text in SPACES.items() if rank <= most + 2)
        raise ShapeError(f"{name} got {value.name} of shape {value.shape}; it needs {fitting}")
    return value.shape[1:-1]


def resolve_padding(
    name: str,
    padding: str | Sequence[tuple[int, int]],
    space: Shape,
    window: Shape,
    stride: Shape,
    dilation: Shape,
) -> Pairs:
    """Padding as (before, after) each axis.

    'valid': none. 'same': ceil(length / stride) windows; of an odd padding the larger half comes after (the
    convention of TensorFlow).
    """
    if padding == "valid":
        return ((0, 0),) * len(space)
    if padding == "same":
        pairs = []
        for length, taps, step, gap in zip(space, window, stride, dilation, strict=True):
            needed = (-(-length // max(step, 1)) - 1) * step + (taps - 1) * gap + 1
            total = max(needed - length, 0)
            pairs.append((total // 2, total - total // 2))
        return tuple(pairs)
    if isinstance(padding, str):
        raise ShapeError(
            f"{name} got padding '{padding}'; it must be 'valid', 'same' or (before, after) for every axis"
        )
    pairs = tuple([(int(before), int(after)) for before, after in padding])
    if len(pairs) != len(space):
        raise ShapeError(
            f"{name} got padding {pairs} for {len(space)} spatial axes; it needs a pair for each"
        )
    return pairs
