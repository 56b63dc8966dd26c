"""Pooling, resizing and order in the core: NumPy's numbers on hard input, the same bits for any threads."""

from collections.abc import Sequence

import numpy as np
import pytest
from tests.contracts.cases import CASES, Case
from tests.executors.native.plans import kinds

from chainrule.backprop import differentiate
from chainrule.executors.native import available, compile_native, schedule
from chainrule.executors.numpy_ import NumpyProgram, compile_numpy, pooling
from chainrule.program import Program, Trace
from chainrule.program import functions as f

pytestmark = pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")

if available():
    from chainrule.executors.native import _core

NONE = ((0, 0), (0, 0))
# Window, stride, padding; more taps than the core takes at once, overlaps, gaps, and images without a rest.
GEOMETRIES = {
    "halves": ((2, 2), (2, 2), NONE),
    "thirds_padded": ((3, 3), (3, 3), ((1, 2), (2, 0))),
    "overlapping": ((3, 2), (1, 1), ((1, 1), (0, 1))),
    "many_taps": ((4, 5), (2, 3), ((3, 2), (1, 4))),
    "many_taps_apart": ((4, 4), (4, 4), NONE),
    "over_all": ((8, 12), (1, 1), NONE),
    "gaps": ((1, 2), (3, 4), NONE),
}
POOLS = ("max_pool", "max_pool_positions", "average_pool")


def hard(shape: Sequence[int], seed: int = 0) -> np.ndarray:
    """Numbers with many ties, both zeros, infinities and NaNs, some of them in one window."""
    random = np.random.default_rng(seed)
    x = random.integers(-3, 4, shape).astype("f4")
    x[random.random(shape) < 0.1] = -0.0
    for number in (np.inf, -np.inf, np.nan):
        x[random.random(shape) < 0.03] = number
    return x


def both(operation: str, *arrays: np.ndarray, **attributes: object) -> tuple[np.ndarray, np.ndarray]:
    """What the core gives, and what NumPy gives."""
    trace = Trace()
    tensors = [trace.input(f"x{i}", a.shape, a.dtype.name) for i, a in enumerate(arrays)]
    program = trace.program({"y": trace.record(operation, *tensors, **attributes)})
    inputs = {f"x{i}": array for i, array in enumerate(arrays)}
    compiled = compile_native(program)
    assert not isinstance(compiled, NumpyProgram)
    return compiled.run({}, inputs)["y"], compile_numpy(program).run({}, inputs)["y"]


@pytest.mark.parametrize("channels", [1, 16, 37, 130])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_pooling_gives_numpys_numbers(name: str, channels: int):
    window, stride, padding = GEOMETRIES[name]
    settings = {"window": window, "stride": stride, "padding": padding}
    x = hard((2, 8, 12, channels))
    for operation in POOLS:
        found, expected = both(operation, x, **settings)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    d_y = np.random.default_rng(1).normal(size=found.shape).astype("f4")
    found, expected = both("max_pool_adjoint", x, d_y, **settings)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)
    found, expected = both("average_pool_adjoint", d_y, **settings, size=(8, 12))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("level", range(_core.levels() if available() else 0))
@pytest.mark.parametrize("channels", [1, 16, 37, 130])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_pooling_on_every_instruction_set(name: str, channels: int, level: int):
    window, stride, padding = GEOMETRIES[name]
    before, x = [pair[0] for pair in padding], hard((8, 12, channels))
    geometry = (window, stride, padding)
    with np.errstate(invalid="ignore"):  # infinities and NaNs are there on purpose
        maximum, average = (pool(x[None], *geometry)[0] for pool in (pooling.max_pool, pooling.average_pool))
        d_y = np.random.default_rng(1).normal(size=maximum.shape).astype("f4")
        max_adjoint = pooling.max_pool_adjoint(x[None], d_y[None], *geometry)[0]
        average_adjoint = pooling.average_pool_adjoint(d_y[None], *geometry, (8, 12))[0]
    expected = {0: maximum, 1: max_adjoint, 2: average, 3: average_adjoint}
    for operation, result in expected.items():
        adjoint = operation in (1, 3)
        image, back = x.copy(), d_y.copy() if adjoint else np.full_like(d_y, 7.0)
        _core.pool(operation, image, back, window, stride, before, level)
        np.testing.assert_allclose(image if adjoint else back, result, rtol=1e-6, atol=1e-6)


def test_windows_of_minus_infinity_alone_send_to_their_first_element():
    x = np.full((1, 3, 3, 1), -np.inf, "f4")
    settings = {"window": (2, 2), "stride": (1, 1), "padding": ((1, 1), (1, 1))}
    found, expected = both("max_pool_adjoint", x, np.arange(16, dtype="f4").reshape(1, 4, 4, 1), **settings)
    np.testing.assert_array_equal(found, expected)
    assert found[0, 0, 0, 0] == 0 + 1 + 4 + 5


