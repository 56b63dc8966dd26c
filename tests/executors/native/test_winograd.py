"""Winograd's filtering on every instruction set, against float64 and a bound of its rounding."""

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from tests.executors.native.plans import kinds

from chainrule.executors.native import _core, compile_native
from chainrule.executors.native.convolution import winograd_pays
from chainrule.program import Program, Trace
from chainrule.program import functions as f

ROUNDING = 2.0**-24  # of float32, relative
SIDE, SEEN = 4, 6
LEVELS = range(_core.levels())

# Batch, height, width, inputs, outputs, zeros before and after: sizes that leave rests of tiles, of vectors
# of 4, 8 and 16 channels, of panels of 32 outputs and of blocks of tiles and of inputs.
CASES = {
    "smallest": (1, 1, 1, 1, 1, ((1, 1), (1, 1))),
    "one_tile": (1, 6, 6, 4, 8, ((0, 0), (0, 0))),
    "valid": (2, 13, 15, 3, 5, ((0, 0), (0, 0))),
    "same": (3, 8, 8, 16, 32, ((1, 1), (1, 1))),
    "uneven_zeros": (2, 7, 9, 37, 20, ((2, 2), (0, 1))),
    "a_line": (2, 1, 30, 5, 17, ((1, 1), (1, 1))),
    "many_tiles": (5, 21, 32, 16, 40, ((1, 1), (1, 1))),
    "many_inputs": (1, 9, 9, 150, 33, ((1, 0), (0, 2))),
}


def drawn(case: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[int]]:
    """x, weights, a derivative by y, and the zeros before."""
    batch, height, width, inputs, outputs, padding = CASES[case]
    random = np.random.default_rng(3)
    high, wide = (n + sum(pair) - 2 for n, pair in zip((height, width), padding, strict=True))
    shapes = (batch, height, width, inputs), (3, 3, inputs, outputs), (batch, high, wide, outputs)
    x, weight, d_y = (random.normal(size=shape).astype("f4") for shape in shapes)
    return x, weight, d_y, [pair[0] for pair in padding]


def padded(x: np.ndarray, before: list[int], height: int, width: int) -> np.ndarray:
    """x in float64 amid zeros, cut to this size."""
    image = np.zeros((x.shape[0], height + x.shape[1], width + x.shape[2], x.shape[3]))
    image[:, before[0] : before[0] + x.shape[1], before[1] : before[1] + x.shape[2]] = x
    return image[:, :height, :width]


def convolved(x: np.ndarray, weight: np.ndarray, before: list[int], high: int, wide: int) -> np.ndarray:
    """Windows of 3×3, tap by tap."""
    image = padded(x, before, high + 2, wide + 2)
    taps = [(i, j) for i in range(3) for j in range(3)]
    return np.sum([image[:, i : i + high, j : j + wide] @ weight[i, j].astype("f8") for i, j in taps], 0)


def correlated(x: np.ndarray, d_y: np.ndarray, before: list[int]) -> np.ndarray:
    """The derivative by the weights, tap by tap."""
    _, high, wide, _ = d_y.shape
    image = padded(x, before, high + 2, wide + 2)
    taps = [
        np.tensordot(image[:, i : i + high, j : j + wide], d_y.astype("f8"), ((0, 1, 2), (0, 1, 2)))
        for i in range(3)
        for j in range(3)
    ]
    return np.reshape(taps, (3, 3, *taps[0].shape))


def matrices() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Aᵀ (4, 6), G (6, 3) and Bᵀ (6, 6), from the points by Lagrange's interpolation."""
    points = [0.0, 2 / 3, -2 / 3, 3 / 2, -3 / 2]
    a, g, b = np.zeros((4, 6)), np.zeros((6, 3)), np.zeros((6, 6))
    for i, point in enumerate(points):
        others = [each for each in points if each != point]
        a[:, i] = [point**k for k in range(4)]
        g[i] = [point**k / np.prod([point - each for each in others]) for k in range(3)]
        b[i, :5] = Polynomial.fromroots(others).coef
    a[3, 5] = g[5, 2] = 1
    b[5] = Polynomial.fromroots(points).coef
    return a, g, b


A, G, B = (np.abs(matrix) for matrix in matrices())


def tiles_of(image: np.ndarray, side: int, high: int, wide: int) -> np.ndarray:
    """The tiles that begin at every fourth place: (batch, rows, columns, side, side, channels)."""
    windows = np.lib.stride_tricks.sliding_window_view(image, (side, side), (1, 2))
    return np.moveaxis(windows[:, : SIDE * high : SIDE, : SIDE * wide : SIDE], 3, -1)


