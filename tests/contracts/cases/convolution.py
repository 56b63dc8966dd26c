"""Cases of convolution and its adjoints: odd sizes, long strides, gaps, padding, groups, nothing."""

from dataclasses import dataclass
from typing import Any

from tests.contracts.cases.case import add, spread


@dataclass(frozen=True)
class Geometry:
    """The shapes of x, weight and y, and how the windows move."""

    x: tuple[int, ...]
    weight: tuple[int, ...]
    y: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    groups: int = 1

    def settings(self) -> dict[str, Any]:
        """What all three operations are told."""
        return {
            "stride": self.stride,
            "dilation": self.dilation,
            "padding": self.padding,
            "groups": self.groups,
        }


NONE, ONE = ((0, 0), (0, 0)), (1, 1)
GEOMETRIES = {
    "plain": Geometry((2, 5, 4, 3), (3, 2, 3, 2), (2, 3, 3, 2), ONE, ONE, NONE),
    "one_tap": Geometry((2, 3, 2, 3), (1, 1, 3, 4), (2, 3, 2, 4), ONE, ONE, NONE),
    "padded": Geometry((1, 3, 5, 2), (3, 3, 2, 2), (1, 4, 4, 2), ONE, ONE, ((1, 2), (1, 0))),
    "strided": Geometry((2, 7, 5, 2), (3, 2, 2, 3), (2, 3, 2, 3), (2, 3), ONE, NONE),
    "stride_leaves_a_rest": Geometry((1, 6, 6, 1), (3, 3, 1, 2), (1, 2, 3, 2), (2, 2), ONE, ((0, 0), (1, 0))),
    "stride_beyond_the_window": Geometry((1, 7, 8, 2), (2, 1, 2, 2), (1, 2, 2, 2), (4, 5), ONE, NONE),
    "dilated": Geometry((1, 7, 6, 2), (3, 2, 2, 1), (1, 3, 3, 1), ONE, (2, 3), NONE),
    "dilated_strided_padded": Geometry(
        (2, 6, 5, 1), (2, 3, 1, 2), (2, 3, 3, 2), (2, 1), (3, 2), ((1, 1), (0, 2))
    ),
    "two_groups": Geometry((2, 4, 3, 4), (2, 2, 2, 6), (2, 3, 2, 6), ONE, ONE, NONE, 2),
    "depthwise": Geometry((1, 4, 4, 3), (3, 2, 1, 3), (1, 4, 2, 3), ONE, (1, 2), ((1, 1), (0, 0)), 3),
    "depthwise_twofold": Geometry((1, 5, 3, 2), (2, 2, 1, 4), (1, 2, 2, 4), (2, 1), ONE, NONE, 2),
    "no_examples": Geometry((0, 3, 3, 2), (2, 2, 2, 3), (0, 2, 2, 3), ONE, ONE, NONE),
    "no_channels": Geometry((1, 3, 3, 0), (2, 2, 0, 2), (1, 2, 2, 2), ONE, ONE, NONE),
    "window_over_all": Geometry((2, 2, 3, 2), (2, 3, 2, 2), (2, 1, 1, 2), ONE, ONE, NONE),
    "one_axis": Geometry((2, 7, 3), (3, 3, 2), (2, 3, 2), (2,), (1,), ((0, 1),)),
    "one_axis_grouped": Geometry((2, 6, 4), (2, 2, 2), (2, 5, 2), (1,), (3,), ((1, 1),), 2),
    "length_one": Geometry((2, 1, 3), (3, 3, 2), (2, 1, 2), (1,), (1,), ((1, 1),)),
}


def _convolutions() -> None:
    for label, of in GEOMETRIES.items():
        x, weight, d_y = spread(*of.x, seed=1), spread(*of.weight, seed=2), spread(*of.y, seed=3)
        add("convolution", label, x, weight, **of.settings())
        add("convolution_input_adjoint", label, d_y, weight, **of.settings(), size=of.x[1:-1])
        add("convolution_weight_adjoint", label, x, d_y, **of.settings(), window=of.weight[:-2])


FAMILIES = (_convolutions,)
