"""Micro operations on words of 64 bits: of float64, against more digits, and of integers and masks."""

import numpy as np
import pytest
from tests.executors.native.test_kernels import COMPARISONS, FLOATS, INTEGERS, LEVELS, PAIRS

from chainrule.executors.native import _core
from chainrule.executors.native.tiles import CODES

MOST_ULPS = 4.0
SPECIAL = np.array(
    [
        *(0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 1.7e308, -1.7e308, 3e-308, -3e-308),
        *(709.78, -745.0, 2.0**52),
    ]
)
EXACT = np.longdouble
"""With 64 bits of digits where the processor has them; scipy's own functions give float64 alone."""


def run(operation: str, level: int, *operands: np.ndarray) -> np.ndarray:
    """One micro operation on words of 64 bits, given and returned as float64."""
    a, b, c = (np.ascontiguousarray(each).view(np.float64) for each in (*operands, *operands[:1] * 3)[:3])
    y = np.empty_like(a)
    _core.micro(CODES[operation], y, a, b, c, level)
    return y


def numbers(count: int, seed: int) -> np.ndarray:
    """Sizes of float64 from 1e-300 to 1e300, the ranges where functions bend, and special numbers."""
    random = np.random.default_rng(seed)
    anything = random.choice([-1.0, 1.0], count) * 10.0 ** random.uniform(-300, 300, count)
    near = [random.uniform(-width, width, count // 4) for width in (1e-8, 0.5, 1.0, 3.0, 40.0, 700.0)]
    beside = [-1 + 10.0 ** random.uniform(-15, 0, count // 8), 1 + random.uniform(-0.4, 0.4, count // 8)]
    return np.concatenate([SPECIAL, anything, *near, *beside])


def assert_close(found: np.ndarray, exact: np.ndarray) -> None:
    """Equal where float64 has no number; else within MOST_ULPS units of the last place."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(np.float64)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(rounded))
        infinite = np.isinf(rounded)
        np.testing.assert_array_equal(found[infinite], rounded[infinite])
        finite = np.isfinite(rounded)
        unit = np.spacing(np.maximum(np.abs(rounded[finite]), 2.0**-1022))
        error = np.abs(found[finite].astype(EXACT) - exact[finite]) / unit
    worst = np.argmax(error)
    assert error[worst] <= MOST_ULPS, (found[finite][worst], exact[finite][worst])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("operation", FLOATS)
def test_function_of_one_number(operation: str, level: int):
    x = numbers(40_000, 1)
    if operation in ("SIN", "COS"):
        x = x[np.abs(x) < 1e6]  # the longer numbers of NumPy reduce larger ones no better
    special = operation in ("SIGMOID", "ERF")
    with np.errstate(all="ignore"):
        exact = FLOATS[operation](x if special else x.astype(EXACT)).astype(EXACT)
    if operation == "SIGMOID":
        with np.errstate(all="ignore"):
            exact = 1 / (1 + np.exp(-x.astype(EXACT)))
    assert_close(run(operation, level, x), exact)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("operation", PAIRS)
def test_function_of_two_numbers(operation: str, level: int):
    x1, x2 = numbers(20_000, 2), np.random.default_rng(3).permutation(numbers(20_000, 4))
    some, other = np.meshgrid(SPECIAL, SPECIAL)
    x1, x2 = np.concatenate([some.ravel(), x1]), np.concatenate([other.ravel(), x2])
    with np.errstate(all="ignore"):
        exact = PAIRS[operation](x1, x2)  # rounded once by NumPy, too
    found = run(operation, level, x1, x2)
    if operation == "POWER":
        assert_close(found, exact.astype(EXACT))
        return
    normal = ~(np.abs(exact) < 2.0**-1022)
    np.testing.assert_array_equal(found[normal], exact[normal])


@pytest.mark.parametrize("level", LEVELS)
def test_zeros_keep_their_signs(level: int):
    zeros = np.array([0.0, -0.0])
    for operation in ("SIN", "TANH", "ERF", "EXPM1", "LOG1P", "SQRT"):
        y = run(operation, level, zeros)
        assert y.tolist() == [0, 0], operation
        assert np.signbit(y).tolist() == [False, True], operation


@pytest.mark.parametrize("level", LEVELS)
def test_comparisons_and_masks(level: int):
    some, other = (each.ravel() for each in np.meshgrid(SPECIAL, SPECIAL))
    for operation, expected in COMPARISONS.items():
        mask = run(operation, level, some, other).view(np.int64)
        np.testing.assert_array_equal(mask, -expected(some, other).astype(np.int64), err_msg=operation)
    finite = run("ISFINITE", level, SPECIAL).view(np.int64)
    np.testing.assert_array_equal(finite, -np.isfinite(SPECIAL).astype(np.int64))
    one, two = np.array([0, 0, -1, -1]), np.array([0, -1, 0, -1])
    for operation, expected in (("AND_M", one & two), ("OR_M", one | two), ("NOT_EQUAL_M", one ^ two)):
        np.testing.assert_array_equal(run(operation, level, one, two).view(np.int64), expected)
    np.testing.assert_array_equal(run("NOT_M", level, one).view(np.int64), ~one)
    chosen = run("WHERE", level, one, np.full(4, 7.0), np.full(4, np.nan))
    np.testing.assert_array_equal(chosen, [np.nan, np.nan, 7, 7])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("operation", INTEGERS)
def test_whole_numbers_are_of_32_bits(operation: str, level: int):
    dtype, function = INTEGERS[operation]
    edges = np.array([0, 1, 2**31 - 1, 2**31, 2**32 - 1, 31, 32, 5], np.uint32)
    x1, x2 = (each.ravel().view(dtype) for each in np.meshgrid(edges, edges))
    operands = (x1,) if operation in ("NEGATIVE_I", "ABSOLUTE_I", "SIGN_I") else (x1, x2)
    with np.errstate(all="ignore"):
        expected = function(*operands)
    if expected.dtype == bool:
        expected = -expected.astype("i4")
    found = run(operation, level, *(each.astype(np.int64) for each in operands)).view(np.int64)
    np.testing.assert_array_equal(found.astype(np.uint32), expected.astype(dtype).view(np.uint32))


@pytest.mark.parametrize("level", LEVELS)
def test_casts(level: int):
    signed = np.array([0, 1, -1, 2**24 + 1, 2**31 - 1, -(2**31)])
    np.testing.assert_array_equal(run("FLOAT_FROM_I", level, signed), signed.astype("f8"))
    unsigned = np.array([0, 1, 2**24 + 1, 2**31, 2**32 - 1], np.uint64)
    np.testing.assert_array_equal(run("FLOAT_FROM_U", level, unsigned), unsigned.astype("f8"))
    floats = np.array([0.0, -0.5, 1.9, -1.9, 2.0**30, 2147483647.5, -(2.0**31), 3e9, np.inf, np.nan])
    smallest = -(2**31)
    found = run("I_FROM_FLOAT", level, floats).view("i8").tolist()
    assert found == [0, 0, 1, -1, 2**30, 2**31 - 1, smallest, smallest, smallest, smallest]
    assert run("U_FROM_FLOAT", level, floats).view("u8").tolist()[:3] == [0, 0, 1]
    masks = np.array([0, -1])
    assert run("FLOAT_FROM_M", level, masks).tolist() == [0, 1]
    assert run("M_FROM_FLOAT", level, np.array([0, -0.0, 0.5, np.nan])).view("i8").tolist() == [0, 0, -1, -1]
    np.testing.assert_array_equal(run("COPY", level, floats), floats)
    third = np.array([1 / 3, -1e300, 1e-300])
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(run("ROUND_TO_FLOAT", level, third), third.astype("f4").astype("f8"))
