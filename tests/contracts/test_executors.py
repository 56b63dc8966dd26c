"""One suite for all executors: what every operation gives, and what `Compiled` promises."""

from typing import Any

import numpy as np
import pytest
from tests.contracts.cases import CASES, Case
from tests.contracts.oracle import ORACLE

from chainrule.backprop import differentiate
from chainrule.errors import ConfigError, DTypeError
from chainrule.executors import EXECUTORS, Compile, usable_executor
from chainrule.executors.numpy_ import NumpyProgram, compile_numpy
from chainrule.program import Program, Tensor, Trace
from chainrule.program import functions as f

# What adds many numbers may lose digits relative to the largest of them, not to a small total.
SUMMING = {
    "sum",
    "cumsum",
    "resize",
    "resize_adjoint",
    "scan",
    "matmul",
    "scatter_add",
    "convolution",
    "convolution_input_adjoint",
    "convolution_weight_adjoint",
    "max_pool_adjoint",
    "average_pool",
    "average_pool_adjoint",
    "logsumexp",
    *("layer_norm", "layer_norm_adjoint", "layer_norm_scale_adjoint"),
    "batch_norm",
    *("attention", "attention_query_adjoint", "attention_key_adjoint", "attention_value_adjoint"),
    "lstm",
    "gru",
    "ctc_loss",
    "softmax_cross_entropy",
    "softmax_cross_entropy_delta",
    "root_mean_square",
}
RELATIVE = {"float32": 1e-5, "float64": 1e-13}


@pytest.fixture(params=EXECUTORS)
def compiler(request: pytest.FixtureRequest) -> Compile:
    executor = EXECUTORS[request.param]
    missing = executor.missing()
    if missing is not None:
        pytest.skip(missing[0])
    return executor.compile


def in_both_widths() -> list:
    """Every case; with floats among its arguments, once in float64 and once in float32."""
    return [
        pytest.param(case, dtype, id=f"{case}-{dtype}")
        for cases in CASES.values()
        for case in cases
        for dtype in ("float64", "float32")
        if dtype == "float64" or any(a.dtype == np.float64 for a in case.arguments)
    ]


def as_they_are(trace: Trace, name: str, array: np.ndarray) -> tuple[Tensor, np.ndarray]:
    return trace.input(name, array.shape, array.dtype.name), array


def in_one_row(trace: Trace, name: str, array: np.ndarray) -> tuple[Tensor, np.ndarray]:
    """Stored in another shape, and seen in this one."""
    return trace.input(name, (array.size,), array.dtype.name).reshape(*array.shape), array.ravel()


def after_another(trace: Trace, name: str, array: np.ndarray) -> tuple[Tensor, np.ndarray]:
    """In the middle of what is stored."""
    stored = np.concatenate([np.zeros((3, *array.shape), array.dtype), array[None]])
    return trace.input(name, stored.shape, array.dtype.name)[3], stored


def transposed(trace: Trace, name: str, array: np.ndarray) -> tuple[Tensor, np.ndarray]:
    """Stored with its axes the other way round."""
    if array.ndim < 2:
        return as_they_are(trace, name, array)
    stored, order = array.T.copy(), reversed(range(array.ndim))
    return trace.input(name, stored.shape, array.dtype.name).transpose(*order), stored