def bound(x: np.ndarray, weight: np.ndarray, before: list[int], high: int, wide: int) -> np.ndarray:
    """What the magnitudes at the points can round to: (inputs + 32) ε of their sum, to first order."""
    rows, columns = -(-high // SIDE), -(-wide // SIDE)
    image = padded(np.abs(x), before, SIDE * rows + 2, SIDE * columns + 2)
    d = np.einsum("pi,qj,nrcijk->nrcpqk", B, B, tiles_of(image, SEEN, rows, columns), optimize=True)
    u = np.einsum("pi,qj,ijko->pqko", G, G, np.abs(weight), optimize=True)
    m = np.einsum("nrcpqk,pqko->nrcpqo", d, u, optimize=True)
    y = np.einsum("ip,jq,nrcpqo->nricjo", A, A, m, optimize=True)
    y = y.reshape(len(x), SIDE * rows, SIDE * columns, -1)
    return (x.shape[3] + 32) * ROUNDING * y[:, :high, :wide]


def bound_of_weights(x: np.ndarray, d_y: np.ndarray, before: list[int]) -> np.ndarray:
    """The same of the derivative by the weights, whose sums go over tiles."""
    rows, columns = (-(-n // SIDE) for n in d_y.shape[1:3])
    image = padded(np.abs(x), before, SIDE * rows + 2, SIDE * columns + 2)
    back = padded(np.abs(d_y), [0, 0], SIDE * rows, SIDE * columns)
    d = np.einsum("pi,qj,nrcijk->nrcpqk", B, B, tiles_of(image, SEEN, rows, columns), optimize=True)
    m = np.einsum("ip,jq,nrcijo->nrcpqo", A, A, tiles_of(back, SIDE, rows, columns), optimize=True)
    u = np.einsum("nrcpqk,nrcpqo->pqko", d, m, optimize=True)
    return (len(x) * rows * columns + 32) * ROUNDING * np.einsum("pi,qj,pqko->ijko", G, G, u, optimize=True)


def by_core(
    operation: int, a: np.ndarray, b: np.ndarray, shape: tuple[int, ...], before: list[int], level: int
) -> np.ndarray:
    """The core's result, with guards around it."""
    size = int(np.prod(shape))
    guarded = np.full(size + 64, 7.0, np.float32)
    result = guarded[32 : 32 + size].reshape(shape)
    result[...] = np.nan  # nothing of what was there may stay
    _core.winograd(operation, a, b, result, before, level)
    assert (guarded[:32] == 7.0).all()
    assert (guarded[-32:] == 7.0).all()
    return result


def check(found: np.ndarray, exact: np.ndarray, allowed: np.ndarray) -> None:
    """Within the bound everywhere, and usually far from it."""
    error = np.abs(found - exact)
    assert (error <= allowed).all()
    assert np.sqrt((error**2).mean()) <= 2e-6 * np.sqrt((exact**2).mean())


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("case", CASES)
def test_convolution_keeps_its_bound(case: str, level: int):
    x, weight, d_y, before = drawn(case)
    high, wide = d_y.shape[1:3]
    found = by_core(0, x, weight, d_y.shape, before, level)
    check(found, convolved(x, weight, before, high, wide), bound(x, weight, before, high, wide))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("case", CASES)
def test_derivative_by_the_input_keeps_its_bound(case: str, level: int):
    x, weight, d_y, before = drawn(case)
    high, wide = x.shape[1:3]
    around, transposed = [2 - n for n in before], weight[::-1, ::-1].swapaxes(2, 3)
    found = by_core(1, d_y, weight, x.shape, around, level)
    exact = convolved(d_y, transposed, around, high, wide)
    check(found, exact, bound(d_y, transposed, around, high, wide))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("case", CASES)
def test_derivative_by_the_weights_keeps_its_bound(case: str, level: int):
    x, weight, d_y, before = drawn(case)
    found = by_core(2, x, d_y, weight.shape, before, level)
    check(found, correlated(x, d_y, before), bound_of_weights(x, d_y, before))


def test_what_does_not_fit_is_refused():
    x = np.ones((1, 6, 6, 2), "f4")
    for weight, before in ((np.ones((3, 3, 3, 1), "f4"), [0, 0]), (np.ones((2, 3, 2, 1), "f4"), [0, 0])):
        with pytest.raises(ValueError, match="do not fit"):
            _core.winograd(0, x, weight, np.ones((1, 4, 4, 1), "f4"), before, 0)
    with pytest.raises(ValueError, match="do not fit"):
        _core.winograd(0, x, np.ones((3, 3, 2, 1), "f4"), np.ones((1, 4, 4, 1), "f4"), [3, 0], 0)


def program(batch: int, side: int, inputs: int, outputs: int, **settings: object) -> Program:
    """A convolution, and both its derivatives for a given one by y."""
    usual = {"stride": (1, 1), "dilation": (1, 1), "padding": ((1, 1), (1, 1)), "groups": 1}
    attributes = {**usual, **settings}
    trace = Trace()
    x = trace.input("x", (batch, side, side, inputs))
    weight = trace.input("weight", (3, 3, inputs // attributes["groups"], outputs))
    y = trace.record("convolution", x, weight, **attributes)
    d_y = trace.input("d_y", y.shape)
    d_x = trace.record("convolution_input_adjoint", d_y, weight, **attributes, size=(side, side))
    d_weight = trace.record("convolution_weight_adjoint", x, d_y, **attributes, window=(3, 3))
    return trace.program({"y": y, "d_x": d_x, "d_weight": d_weight})


def test_the_bits_are_the_same_for_any_number_of_threads():
    random = np.random.default_rng(4)
    for sizes in ((8, 16, 32, 32), (32, 8, 64, 64), (3, 20, 330, 360)):  # the last: cut by inputs
        traced = program(*sizes)
        assert {"winograd", "winograd_filters", "winograd_weight_adjoint"} <= set(kinds(traced))
        given = {v.name: random.normal(size=v.shape).astype("f4") for v in traced.inputs}
        alone, *others = (compile_native(traced, threads=n).run({}, given) for n in (1, 2, 5))
        for other in others:
            for name, array in alone.items():
                np.testing.assert_array_equal(other[name], array)
        exact = convolved(given["x"], given["weight"], [1, 1], *sizes[1:2] * 2)
        np.testing.assert_allclose(alone["y"], exact, rtol=0, atol=1e-5 * np.abs(exact).max())
        d_weight = correlated(given["x"], given["d_y"], [1, 1])
        np.testing.assert_allclose(alone["d_weight"], d_weight, rtol=0, atol=1e-5 * np.abs(d_weight).max())


def test_weights_that_are_updated_reach_the_next_step():
    trace = Trace()
    x = trace.input("x", (8, 16, 16, 32))
    weight = trace.parameter("weight", (3, 3, 32, 32))
    y = f.convolution(x, weight, padding=((1, 1), (1, 1)))
    traced = trace.program({"y": y.mean()}, updates={weight: weight * 2.0})
    assert "winograd" in kinds(traced)
    random = np.random.default_rng(5)
    tree = {"weight": random.normal(size=weight.shape).astype("f4")}
    session = compile_native(traced).bind(tree)
    order = np.zeros((3, 8), np.int32)
    means = session.run_many({"x": random.normal(size=(1, 16, 16, 32)).astype("f4")}, order)["y"]
    np.testing.assert_allclose(means[1:] / means[:-1], 2.0, rtol=1e-5)


@pytest.mark.parametrize(
    ("sizes", "settings", "pays"),
    [
        ((64, 32, 16, 16), {}, True),
        ((64, 15, 64, 128), {"padding": ((0, 0), (0, 0))}, True),
        ((1, 32, 64, 64), {}, True),
        ((64, 13, 4, 8), {}, False),  # what it multiplies is less than what it transforms
        ((1, 8, 128, 256), {}, False),  # few tiles for many filters
        ((64, 32, 16, 16), {"stride": (2, 2)}, False),
        ((64, 32, 16, 16), {"dilation": (2, 2)}, False),
        ((64, 32, 64, 64), {"groups": 2}, False),
        ((64, 32, 64, 64), {"padding": ((3, 3), (3, 3))}, False),
    ],
)
def test_it_runs_where_it_pays(sizes: tuple[int, ...], settings: dict[str, object], pays: bool):
    found = kinds(program(*sizes, **settings))
    assert ("winograd" in found, "winograd_weight_adjoint" in found) == (pays, pays)


def test_the_choice_is_of_the_shape_alone():
    sizes = (64, 32, 32, 16, 3, 3, 16, 1, 1, 1, 1, 1, 1, 1, 32, 32)
    assert winograd_pays(sizes)
    assert not winograd_pays((*sizes[:4], 3, 1, *sizes[6:]))
