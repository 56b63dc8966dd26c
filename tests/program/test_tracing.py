"""Recording: operators, indexing, names, and what of a trace becomes a program."""

import numpy as np
import pytest

from chainrule.backprop import differentiate
from chainrule.errors import ChainruleError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f


def computed(output: Tensor, **inputs: np.ndarray) -> np.ndarray:
    return compile_numpy(output.trace.program({"y": output})).run({}, inputs)["y"]


X = np.array([[1.5, -2.0, 3.0], [0.5, 4.0, -1.0]])
Y = np.array([[2.0, 1.0, 3.0], [1.0, 2.0, 2.0]])

OPERATORS = {
    "add": (lambda x, y: x + y),
    "add_number": (lambda x, y: x + 2),
    "number_add": (lambda x, y: 2.5 + x),
    "subtract": (lambda x, y: x - y),
    "number_subtract": (lambda x, y: 2 - x),
    "multiply": (lambda x, y: x * y),
    "number_multiply": (lambda x, y: 3 * x),
    "divide": (lambda x, y: x / y),
    "number_divide": (lambda x, y: 3 / x),
    "power": (lambda x, y: x**2),
    "number_power": (lambda x, y: 2.0**x),
    "array_add": (lambda x, y: Y[0] + x),
    "add_array": (lambda x, y: x + Y[0]),
    "array_subtract": (lambda x, y: Y - x),
    "numpy_number": (lambda x, y: np.float64(2) - x),
    "numpy_float32": (lambda x, y: x * np.float32(0.5)),
    "numpy_int": (lambda x, y: np.int64(2) * x),
    "negative": (lambda x, y: -x),
    "absolute": (lambda x, y: abs(x)),
    "matmul": (lambda x, y: x @ y.transpose()),
    "matmul_array": (lambda x, y: x @ Y.T),
    "array_matmul": (lambda x, y: Y.T @ x),
    "less": (lambda x, y: x < y),
    "less_equal": (lambda x, y: x <= y),
    "greater": (lambda x, y: x > y),
    "greater_equal": (lambda x, y: x >= y),
    "number_less": (lambda x, y: x > 1.5),
    "number_greater_equal": (lambda x, y: x <= 1.5),
    "array_less": (lambda x, y: y < x),
    "sum": (lambda x, y: x.sum()),
    "sum_last": (lambda x, y: x.sum(-1)),
    "sum_kept": (lambda x, y: x.sum(0, keepdims=True)),
    "max": (lambda x, y: x.max(1)),
    "min": (lambda x, y: x.min((0, 1))),
    "mean": (lambda x, y: x.mean()),
    "mean_first": (lambda x, y: x.mean(0)),
    "mean_kept": (lambda x, y: x.mean(1, keepdims=True)),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operator_does_what_it_does_in_numpy(name: str):
    operator = OPERATORS[name]
    trace = Trace()
    x, y = trace.input("x", X.shape, "float64"), trace.input("y", Y.shape, "float64")
    result = computed(operator(x, y), x=X, y=Y)
    np.testing.assert_allclose(result, operator(X, Y), rtol=1e-15)
    assert result.dtype == np.asarray(operator(X, Y)).dtype


INDICES = {
    "number": 1,
    "negative": -1,
    "numpy_number": np.int64(2),
    "pair": (1, 2),
    "slice": slice(1, 3),
    "open": slice(None),
    "stride": slice(None, None, 2),
    "beyond": slice(2, 99),
    "crossed": slice(3, 1),
    "from_the_end": slice(-3, -1),
    "ellipsis": (..., 1),
    "ellipsis_alone": ...,
    "ellipsis_in_the_middle": (0, ..., slice(1, None)),
    "ellipsis_for_nothing": (1, slice(None), ..., 0),
    "new_axis": None,
    "new_axes": (None, 1, None, slice(0, 2), None),
    "new_axis_after_ellipsis": (..., None),
    "all_numbers": (3, 0, 1),
    "nothing": (),
}


@pytest.mark.parametrize("name", INDICES)
def test_indexing_as_numpy_does(name: str):
    x = np.arange(4 * 3 * 2, dtype="float64").reshape(4, 3, 2)
    index = INDICES[name]
    picked = Trace().input("x", x.shape, "float64")[index]
    assert picked.shape == x[index].shape
    np.testing.assert_array_equal(computed(picked, x=x), x[index])


def test_taking_everything_records_nothing():
    trace = Trace()
    x = trace.input("x", (4, 3))
    assert x[:] is x
    assert x[..., :3] is x
    assert x.reshape(4, 3) is x
    assert x.cast("float32") is x
    assert f.broadcast_to(x, (4, 3)) is x
    assert f.concatenate([x]) is x
    assert x.sum(()) is x
    assert trace.steps == []


def test_shape_of_a_tensor():
    x = Trace().input("x", (4, 0, 3), "int32")
    assert (x.shape, x.ndim, x.size, x.dtype, x.value.nbytes) == ((4, 0, 3), 3, 0, "int32", 0)
    assert repr(x) == "Tensor(x: int32 (4, 0, 3))"


@pytest.mark.parametrize(
    ("start", "shape", "expected"),
    [
        ((2, 6), (-1, 4), (3, 4)),
        ((2, 6), (-1,), (12,)),
        ((0, 3), (-1, 3), (0, 3)),
        ((), (-1,), (1,)),
        ((6,), (np.int64(2), np.int32(3)), (2, 3)),
    ],
    ids=str,
)
def test_reshape_finds_the_unknown_length(start, shape, expected):
    reshaped = Trace().input("x", start).reshape(*shape)
    assert reshaped.shape == expected
    assert all(type(length) is int for length in reshaped.shape)


def test_transpose_without_an_order_swaps_the_last_two():
    assert Trace().input("x", (2, 3, 4)).transpose().shape == (2, 4, 3)


def test_mean_of_nothing_is_zero():
    x = Trace().input("x", (0, 3), "float64")
    assert computed(x.mean(0), x=np.zeros((0, 3))).tolist() == [0, 0, 0]
    assert computed(x.mean(), x=np.zeros((0, 3))) == 0
    assert computed(x.mean(1), x=np.zeros((0, 3))).tolist() == []


def test_stack():
    trace = Trace()
    x, y = trace.input("x", (2, 3), "float64"), trace.input("y", (2, 3), "float64")
    for axis in (0, 1, 2, -1):
        np.testing.assert_array_equal(computed(f.stack([x, y], axis), x=X, y=Y), np.stack([X, Y], axis))


def test_softmax_and_log_softmax():
    from scipy import special

    x = Trace().input("x", X.shape, "float64")
    for axis in (0, 1):
        softmax, log_softmax = computed(f.softmax(x, axis), x=X), computed(f.log_softmax(x, axis), x=X)
        np.testing.assert_allclose(softmax, special.softmax(X, axis), rtol=1e-14)
        np.testing.assert_allclose(log_softmax, special.log_softmax(X, axis), rtol=1e-14)


def test_gelu_is_x_times_the_normal_distribution_function():
    from scipy import special

    x = Trace().input("x", X.shape, "float64")
    np.testing.assert_allclose(computed(f.gelu(x), x=X), X * special.ndtr(X), rtol=1e-13)


def test_numbers_take_the_tensors_dtype():
    for dtype in ("float32", "float64"):
        trace = Trace()
        x = trace.input("x", (2,), dtype)
        assert (x + 1).dtype == dtype
        assert (np.float64(0.1) * x).dtype == dtype
    i = Trace().input("i", (2,), "int64")
    assert (i + 1).dtype == "int64"
    assert (True + i).dtype == "int64"


def test_equal_numbers_are_recorded_once():
    trace = Trace()
    x, y = trace.input("x", (2,)), trace.input("y", (2,), "float64")
    _ = (x + 1) * 1.0, 1 / x, x + np.float32(1), x + np.array(1)
    assert len([step for step in trace.steps if step.operation == "constant"]) == 1
    _ = y + 1
    assert len([step for step in trace.steps if step.operation == "constant"]) == 2


def test_zero_has_every_dtype():
    # 0 has the same bytes in float32 and int32.
    trace = Trace()
    x, i = trace.input("x", (1,)), trace.input("i", (1,), "int32")
    assert ((x + 0).dtype, (i + 0).dtype) == ("float32", "int32")


def test_minus_zero_is_not_zero():
    trace = Trace()
    x = trace.input("x", (), "float64")
    program = trace.program({"plus": x / 0.0, "minus": x / -0.0})
    results = compile_numpy(program).run({}, {"x": np.array(1.0)})
    assert results == {"plus": np.inf, "minus": -np.inf}


def test_constants_are_copies_that_stay():
    trace = Trace()
    array = np.array([1.0, 2.0])
    constant = trace.constant(array, "float64")
    array[0] = 99
    assert computed(constant).tolist() == [1, 2]
    value = trace.steps[0].attributes["value"]
    assert isinstance(value, np.ndarray)
    assert not value.flags.writeable


def test_layer_and_part_are_those_of_the_surroundings():
    trace = Trace()
    x = trace.input("x", (2,))
    with trace.at(layer="net"):
        with trace.at(layer="net.first", part="watch"):
            f.tanh(x)
        f.exp(x)
        with pytest.raises(ZeroDivisionError), trace.at(layer="net.broken"):
            raise ZeroDivisionError
        f.sin(x)
    f.cos(x)
    found = [(step.operation, step.layer, step.part, step.output.name) for step in trace.steps]
    assert found == [
        ("tanh", "net.first", "watch", "net.first.tanh"),
        ("exp", "net", "forward", "net.exp"),
        ("sin", "net", "forward", "net.sin"),
        ("cos", "", "forward", "cos"),
    ]


def test_program_keeps_only_what_is_needed():
    trace = Trace()
    x, w = trace.input("x", (2,)), trace.parameter("w", (2,))
    h = f.tanh(x * w)
    f.exp(h)  # nobody asks for this
    new = w - h
    f.sin(new)
    program = trace.program({"h": h}, updates={w: new})
    assert [step.operation for step in program.steps] == ["multiply", "tanh", "subtract"]
    assert program.updates == {w.value: program.value("subtract")}
    assert [v.name for v in program.inputs] == ["x"]
    assert [v.name for v in program.parameters] == ["w"]


def test_values_are_assigned_once_and_named_uniquely():
    trace = Trace()
    x, taken = trace.input("x", (2,)), trace.input("dense.tanh_2", (2,))
    with trace.at(layer="dense"):
        y = f.tanh(f.tanh(f.tanh(x)))
    program = trace.program({"y": y + taken})
    names = [value.name for value in program.values()]
    assert len(set(names)) == len(names)
    assert names[2] == "dense.tanh"
    known = {*program.inputs}
    for step in program.steps:
        assert known.issuperset(step.inputs)
        assert step.output not in known
        known.add(step.output)


def test_two_programs_of_one_trace():
    trace = Trace()
    x = trace.input("x", (), "float64")
    h = f.exp(x)
    first, second = trace.program({"y": h}), trace.program({"y": h * 2.0, "h": h})
    assert compile_numpy(first).run({}, {"x": np.array(0.0)}) == {"y": 1.0}
    assert compile_numpy(second).run({}, {"x": np.array(0.0)}) == {"y": 2.0, "h": 1.0}


def test_program_looks_up_values_and_parts():
    trace = Trace()
    x = trace.input("x", (3,))
    with trace.at(part="watch"):
        size = (x * x).sum()
    program = trace.program({"size": size})
    assert program.value("x") is x.value
    with pytest.raises(KeyError, match="nothing"):
        program.value("nothing")
    assert [step.operation for step in program.part("watch")] == ["multiply", "sum"]
    assert program.part("forward") == ()


def test_names_of_what_is_given_are_unique():
    trace = Trace()
    trace.input("x", (2,))
    with pytest.raises(
        ShapeError, match="the name 'x' is taken; give every input, parameter and state its own"
    ):
        trace.parameter("x", (3,))


def test_what_is_given_is_listed_in_order():
    trace = Trace()
    b, a = trace.parameter("b", (1,)), trace.parameter("a", (2,))
    s = trace.state("s", (), "int32")
    assert dict(trace.parameters) == {"b": b, "a": a}
    assert list(trace.parameters) == ["b", "a"]
    assert dict(trace.states) == {"s": s}


def test_an_update_has_the_shape_and_dtype_of_what_it_replaces():
    trace = Trace()
    w = trace.parameter("w", (2,))
    with pytest.raises(ShapeError, match=r"the update of w: float32 \(2,\) is float32 \(1,\)"):
        trace.program({}, {w: w[:1]})
    with pytest.raises(ShapeError, match=r"the update of w: float32 \(2,\) is float64 \(2,\)"):
        trace.program({}, {w: w.cast("float64")})


def test_only_parameters_and_state_are_updated():
    trace = Trace()
    x = trace.input("x", (2,))
    with pytest.raises(ChainruleError, match="x can't be updated: it is neither a parameter nor state"):
        trace.program({}, {x: x + 1.0})


def test_tensors_are_keys_by_identity():
    trace = Trace()
    x, y = trace.input("x", (2,)), trace.input("y", (2,))
    assert {x: 1, y: 2}[x] == 1
    assert x != y


def test_uniform_numbers_are_multiples_of_their_grid():
    trace = Trace()
    key = trace.state("key", (2,), "uint32")
    program = trace.program(
        {dtype: f.uniform(key, (1000,), 3, dtype) for dtype in ("float32", "float64")}
        | {"bits": f.random_bits(key, (1000,), 3)}
    )
    results = compile_numpy(program).run({"key": np.array([1, 2], np.uint32)}, {})
    bits = results["bits"].astype(np.float64)
    np.testing.assert_array_equal(results["float64"], bits / 2**32)
    np.testing.assert_array_equal(results["float32"].astype(np.float64), np.floor(bits / 256) / 2**24)
    assert (results["float32"].dtype, results["float64"].dtype) == (np.float32, np.float64)


def test_a_trace_goes_on_after_a_program_was_taken():
    trace = Trace()
    w = trace.parameter("w", (), "float64")
    loss = w * w
    trace.program({"loss": loss})
    d_w = differentiate(loss, [w])[w.value]
    tree = {"w": np.array(3.0)}
    assert compile_numpy(trace.program({"d": d_w})).run(tree, {}) == {"d": 6.0}
