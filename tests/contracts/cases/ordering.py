"""Cases of running sums and order."""

import numpy as np
from tests.contracts.cases.case import add, spread, whole


def _ordering() -> None:
    for label, shape, axis in (
        ("vector", (5,), 0),
        ("rows", (3, 4), 1),
        ("middle", (2, 5, 3), 1),
        ("length_one", (3, 1), 1),
        ("empty", (0, 3), 1),
    ):
        x = spread(*shape)
        for reverse in (False, True):
            add("cumsum", f"{label}_{'reverse' if reverse else 'forward'}", x, axis=axis, reverse=reverse)
            add("argsort", f"{label}_{'down' if reverse else 'up'}", x, axis=axis, descending=reverse)
        add("argmax", label, x, axis=axis)
        add("arg_top_k", label, x, k=shape[axis] - shape[axis] // 2, axis=axis)
    add("cumsum", "over_nothing", spread(2, 0), axis=1, reverse=False)
    add("cumsum", "wraps", whole(2**32 - 1, 3, dtype="uint32"), axis=0, reverse=False, sloped=False)
    add("argsort", "of_nothing", spread(2, 0), axis=1, descending=True)
    add("arg_top_k", "none", spread(2, 3), k=0, axis=1)
    ties = np.array([[2.0, 1.0, 2.0, 1.0, 2.0]])
    add("argmax", "ties", ties, axis=1)
    add("argsort", "ties_up", ties, axis=1, descending=False)
    add("argsort", "ties_down", ties, axis=1, descending=True)
    add("arg_top_k", "ties", ties, k=4, axis=1)
    add("argsort", "whole_numbers", whole(3, -(2**31), 7), axis=0, descending=True)
    add("argmax", "whole_numbers", whole([3, 9], [11, 9]), axis=0)
    add("factorize", "words", whole(7, -3, 7, 9, -3, 9, 7))
    add("factorize", "grid", whole([2**31 - 1, 0], [-(2**31), 2**31 - 1]))
    add("factorize", "many", np.random.default_rng(0).integers(0, 50, 200).astype(np.int32))
    add("factorize", "all_different", np.random.default_rng(0).permutation(100).astype(np.int32))
    add("factorize", "long", whole(2**40, 1, 2**40, dtype="int64"))
    add("factorize", "nothing", np.zeros((0, 2), np.int32))


FAMILIES = (_ordering,)