# The core runs what it lacks in NumPy, and says so: test_native_dtypes.py.
@pytest.mark.filterwarnings("ignore:the compiled core has no")
@pytest.mark.parametrize("store", [as_they_are, in_one_row, after_another, transposed])
@pytest.mark.parametrize(("case", "dtype"), in_both_widths())
def test_operation_gives_the_oracles_values(compiler: Compile, case: Case, dtype: str, store: Any):
    arguments = [a.astype(dtype) if a.dtype == np.float64 else a for a in case.arguments]
    trace = Trace()
    inputs, tensors = {}, []
    for i, argument in enumerate(arguments):
        tensor, inputs[f"x{i}"] = store(trace, f"x{i}", argument)
        tensors.append(tensor)
    output = case.record(trace, tensors)
    program = trace.program({"y": output})
    y = compiler(program).run({}, inputs)["y"]
    assert (y.shape, y.dtype.name) == (output.shape, output.dtype)

    wide = [a.astype(np.float64) if a.dtype == np.float32 else a for a in arguments]
    expected = ORACLE[case.operation](*case.inputs(wide), **case.settings("float64"))
    expected = np.asarray(expected, output.dtype)
    assert y.shape == expected.shape
    if output.dtype not in RELATIVE:
        np.testing.assert_array_equal(y, expected)
        return
    relative = RELATIVE[output.dtype]
    largest = max((float(np.abs(a).max()) for a in (*wide, expected) if a.size), default=0.0)
    absolute = relative * largest if case.operation in SUMMING else 0.0
    np.testing.assert_allclose(y, expected, rtol=relative, atol=absolute)


# Extreme values, by hand: x, and y in either float width.
EXTREME = {
    "exp": ([-1e4, 1e4, -np.inf, np.inf], [0.0, np.inf, 0.0, np.inf]),
    "expm1": ([-1e4, 1e4, 1e-30], [-1.0, np.inf, 1e-30]),
    "log": ([0.0, np.inf, -1.0], [-np.inf, np.inf, np.nan]),
    "log1p": ([-1.0, 1e-30, -2.0], [-np.inf, 1e-30, np.nan]),
    "sqrt": ([0.0, np.inf, -1.0], [0.0, np.inf, np.nan]),
    "tanh": ([-1e4, 1e4, 1e-30], [-1.0, 1.0, 1e-30]),
    "sigmoid": ([-1e4, 1e4, -np.inf, np.inf, np.nan], [0.0, 1.0, 0.0, 1.0, np.nan]),
    "softplus": ([-1e4, 1e4, -np.inf, np.inf, np.nan], [0.0, 1e4, 0.0, np.inf, np.nan]),
    "erf": ([-1e4, 1e4, np.nan], [-1.0, 1.0, np.nan]),
    "relu": ([-np.inf, np.inf, np.nan], [0.0, np.inf, np.nan]),
    "sign": ([-np.inf, np.inf, np.nan], [-1.0, 1.0, np.nan]),
    "floor": ([-np.inf, 1e30], [-np.inf, 1e30]),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("operation", EXTREME)
def test_extreme_values(compiler: Compile, operation: str, dtype: str):
    x, expected = (np.array(numbers, dtype) for numbers in EXTREME[operation])
    trace = Trace()
    program = trace.program({"y": trace.record(operation, trace.input("x", x.shape, dtype))})
    np.testing.assert_allclose(compiler(program).run({}, {"x": x})["y"], expected, rtol=1e-6)


@pytest.mark.parametrize(("dtype", "far"), [("float32", -80.0), ("float64", -700.0)])
@pytest.mark.parametrize("operation", ["sigmoid", "softplus"])
def test_lower_tail_keeps_its_digits(compiler: Compile, operation: str, dtype: str, far: float):
    # Both are e^x (1 + O(e^x)) far below 0, where 1 + e^x would round to 1.
    x = np.array([far, far / 2], dtype)
    trace = Trace()
    program = trace.program({"y": trace.record(operation, trace.input("x", (2,), dtype))})
    y = compiler(program).run({}, {"x": x})["y"]
    np.testing.assert_allclose(y, np.exp(x.astype(np.float64)), rtol=1e-5 if dtype == "float32" else 1e-12)


def test_division_by_zero_is_a_result(compiler: Compile):
    trace = Trace()
    program = trace.program({"y": 1.0 / trace.input("x", (3,)), "z": trace.input("w", (1,)) / 0.0})
    results = compiler(program).run({}, {"x": np.array([0.0, -0.0, 2.0], "f4"), "w": np.zeros(1, "f4")})
    assert results["y"].tolist() == [np.inf, -np.inf, 0.5]
    assert np.isnan(results["z"]).all()


def test_maximum_and_minimum_pass_on_what_is_not_a_number(compiler: Compile):
    trace = Trace()
    x, y = trace.input("x", (2,)), trace.input("y", (2,))
    program = trace.program({"max": f.maximum(x, y), "min": f.minimum(x, y)})
    inputs = {"x": np.array([np.nan, 1], "f4"), "y": np.array([1, np.nan], "f4")}
    for result in compiler(program).run({}, inputs).values():
        assert np.isnan(result).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1e4, 3e4])
