"""Cases of pooling: odd sizes, overlapping and distant windows, padding, ties, nothing."""

import numpy as np
from tests.contracts.cases.case import add, spread

Shape = tuple[int, ...]
NONE = ((0, 0), (0, 0))
# x, window, stride, padding, places.
GEOMETRIES: dict[str, tuple[Shape, Shape, Shape, tuple[tuple[int, int], ...], Shape]] = {
    "plain": ((2, 4, 6, 3), (2, 3), (2, 3), NONE, (2, 2)),
    "a_rest": ((1, 5, 7, 2), (2, 2), (2, 2), NONE, (2, 3)),
    "overlapping": ((2, 5, 4, 2), (3, 2), (1, 1), NONE, (3, 3)),
    "padded": ((1, 4, 5, 2), (3, 2), (2, 1), ((1, 2), (1, 0)), (3, 5)),
    "stride_beyond_the_window": ((1, 7, 6, 2), (2, 1), (4, 3), NONE, (2, 2)),
    "one_tap": ((2, 3, 2, 2), (1, 1), (1, 1), NONE, (3, 2)),
    "over_all": ((2, 3, 4, 2), (3, 4), (3, 4), NONE, (1, 1)),
    "no_examples": ((0, 4, 4, 2), (2, 2), (2, 2), NONE, (2, 2)),
    "no_channels": ((2, 4, 4, 0), (2, 2), (2, 2), NONE, (2, 2)),
    "one_axis": ((2, 7, 3), (3,), (2,), ((1, 1),), (4,)),
    "length_one": ((3, 1, 2), (3,), (1,), ((1, 1),), (1,)),
}


def _pools() -> None:
    for label, (shape, window, stride, padding, places) in GEOMETRIES.items():
        settings = {"window": window, "stride": stride, "padding": padding}
        x, d_y = spread(*shape, seed=1), spread(shape[0], *places, shape[-1], seed=2)
        add("max_pool", label, x, **settings)
        add("max_pool_positions", label, x, **settings)
        add("max_pool_adjoint", label, x, d_y, **settings, held=(0,))
        add("average_pool", label, x, **settings)
        add("average_pool_adjoint", label, d_y, **settings, size=shape[1:-1])
    ties = np.array([[[3.0], [3.0], [1.0], [1.0], [-np.inf], [-np.inf]]])
    settings = {"window": (3,), "stride": (1,), "padding": ((2, 2),)}
    for name in ("max_pool", "max_pool_positions"):
        add(name, "ties", ties, **settings, sloped=False)
    add("max_pool_adjoint", "ties", np.maximum(ties, -9.0), spread(1, 8, 1), **settings, sloped=False)


FAMILIES = (_pools,)
