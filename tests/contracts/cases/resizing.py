"""Cases of resizing: up, down, by odd ratios, one axis, one element, nothing."""

from tests.contracts.cases.case import add, spread


def _resizing() -> None:
    for label, shape, size in (
        ("double", (2, 3, 2, 2), (6, 4)),
        ("odd_ratio", (1, 3, 5, 1), (7, 4)),
        ("smaller", (1, 7, 5, 2), (3, 2)),
        ("same", (2, 3, 2, 1), (3, 2)),
        ("from_one_element", (1, 1, 1, 2), (3, 2)),
        ("to_one_element", (1, 4, 3, 2), (1, 1)),
        ("one_axis", (2, 5, 3), (8,)),
        ("no_examples", (0, 3, 2), (4,)),
    ):
        for method in ("nearest", "linear"):
            add("resize", f"{label}_{method}", spread(*shape), size=size, method=method)
            back = spread(shape[0], *size, shape[-1], seed=1)
            add("resize_adjoint", f"{label}_{method}", back, size=shape[1:-1], method=method)


FAMILIES = (_resizing,)
