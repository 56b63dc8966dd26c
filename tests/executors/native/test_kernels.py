"""Every micro operation on every instruction set of this machine, against float64 and NumPy's integers."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from scipy import special

from chainrule.executors.native import _core
from chainrule.executors.native.tiles import CODES

LEVELS = range(_core.levels())
MOST_ULPS = 4.0

FLOATS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "NEGATIVE": np.negative,
    "ABSOLUTE": np.abs,
    "SIGN": np.sign,
    "FLOOR": np.floor,
    "EXP": np.exp,
    "EXPM1": np.expm1,
    "LOG": np.log,
    "LOG1P": np.log1p,
    "SQRT": np.sqrt,
    "SIN": np.sin,
    "COS": np.cos,
    "ARCTAN": np.arctan,
    "TANH": np.tanh,
    "SIGMOID": special.expit,
    "SOFTPLUS": lambda x: np.logaddexp(x, 0.0),
    "ERF": special.erf,
    "RELU": lambda x: np.maximum(x, 0.0),
}
PAIRS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "ADD": np.add,
    "SUBTRACT": np.subtract,
    "MULTIPLY": np.multiply,
    "DIVIDE": np.divide,
    "POWER": np.power,
    "MAXIMUM": np.maximum,
    "MINIMUM": np.minimum,
}
COMPARISONS: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "EQUAL": np.equal,
    "NOT_EQUAL": np.not_equal,
    "LESS": np.less,
    "LESS_EQUAL": np.less_equal,
    "GREATER": np.greater,
    "GREATER_EQUAL": np.greater_equal,
}
SPECIAL = np.array(
    [
        0.0,
        -0.0,
        np.inf,
        -np.inf,
        np.nan,
        1.0,
        -1.0,
        3.4e38,
        -3.4e38,
        1.2e-38,
        -1.2e-38,
        88.73,
        -103.9,
        2.0**24,
    ],
    np.float32,
)


def run(operation: str, level: int, *operands: np.ndarray) -> np.ndarray:
    """One micro operation on 32-bit words, given and returned as float32."""
    a, b, c = (np.ascontiguousarray(each).view(np.float32) for each in (*operands, *operands[:1] * 3)[:3])
    y = np.empty_like(a)
    _core.micro(CODES[operation], y, a, b, c, level)
    return y


def numbers(count: int, seed: int) -> np.ndarray:
    """Every size of float32 there is, the ranges where functions bend, and special numbers."""
    random = np.random.default_rng(seed)
    anything = random.integers(0, 2**32, count, np.uint32).view(np.float32)
    near = [random.uniform(-width, width, count // 4) for width in (1e-3, 0.5, 1.0, 3.0, 12.0, 110.0)]
    beside = [-1 + 10.0 ** random.uniform(-7, 0, count // 8), 1 + random.uniform(-0.4, 0.4, count // 8)]
    with np.errstate(invalid="ignore"):  # some NaNs among them only signal
        return np.concatenate([SPECIAL, anything, *(each.astype("f4") for each in (*near, *beside))])


def assert_close(found: np.ndarray, exact: np.ndarray) -> None:
    """Equal where float32 has no number; else within MOST_ULPS units of the last place."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(np.float32)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(rounded))
        infinite = np.isinf(rounded)
        np.testing.assert_array_equal(found[infinite], rounded[infinite])
        finite = np.isfinite(rounded)
        unit = np.spacing(np.maximum(np.abs(rounded[finite]), np.float32(2.0**-126)))
        error = np.abs(found[finite] - exact[finite]) / unit.astype(np.float64)
    assert np.isfinite(found[finite]).all()
    worst = np.argmax(error)
    assert error[worst] <= MOST_ULPS, (found[finite][worst], exact[finite][worst])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("operation", FLOATS)
def test_function_of_one_number(operation: str, level: int):
    x = numbers(100_000, 1)
    with np.errstate(all="ignore"):
        exact = FLOATS[operation](x.astype(np.float64))
    assert_close(run(operation, level, x), exact)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("operation", PAIRS)