def test_extreme_logits_have_finite_losses_and_derivatives(compiler: Compile, dtype: str, size: float):
    logits = np.array([[size, -size, 0.0], [-size, -size, size], [-size, -size, -size]], dtype)
    targets = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], dtype)
    trace = Trace()
    x, t = trace.input("x", (3, 3), dtype), trace.input("t", (3, 3), dtype)
    loss = f.softmax_cross_entropy(x, t)
    d_x = differentiate(loss.sum(), [x])[x.value]
    results = compiler(trace.program({"loss": loss, "d_x": d_x})).run({}, {"x": logits, "t": targets})
    np.testing.assert_allclose(results["loss"], [2 * size, 0.0, np.log(3)], rtol=1e-6)
    third = 1 / 3
    np.testing.assert_allclose(results["d_x"], [[1, -1, 0], [0, 0, 0], [third - 1, third, third]], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_extreme_inputs_have_finite_derivatives(compiler: Compile, dtype: str):
    # σ' is 0 at both ends; softplus' is σ; tanh' is 0 at both ends.
    trace = Trace()
    x = trace.input("x", (2,), dtype)
    outputs = {}
    for name in ("sigmoid", "softplus", "tanh", "relu"):
        first = differentiate(trace.record(name, x).sum(), [x])[x.value]
        outputs[name] = first
        outputs[f"{name} twice"] = differentiate(first.sum(), [x])[x.value]
    results = compiler(trace.program(outputs)).run({}, {"x": np.array([-1e4, 1e4], dtype)})
    expected = {"sigmoid": [0, 0], "softplus": [0, 1], "tanh": [0, 0], "relu": [0, 1]}
    for name, values in expected.items():
        assert results[name].tolist() == values
        assert results[f"{name} twice"].tolist() == [0, 0]


def test_updates_overwrite_the_tree_after_the_last_step(compiler: Compile):
    trace = Trace()
    a, b = trace.parameter("a", (2,)), trace.state("b", (2,))
    outputs = {"old a": a, "b after": b * 10.0}
    program = trace.program(outputs, updates={a: b, b: a})
    tree = {"a": np.array([1, 2], "f4"), "b": np.array([3, 4], "f4")}
    given = dict(tree)
    results = compiler(program).run(tree, {})
    assert results["old a"].tolist() == [1, 2]
    assert results["b after"].tolist() == [30, 40]
    assert {name: array.tolist() for name, array in tree.items()} == {"a": [3, 4], "b": [1, 2]}
    assert all(tree[name] is given[name] for name in tree)  # in place


def test_steps_after_an_update_was_made_see_the_old_value(compiler: Compile):
    trace = Trace()
    w = trace.parameter("w", (2,))
    smaller = w - 1.0
    program = trace.program({"y": (smaller * w).sum()}, updates={w: smaller})
    tree = {"w": np.array([5, 7], "f4")}
    assert compiler(program).run(tree, {})["y"] == 4 * 5 + 6 * 7
    assert tree["w"].tolist() == [4, 6]


@pytest.mark.parametrize("later", ["nobody", "a gather", "a sum", "another update", "an output"])
def test_rows_are_put_into_a_parameter_when_nobody_needs_the_old_ones(compiler: Compile, later):
    trace = Trace()
    w, other, new = (trace.parameter(name, (4, 2)) for name in ("w", "other", "new"))
    rows = trace.input("rows", (3,), "int32")
    seen = f.gather(w, rows)
    put = f.put(w, rows, seen * 2.0 + f.gather(new, rows))
    outputs = {"seen": seen.sum()}
    updates = {w: put}
    if later == "a gather":
        outputs["later"] = f.gather(w, rows + 0).sum() + put.sum()
    elif later == "a sum":
        outputs["later"] = (w * w).sum() + put.sum()
    elif later == "another update":
        updates[other] = w
    elif later == "an output":
        outputs["later"] = w
    compiled = compiler(trace.program(outputs, updates))
    start = np.arange(8, dtype="f4").reshape(4, 2)
    tree = {"w": start.copy(), "other": np.zeros((4, 2), "f4"), "new": np.full((4, 2), 100, "f4")}
    results = compiled.run(tree, {"rows": np.array([3, 1, 3], "i4")})
    expected = start.copy()
    expected[[1, 3]] = 2 * start[[1, 3]] + 100
    np.testing.assert_array_equal(tree["w"], expected)
    assert results["seen"] == start[[3, 1, 3]].sum()
    if later == "a gather":
        assert results["later"] == start[[3, 1, 3]].sum() + expected.sum()
    elif later == "a sum":
        assert results["later"] == (start * start).sum() + expected.sum()
    elif later == "another update":
        np.testing.assert_array_equal(tree["other"], start)
    elif later == "an output":
        np.testing.assert_array_equal(results["later"], start)


def test_what_is_not_updated_stays(compiler: Compile):
    trace = Trace()
    w, x = trace.parameter("w", (3,)), trace.input("x", (3,))
    one = trace.constant(np.array([1], "i4"), "int32")
    program = trace.program({"y": f.scatter_add(w, one, x[:1]), "z": x.reshape(3, 1)})
    tree, inputs = {"w": np.array([1, 2, 3], "f4")}, {"x": np.array([4, 5, 6], "f4")}
    results = compiler(program).run(tree, inputs)
    assert results["y"].tolist() == [1, 6, 3]
    assert tree["w"].tolist() == [1, 2, 3]
    assert inputs["x"].tolist() == [4, 5, 6]


def test_outputs_do_not_alias_tree_inputs_or_each_other(compiler: Compile):
    trace = Trace()
    w, x = trace.parameter("w", (2, 3)), trace.input("x", (2, 3))
    views = {"w": w, "w reshaped": w.reshape(3, 2), "w turned": w.transpose(), "w sliced": w[1:], "x": x}
    views |= {"x held": f.stop_gradient(x), "x again": x, "row": f.broadcast_to(x[0], (2, 3))}
    views |= {"constant": trace.constant(np.ones((2, 2), "f4"))}
    compiled = compiler(trace.program(views, updates={w: w.reshape(3, 2).reshape(2, 3)}))
    start = np.arange(6, dtype="f4").reshape(2, 3)
    tree, inputs = {"w": start.copy()}, {"x": start.copy()}
    results = compiled.run(tree, inputs)
    before = {name: array.copy() for name, array in results.items()}
    for name, array in results.items():
        array[...] = -1  # writable, and nobody else's
        for other, kept in results.items():
            if other != name:
                np.testing.assert_array_equal(kept, before[other])
        array[...] = before[name]
    tree["w"][...] = 99
    inputs["x"][...] = 99
    for name, array in results.items():
        np.testing.assert_array_equal(array, before[name])
    for name, array in compiled.run({"w": start.copy()}, {"x": start.copy()}).items():
        np.testing.assert_array_equal(array, before[name])


def test_a_value_may_be_read_late_and_be_an_output(compiler: Compile):
    trace = Trace()
    x = trace.input("x", (2,))
    h = x + 1.0
    y = h * 2.0
    for _ in range(3):
        y = y + 1.0
    program = trace.program({"h": h, "same": h, "y": y * h + x})
    results = compiler(program).run({}, {"x": np.array([1, 2], "f4")})
    assert {name: a.tolist() for name, a in results.items()} == {
        "h": [2, 3],
        "same": [2, 3],
        "y": [7 * 2 + 1, 9 * 3 + 2],
    }


def noisy_training_step() -> Program:
    """A linear model with noise drawn from a key that counts up: it uses parameters, state and randomness."""
    trace = Trace()
    x, t = trace.input("x", (4, 3)), trace.input("t", (4, 2))
    w = trace.parameter("w", (3, 2))
    key, velocity = trace.state("key", (2,), "uint32"), trace.state("velocity", (3, 2))
    with trace.at(layer="dense"):
        noise = f.uniform(key, (4, 3), stream=1)
        y = f.tanh((x * noise) @ w)
    loss = ((y - t) * (y - t)).mean()
    d_w = differentiate(loss, [w])[w.value]
    with trace.at(part="update"):
        new = velocity * 0.9 + d_w
        updates = {w: w - new * 0.1, velocity: new, key: key + trace.constant(np.array([1, 0]), "uint32")}
    return trace.program({"loss": loss, "y": y}, updates)


def convolutional_training_step() -> Program:
    """Convolution, pooling and a dense layer under plain gradient descent; the core lacks two of them."""
    trace = Trace()
    x, t = trace.input("x", (4, 6, 5, 1)), trace.input("t", (4, 2))
    kernel, w = trace.parameter("kernel", (3, 3, 1, 3)), trace.parameter("w", (27, 2))
    pooled = f.max_pool(f.relu(f.convolution(x, kernel, padding="same")), 2, padding=[(0, 0), (0, 1)])
    loss = f.softmax_cross_entropy(pooled.reshape(4, 27) @ w, t).mean()
    deltas = differentiate(loss, [kernel, w])
    return trace.program({"loss": loss}, {p: p - 0.3 * deltas[p.value] for p in (kernel, w)})


def test_network_with_operations_that_the_core_lacks_trains_all_the_same(compiler: Compile):
    random = np.random.default_rng(5)
    tree = {"kernel": random.normal(size=(3, 3, 1, 3)), "w": 0.1 * random.normal(size=(27, 2))}
    tree = {name: array.astype("f4") for name, array in tree.items()}
    bright = np.arange(12) % 2
    x = random.normal(size=(12, 6, 5, 1)) + bright[:, None, None, None]
    chunk = {"x": x.astype("f4"), "t": np.eye(2, dtype="f4")[bright]}
    losses = (
        compiler(convolutional_training_step())
        .bind(tree)
        .run_many(chunk, random.integers(0, 12, (60, 4)))["loss"]
    )
    assert losses[-10:].mean() < 0.5 * losses[:10].mean()


def start_of_training() -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    return {
        "w": random.normal(size=(3, 2)).astype("f4"),
        "key": np.array([5, 6], np.uint32),
        "velocity": np.zeros((3, 2), "f4"),
    }


def chunk_of_examples() -> dict[str, np.ndarray]:
    random = np.random.default_rng(4)
    return {"x": random.normal(size=(10, 3)).astype("f4"), "t": random.normal(size=(10, 2)).astype("f4")}


def test_same_inputs_same_outputs(compiler: Compile):
    inputs = {name: array[:4] for name, array in chunk_of_examples().items()}
    compiled, runs = compiler(noisy_training_step()), []
    for executable in (compiled, compiled, compiler(noisy_training_step())):
        tree = start_of_training()
        runs.append((executable.run(tree, inputs), tree))
    for results, tree in runs[1:]:
        for name, array in results.items():
            np.testing.assert_array_equal(array, runs[0][0][name])
        for name, array in tree.items():
            np.testing.assert_array_equal(array, runs[0][1][name])


def test_run_many_equals_repeated_run(compiler: Compile):
    compiled, chunk = compiler(noisy_training_step()), chunk_of_examples()
    order = np.array([[0, 1, 2, 3], [9, 9, 0, 4], [5, 6, 7, 8], [1, 0, 3, 2]])
    one_by_one, at_once = start_of_training(), start_of_training()
    rows = [compiled.run(one_by_one, {name: a[indices] for name, a in chunk.items()}) for indices in order]
    many = compiled.bind(at_once).run_many(chunk, order)
    assert many["loss"].shape == (4,)
    assert many["y"].shape == (4, 4, 2)
    for name, stacked in many.items():
        np.testing.assert_array_equal(stacked, np.stack([row[name] for row in rows]))
    for name, array in at_once.items():
        np.testing.assert_array_equal(array, one_by_one[name])
    assert at_once["key"].tolist() == [9, 6]


def step_of_pictures_and_words(pixels: str, numbers: str) -> Program:
    """Pictures and words tell classes apart, in the dtypes that they are given in."""
    trace = Trace()
    pictures, words = trace.input("pictures", (4, 5, 5), pixels), trace.input("words", (4, 3), numbers)
    classes = trace.input("classes", (4,), numbers)
    w, table = trace.parameter("w", (25, 3)), trace.parameter("table", (7, 3))
    bright = pictures.cast("float32") / 255.0
    y = bright.reshape(4, 25) @ w + f.gather(table, words).sum(1)
    loss = f.softmax_cross_entropy(y, f.one_hot(classes, 3)).mean()
    deltas = differentiate(loss, [w, table])
    return trace.program({"loss": loss}, {p: p - 0.5 * deltas[p.value] for p in (w, table)})


def test_bytes_and_long_integers_train_as_floats_and_short_ones_do(compiler: Compile):
    random = np.random.default_rng(6)
    given = {
        "pictures": random.integers(0, 256, (12, 5, 5)),
        "words": random.integers(-7, 7, (12, 3)),
        "classes": random.integers(-1, 4, 12),  # one_hot of what is no class is 0
    }
    order, results = random.integers(0, 12, (9, 4)), []
    for pixels, numbers in (("float32", "int32"), ("uint8", "int64")):
        chunk = {
            name: array.astype(pixels if name == "pictures" else numbers) for name, array in given.items()
        }
        tree = {"w": np.zeros((25, 3), "f4"), "table": np.zeros((7, 3), "f4")}
        compiled = compiler(step_of_pictures_and_words(pixels, numbers))
        assert isinstance(compiled, NumpyProgram) == (compiler is compile_numpy)
        results.append(compiled.bind(tree).run_many(chunk, order) | tree)
    for name, array in results[0].items():
        np.testing.assert_array_equal(results[1][name], array)
    assert results[0]["loss"].std() > 0


def test_arithmetic_of_bytes_is_refused_and_the_message_says_what_to_do():
    x = Trace().input("x", (3,), "uint8")
    for calculate in (lambda: x + x, lambda: x * 2, lambda: x.sum(), lambda: f.equal(x, x), lambda: -x):
        with pytest.raises(DTypeError, match=r"got uint8; it needs .*float32.*\n*.*cast it"):
            calculate()


def test_run_many_of_no_calls(compiler: Compile):
    tree = start_of_training()
    many = (
        compiler(noisy_training_step()).bind(tree).run_many(chunk_of_examples(), np.zeros((0, 4), np.int64))
    )
    assert {name: (a.shape, a.dtype.name) for name, a in many.items()} == {
        "loss": ((0,), "float32"),
        "y": ((0, 4, 2), "float32"),
    }
    np.testing.assert_array_equal(tree["w"], start_of_training()["w"])


@pytest.mark.parametrize(("dtype", "relative"), [("float32", 1e-4), ("float64", 1e-12)])
def test_training_run_equals_the_textbook_written_out(compiler: Compile, dtype: str, relative: float):
    # A two-layer network, softmax cross-entropy and plain gradient descent, with derivatives worked by hand.
    random = np.random.default_rng(8)
    x = random.normal(size=(12, 3)).astype(dtype)
    t = np.eye(4, dtype=dtype)[random.integers(0, 4, 12)]
    start = {"W1": (3, 5), "b1": (5,), "W2": (5, 4), "b2": (4,)}
    tree = {name: random.normal(size=shape).astype(dtype) for name, shape in start.items()}
    hand = {name: array.astype(np.float64) for name, array in tree.items()}

    trace = Trace()
    inputs = trace.input("x", x.shape, dtype), trace.input("t", t.shape, dtype)
    w1, b1, w2, b2 = (trace.parameter(name, shape, dtype) for name, shape in start.items())
    logits = f.tanh(inputs[0] @ w1 + b1) @ w2 + b2
    loss = f.softmax_cross_entropy(logits, inputs[1]).mean()
    deltas = differentiate(loss, [w1, b1, w2, b2])
    updates = {p: p - 0.5 * deltas[p.value] for p in (w1, b1, w2, b2)}
    compiled = compiler(trace.program({"loss": loss}, updates))

    for _ in range(20):
        found = compiled.run(tree, {"x": x, "t": t})["loss"]
        h = np.tanh(x @ hand["W1"] + hand["b1"])
        z = h @ hand["W2"] + hand["b2"]
        y = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        np.testing.assert_allclose(found, -np.log((y * t).sum(1)).mean(), rtol=relative)
        d_z = (y - t) / len(x)
        d_h = (d_z @ hand["W2"].T) * (1 - h**2)
        hand["W2"] -= 0.5 * h.T @ d_z
        hand["b2"] -= 0.5 * d_z.sum(0)
        hand["W1"] -= 0.5 * x.T @ d_h
        hand["b1"] -= 0.5 * d_h.sum(0)
    for name, array in tree.items():
        assert array.dtype.name == dtype
        np.testing.assert_allclose(array, hand[name], rtol=10 * relative, atol=relative)


# Sessions


def test_a_session_reads_and_writes_the_tree_where_it_lies(compiler: Compile):
    session, start = compiler(noisy_training_step()).bind(start_of_training()), start_of_training()
    assert {name: array.tolist() for name, array in session.read().items()} == {
        name: array.tolist() for name, array in start.items()
    }
    session.run_many(chunk_of_examples(), np.arange(8).reshape(2, 4))
    once = {name: array.copy() for name, array in session.read().items()}
    assert not np.array_equal(once["w"], start["w"])
    assert [*session.read(["w"])] == ["w"]
    session.write({"w": start["w"], "velocity": start["velocity"], "key": start["key"]})
    np.testing.assert_array_equal(session.read(["w"])["w"], start["w"])
    session.run_many(chunk_of_examples(), np.arange(8).reshape(2, 4))
    for name, array in session.read().items():
        np.testing.assert_array_equal(array, once[name])


def test_sessions_of_two_programs_share_one_tree(compiler: Compile):
    trace = Trace()
    w = trace.parameter("w", (3, 2))
    doubled = compiler(trace.program({"sum": w.sum()}, {w: w * 2.0}))
    first = compiler(noisy_training_step()).bind(start_of_training())
    second = doubled.bind(first)
    second.run_many({}, np.zeros((3, 0), int))
    np.testing.assert_allclose(first.read(["w"])["w"], 8 * start_of_training()["w"], rtol=1e-6)
    first.run_many(chunk_of_examples(), np.arange(4)[None])
    np.testing.assert_array_equal(first.read(["w"])["w"], second.read(["w"])["w"])


def test_a_session_of_another_executor_is_refused(compiler: Compile):
    with pytest.raises(TypeError, match="object is of another executor"):
        compiler(noisy_training_step()).bind(object())  # type: ignore[arg-type]


# The table


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nativ", r"^executor is 'nativ' \(did you mean 'native'\?\); give one of native, numpy"),
        (compile_numpy, r"^executor is <function compile_numpy .*>; give one of native, numpy"),
    ],
)
def test_what_is_no_name_of_an_executor_is_refused(name, message):
    with pytest.raises(ConfigError, match=message):
        usable_executor(name)
