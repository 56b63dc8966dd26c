"""The blocked matrix product on every instruction set of this machine, against float64."""

from itertools import product

import numpy as np
import pytest

from chainrule.executors.native import _core


def has_product(level: int) -> bool:
    """Whether it multiplies by itself; else OpenBLAS does."""
    one = np.ones((1, 1), np.float32)
    return _core.product(one.copy(), one, one, False, False, level)


LEVELS = [level for level in range(_core.levels()) if has_product(level)]
TURNED = list(product([False, True], repeat=2))
ROUNDING = 2.0**-23  # of float32

# (m, n, k): less than a vector, a row more than a block of registers, blocks of the caches and beyond.
SHAPES = [
    *[(1, 1, 1), (1, 17, 5), (2, 31, 3), (13, 32, 4), (14, 33, 7), (15, 64, 256), (29, 65, 257), (6, 16, 8)],
    *[(7, 15, 9), (84, 47, 255), (336, 96, 64), (337, 100, 300), (350, 33, 513), (64, 300, 1025)],
]


def multiplied(a: np.ndarray, b: np.ndarray, ta: bool, tb: bool, level: int) -> np.ndarray:
    """A B with guards around it, and A and B laid in memory as ta and tb say."""
    m, n = a.shape[0], b.shape[1]
    guarded = np.full(m * n + 64, 7.0, np.float32)
    c = guarded[32 : 32 + m * n].reshape(m, n)
    c[...] = np.nan  # nothing of what was there may stay
    laid = (np.ascontiguousarray(a.T if ta else a), np.ascontiguousarray(b.T if tb else b))
    _core.product(c, *laid, ta, tb, level)
    assert (guarded[:32] == 7.0).all()
    assert (guarded[-32:] == 7.0).all()
    return c


def random_pair(m: int, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(m * n + k)
    return random.normal(size=(m, k)).astype("f4"), random.normal(size=(k, n)).astype("f4")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("ta", "tb"), TURNED)
@pytest.mark.parametrize(("m", "n", "k"), SHAPES)
def test_products_are_those_of_float64(m: int, n: int, k: int, ta: bool, tb: bool, level: int):
    a, b = random_pair(m, n, k)
    exact = a.astype("f8") @ b.astype("f8")
    bound = np.abs(a).astype("f8") @ np.abs(b).astype("f8") * ROUNDING * (2 + np.sqrt(k))
    assert (np.abs(multiplied(a, b, ta, tb, level) - exact) <= bound).all()


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("ta", "tb"), TURNED)
def test_the_bits_of_a_row_do_not_depend_on_the_others(ta: bool, tb: bool, level: int):
    # Chunks of rows, and so threads, change nothing.
    a, b = random_pair(101, 70, 300)
    everything = multiplied(a, b, ta, tb, level)
    for first, last in ((0, 1), (14, 29), (50, 101)):
        np.testing.assert_array_equal(multiplied(a[first:last], b, ta, tb, level), everything[first:last])


@pytest.mark.parametrize("level", LEVELS)
def test_infinities_and_nans_stay_in_their_rows_and_columns(level: int):
    a, b = random_pair(20, 40, 30)
    a[3, 4], b[7, 39] = np.inf, np.nan
    found = multiplied(a, b, False, False, level)
    wrong = np.zeros((20, 40), bool)
    wrong[3], wrong[:, 39] = True, True
    np.testing.assert_array_equal(~np.isfinite(found), wrong)


def test_shapes_that_do_not_fit_are_refused():
    x = np.ones((2, 3), "f4")
    with pytest.raises(ValueError, match="do not fit"):
        _core.product(np.ones((2, 2), "f4"), x, x, False, False, 0)
    with pytest.raises(ValueError, match="no such level"):
        _core.product(np.ones((2, 2), "f4"), x, x, False, True, 99)
