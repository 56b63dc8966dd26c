"""Cases of the composites of deep networks."""

import numpy as np
from tests.contracts.cases.case import add, spread


def _softmax() -> None:
    for label, shape, axis in (
        ("rows", (3, 4), 1),
        ("columns", (3, 4), 0),
        ("middle", (2, 3, 2), 1),
        ("one_class", (3, 1), 1),
        ("empty", (0, 3), 1),
    ):
        x = spread(*shape)
        add("softmax", label, x, axis=axis)
        add("logsumexp", label, x, axis=axis, keepdims=False)
        add("logsumexp", f"{label}_kept", x, axis=axis, keepdims=True)
    extreme = np.array([[1e4, -1e4, 0.0], [-1e4, -1e4, 1e4]])
    add("softmax", "extreme", extreme, axis=1)
    add("logsumexp", "extreme", extreme, axis=1, keepdims=False)


def _normalization() -> None:
    for label, shape in (("matrix", (4, 5)), ("vector", (6,)), ("three_axes", (2, 3, 4)), ("empty", (0, 3))):
        scale, shift = spread(*shape[-1:], seed=1), spread(*shape[-1:], seed=2)
        add("layer_norm", label, spread(*shape), scale, shift, epsilon=1e-5)
        of, delta = (spread(*shape), scale), spread(*shape, seed=3)
        add("layer_norm_adjoint", label, *of, delta, epsilon=1e-3)
        add("layer_norm_scale_adjoint", label, *of, delta, epsilon=1e-3, held=(1,))
    add("layer_norm", "one_feature", spread(3, 1), spread(1), spread(1, seed=1), epsilon=0.1)
    many = spread(2, 41, 37), spread(37, seed=1), spread(37, seed=2)
    add("layer_norm", "many_rows", *many, epsilon=1e-5)
    for of in ("layer_norm_adjoint", "layer_norm_scale_adjoint"):
        add(of, "many_rows", *many[:2], spread(2, 41, 37, seed=3), epsilon=1e-5, sloped=False)
    for label, shape, axes in (
        ("columns", (5, 3), (0,)),
        ("images", (2, 3, 3, 2), (0, 1, 2)),
        ("groups", (2, 4, 3), (1,)),
        ("first_is_kept", (3, 4), (1,)),
        ("empty", (0, 3), (0,)),
    ):
        left = [n for axis, n in enumerate(shape) if axis not in axes]
        scale, shift = spread(*left, seed=1), spread(*left, seed=2)
        add("batch_norm", label, spread(*shape), scale, shift, axes=axes, epsilon=1e-3)
    add("batch_norm", "one_example", spread(1, 3), spread(3), spread(3, seed=1), axes=(0,), epsilon=0.5)


FAMILIES = (_softmax, _normalization)