def test_function_of_two_numbers(operation: str, level: int):
    x1, x2 = numbers(60_000, 2), np.random.default_rng(3).permutation(numbers(60_000, 4))
    some, other = np.meshgrid(SPECIAL, SPECIAL)
    x1, x2 = np.concatenate([some.ravel(), x1]), np.concatenate([other.ravel(), x2])
    with np.errstate(all="ignore"):
        exact = PAIRS[operation](x1.astype(np.float64), x2.astype(np.float64))
    assert_close(run(operation, level, x1, x2), exact)


@pytest.mark.parametrize("level", LEVELS)
def test_product_with_a_sum_after_it(level: int):
    random = np.random.default_rng(5)
    a, b, c = random.normal(size=(3, 10_000)).astype(np.float32)
    exact = a.astype(np.float64) * b + c
    # Rounding the product costs half a unit of the product, which may be larger than the sum.
    unit = np.spacing(np.maximum(np.maximum(np.abs(a * b), np.abs(c)), np.abs(exact).astype("f4")))
    assert (np.abs(run("MULTIPLY_ADD", level, a, b, c) - exact) <= unit).all()


@pytest.mark.parametrize("level", LEVELS)
def test_zeros_keep_their_signs(level: int):
    zeros = np.array([0.0, -0.0], np.float32)
    for operation in ("SIN", "TANH", "ERF", "EXPM1", "SQRT"):
        y = run(operation, level, zeros)
        assert y.tolist() == [0, 0], operation
        assert np.signbit(y).tolist() == [False, True], operation
    assert np.signbit(run("NEGATIVE", level, zeros)).tolist() == [True, False]
    assert run("DIVIDE", level, np.ones(2, "f4"), zeros).tolist() == [np.inf, -np.inf]


@pytest.mark.parametrize("level", LEVELS)
def test_comparisons_and_masks(level: int):
    some, other = (each.ravel() for each in np.meshgrid(SPECIAL, SPECIAL))
    for operation, expected in COMPARISONS.items():
        mask = run(operation, level, some, other).view(np.int32)
        np.testing.assert_array_equal(mask, -expected(some, other).astype(np.int32), err_msg=operation)
    finite = run("ISFINITE", level, SPECIAL).view(np.int32)
    np.testing.assert_array_equal(finite, -np.isfinite(SPECIAL).astype(np.int32))
    one, two = np.array([0, 0, -1, -1], np.int32), np.array([0, -1, 0, -1], np.int32)
    for operation, expected in (("AND_M", one & two), ("OR_M", one | two), ("NOT_EQUAL_M", one ^ two)):
        np.testing.assert_array_equal(run(operation, level, one, two).view(np.int32), expected)
    np.testing.assert_array_equal(run("NOT_M", level, one).view(np.int32), ~one)
    chosen = run("WHERE", level, one, np.full(4, 7.0, "f4"), np.full(4, np.nan, "f4"))
    np.testing.assert_array_equal(chosen, [np.nan, np.nan, 7, 7])


