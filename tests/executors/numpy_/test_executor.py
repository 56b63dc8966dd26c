"""What the numpy executor does beyond the contract: checking what it is given, and every value of a call."""

import tracemalloc

import numpy as np
import pytest

from chainrule.backprop import differentiate
from chainrule.executors.numpy_ import compile_numpy, every_value
from chainrule.program import Program, Trace
from chainrule.program import functions as f


def step() -> Program:
    trace = Trace()
    x, w = trace.input("x", (4, 3), "float64"), trace.parameter("w", (3, 2), "float64")
    loss = f.softmax_cross_entropy(x @ w, f.softmax(x[:, :2])).mean()
    d_w = differentiate(loss, [w])[w.value]
    return trace.program({"loss": loss, "turned": w.transpose()}, {w: w - d_w})


def given() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    random = np.random.default_rng(0)
    return {"w": random.normal(size=(3, 2))}, {"x": random.normal(size=(4, 3))}


@pytest.mark.parametrize(
    "array", [np.zeros((3, 4)), np.zeros((4, 3), np.float32), np.zeros(12)], ids=["shape", "dtype", "rank"]
)
def test_arrays_that_do_not_fit_are_refused(array: np.ndarray):
    tree, _ = given()
    before = tree["w"].copy()
    with pytest.raises(TypeError, match=r"x: float64 \(4, 3\) was given"):
        compile_numpy(step()).run(tree, {"x": array})
    np.testing.assert_array_equal(tree["w"], before)


def test_every_value_is_that_of_the_call():
    program = step()
    tree, inputs = given()
    values = every_value(program, tree, inputs)
    assert set(values) == set(program.values())
    for value, array in values.items():
        assert (np.shape(array), np.asarray(array).dtype.name) == (value.shape, value.dtype)
    results = compile_numpy(program).run(tree, inputs)
    for name, result in results.items():
        np.testing.assert_array_equal(values[program.outputs[name]], result)
    for old, new in program.updates.items():
        np.testing.assert_array_equal(values[new], tree[old.name])


def test_every_value_stays_when_the_tree_moves_on():
    program = step()
    tree, inputs = given()
    before = tree["w"].copy()
    values = every_value(program, tree, inputs)
    np.testing.assert_array_equal(tree["w"], before)
    compile_numpy(program).run(tree, inputs)
    assert not np.array_equal(tree["w"], before)
    np.testing.assert_array_equal(values[program.value("w")], before)
    np.testing.assert_array_equal(values[program.outputs["turned"]], before.T)


def test_values_nobody_reads_any_more_are_let_go():
    trace = Trace()
    x = trace.input("x", (100_000,), "float64")
    y = x
    for _ in range(30):
        y = f.sin(y)
    compiled = compile_numpy(trace.program({"y": y}))
    inputs = {"x": np.ones(100_000)}
    compiled.run({}, inputs)
    tracemalloc.start()
    compiled.run({}, inputs)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * inputs["x"].nbytes  # of 30 values at most two at a time, and the output


def test_floating_point_warnings_are_not_raised():
    trace = Trace()
    x = trace.input("x", (2,))
    program = trace.program({"y": f.log(x) / 0.0 + f.exp(x * 1e4), "i": x.cast("int32")})
    x_values = np.array([-1.0, np.inf], np.float32)
    with np.errstate(all="raise"):
        y = compile_numpy(program).run({}, {"x": x_values})["y"]
        every_value(program, {}, {"x": x_values})
    assert np.isnan(y[0])
    assert y[1] == np.inf