@pytest.mark.parametrize("method", ["nearest", "linear"])
@pytest.mark.parametrize("size", [(16, 24), (3, 5), (8, 1), (11, 13)])
def test_resizing_gives_numpys_numbers(size: tuple[int, int], method: str):
    random = np.random.default_rng(2)
    x, d_y = (random.normal(size=(2, *space, 37)).astype("f4") for space in ((8, 12), size))
    found, expected = both("resize", x, size=size, method=method)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    found, expected = both("resize_adjoint", d_y, size=(8, 12), method=method)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("method", ["nearest", "linear"])
def test_infinity_stays_where_it_is_read(method: str):
    d_y = np.array([1, np.inf, 2, 3], "f4").reshape(1, 4, 1)
    found, expected = both("resize_adjoint", d_y, size=(8,), method=method)
    np.testing.assert_array_equal(found, expected)
    assert np.isnan(found).any() == (method == "linear" and np.isnan(expected).any())
    if method == "nearest":
        assert found.ravel().tolist() == [0, 1, 0, np.inf, 0, 2, 0, 3]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_order_is_numpys(axis: int):
    x = hard((4, 33, 3))
    for array in (x, x.view("i4"), x.view("u4")):
        for descending in (False, True):
            np.testing.assert_array_equal(*both("argsort", array, axis=axis, descending=descending))
        np.testing.assert_array_equal(*both("argmax", array, axis=axis))
        np.testing.assert_array_equal(*both("arg_top_k", array, k=3, axis=axis))


def test_denormal_numbers_are_told_apart():
    x = np.array([0.0, 1e-45, -1e-45, -0.0, 3e-45], "f4")
    found, expected = both("argsort", x, axis=0, descending=False)
    np.testing.assert_array_equal(found, expected)
    assert both("argmax", x, axis=0)[0] == 4


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_running_sums_are_numpys(axis: int, reverse: bool):
    x = np.random.default_rng(3).normal(size=(4, 33, 3)).astype("f4")
    for array in (x, x.view("i4"), x.view("u4")):
        np.testing.assert_array_equal(*both("cumsum", array, axis=axis, reverse=reverse))


def pooled_step() -> Program:
    """A step that pools, resizes and orders, with derivatives; chunks are cut along a batch of 9."""
    trace = Trace()
    x, scale = trace.input("x", (9, 7, 6, 5)), trace.parameter("scale", (5,))
    y = f.max_pool(f.tanh(x * scale), 2)
    y = f.average_pool(f.resize(y, (5, 4), "linear"), (3, 2), stride=(1, 1), padding=[(1, 0), (0, 0)])
    y = f.resize(f.max_pool(y, (3, 3), stride=(1, 1)), (2, 5), "nearest") * scale
    sums = f.cumsum(f.tanh(y).reshape(9, -1), axis=1)
    loss = (sums * sums).mean() * 0.01
    d_scale = differentiate(loss, [scale])[scale.value]
    second = differentiate((d_scale * d_scale).sum(), [scale])[scale.value]
    outputs = {"loss": loss, "second": second, "best": f.argmax(sums, axis=1)}
    outputs["order"] = f.argsort(y.reshape(9, -1), axis=1)
    return trace.program(outputs, {scale: scale - 0.1 * d_scale})


def test_chunks_and_threads_change_no_bit(monkeypatch: pytest.MonkeyPatch):
    program = pooled_step()
    assert {"max_pool_adjoint", "average_pool_adjoint", "resize_adjoint", "cumsum"} <= set(kinds(program))
    x = np.random.default_rng(4).normal(size=(20, 7, 6, 5)).astype("f4")
    order = np.random.default_rng(5).integers(0, 20, (3, 9))
    monkeypatch.setattr(schedule, "SMALL_FLOPS", 0)
    monkeypatch.setattr(schedule, "chunk_count", lambda extent: max(1, min(4, extent)))
    results = []
    for compiled in (*(compile_native(program, threads) for threads in (1, 2, 4)), compile_numpy(program)):
        tree = {"scale": np.linspace(0.5, 1.5, 5).astype("f4")}
        results.append(compiled.bind(tree).run_many({"x": x}, order) | tree)
    for name, expected in results[3].items():
        assert results[0][name].tobytes() == results[1][name].tobytes() == results[2][name].tobytes()
        np.testing.assert_allclose(results[0][name], expected, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("operation", ["max_pool", "max_pool_adjoint", "average_pool", "resize", "cumsum"])
def test_cases_on_views(operation: str):
    # Dense copies are made of what is only seen, such as a transposed image.
    def turned(case: Case) -> Program:
        trace = Trace()
        arrays = [a.astype("f4") if a.dtype == np.float64 else a for a in case.arguments]
        tensors = [trace.input(f"x{i}", a.T.shape, a.dtype.name) for i, a in enumerate(arrays)]
        return trace.program({"y": case.record(trace, [t.transpose(*range(t.ndim)[::-1]) for t in tensors])})

    for case in CASES[operation]:
        program = turned(case)
        inputs = {f"x{i}": a.T.astype("f4") for i, a in enumerate(case.arguments)}
        if any(value.dtype != "float32" for value in program.inputs):
            continue
        found, expected = (run(program).run({}, inputs)["y"] for run in (compile_native, compile_numpy))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