INTEGERS: Mapping[str, tuple[str, Callable[..., np.ndarray]]] = {
    "NEGATIVE_I": ("i4", np.negative),
    "ABSOLUTE_I": ("i4", np.abs),
    "SIGN_I": ("i4", np.sign),
    "ADD_I": ("i4", np.add),
    "SUBTRACT_I": ("i4", np.subtract),
    "MULTIPLY_I": ("i4", np.multiply),
    "MAXIMUM_I": ("i4", np.maximum),
    "MINIMUM_I": ("i4", np.minimum),
    "EQUAL_I": ("i4", np.equal),
    "LESS_I": ("i4", np.less),
    "LESS_EQUAL_I": ("i4", np.less_equal),
    "MAXIMUM_U": ("u4", np.maximum),
    "MINIMUM_U": ("u4", np.minimum),
    "SHIFT_RIGHT_U": ("u4", lambda x, y: np.where(y > 31, 0, x >> np.minimum(y, 31))),
    "LESS_U": ("u4", np.less),
    "LESS_EQUAL_U": ("u4", np.less_equal),
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("operation", INTEGERS)
def test_whole_numbers(operation: str, level: int):
    dtype, function = INTEGERS[operation]
    random = np.random.default_rng(6)
    edges = np.array([0, 1, 2**31 - 1, 2**31, 2**32 - 1, 31, 32, 5], np.uint32)
    some, other = (each.ravel() for each in np.meshgrid(edges, edges))
    x1 = np.concatenate([some, random.integers(0, 2**32, 1000, np.uint32)]).view(dtype)
    x2 = np.concatenate([other, random.integers(0, 40, 1000, np.uint32)]).view(dtype)
    operands = (x1,) if operation in ("NEGATIVE_I", "ABSOLUTE_I", "SIGN_I") else (x1, x2)
    with np.errstate(all="ignore"):
        expected = function(*operands)
    if expected.dtype == bool:
        expected = -expected.astype("i4")
    found = run(operation, level, *operands).view(np.uint32)
    np.testing.assert_array_equal(found, expected.astype(dtype).view(np.uint32))


@pytest.mark.parametrize("level", LEVELS)
def test_casts(level: int):
    signed = np.array([0, 1, -1, 2**24 + 1, 2**31 - 1, -(2**31)], "i4")
    np.testing.assert_array_equal(run("FLOAT_FROM_I", level, signed), signed.astype("f4"))
    unsigned = np.array([0, 1, 2**24 + 1, 2**31, 2**32 - 1], "u4")
    np.testing.assert_array_equal(run("FLOAT_FROM_U", level, unsigned), unsigned.astype("f4"))
    floats = np.array([0.0, -0.5, 1.9, -1.9, 2.0**30, -(2.0**31), 3e9, -3e9, np.inf, np.nan], "f4")
    smallest = -(2**31)
    found = run("I_FROM_FLOAT", level, floats).view("i4").tolist()
    assert found == [0, 0, 1, -1, 2**30, smallest, smallest, smallest, smallest, smallest]
    assert run("U_FROM_FLOAT", level, floats).view("u4").tolist()[:3] == [0, 0, 1]
    assert run("U_FROM_FLOAT", level, np.array([4294967040.0], "f4")).view("u4").tolist() == [4294967040]
    masks = np.array([0, -1], "i4")
    assert run("FLOAT_FROM_M", level, masks).tolist() == [0, 1]
    assert run("I_FROM_M", level, masks).view("i4").tolist() == [0, 1]
    assert run("M_FROM_I", level, signed).view("i4").tolist() == [0, -1, -1, -1, -1, -1]
    assert run("M_FROM_FLOAT", level, np.array([0, -0.0, 0.5, np.nan], "f4")).view("i4").tolist() == [
        0,
        0,
        -1,
        -1,
    ]
    found = run("B_FROM_I", level, np.array([0, 255, 256, -1, 2**31 - 1], "i4")).view("i4").tolist()
    assert found == [0, 255, 0, 255, 255]
    np.testing.assert_array_equal(run("COPY", level, floats), floats)


def test_every_micro_operation_is_tested():
    casts = {name for name in CODES if "_FROM_" in name}
    masks = {"NOT_M", "AND_M", "OR_M", "NOT_EQUAL_M", "WHERE", "ISFINITE"}
    rest = {"COPY", "ROUND_TO_FLOAT", "MULTIPLY_ADD"}
    named = {*FLOATS, *PAIRS, *COMPARISONS, *INTEGERS, *casts, *masks, *rest}
    untested = set(CODES) - named
    assert not untested, f"{untested}: write what float64 gives in FLOATS of test_kernels.py"
    assert named <= set(CODES)


@pytest.mark.parametrize("operation", ["TANH", "EXP", "ERF", "LOG1P", "MULTIPLY_ADD"])
def test_a_number_is_the_same_wherever_it_stands(operation: str):
    # The bits of a result must not depend on how a tile is cut: vectors and their remainders agree.
    x = numbers(1000, 7)[:1000]
    x = x[np.isfinite(x)]
    for level in LEVELS:
        whole = run(operation, level, x)
        for start, end in ((0, 1), (1, 18), (5, 900), (3, 6)):
            assert run(operation, level, x[start:end]).tobytes() == whole[start:end].tobytes()


@pytest.mark.parametrize(
    "wrong",
    [(-1, 0, 4), (len(CODES), 0, 4), (0, -1, 4), (0, len(LEVELS), 4), (0, 0, 5)],
    ids=["operation", "large operation", "level", "large level", "size"],
)
def test_wrong_calls_are_refused(wrong: tuple[int, int, int]):
    operation, level, size = wrong
    x, y = np.zeros(4, "f4"), np.zeros(size, "f4")
    with pytest.raises(ValueError, match="micro got"):
        _core.micro(operation, y, x, x, x, level)
