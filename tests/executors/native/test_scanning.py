"""Loops over time in the core: NumPy's numbers, the same bits for any threads, nothing foreign touched."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.executors.native.plans import kinds, nodes

from chainrule.backprop import differentiate
from chainrule.errors import ChainruleWarning, ConfigError
from chainrule.executors.fallback import warn_of_numpy
from chainrule.executors.native import available, compile_native, describe_plan, schedule
from chainrule.executors.numpy_ import NumpyProgram, compile_numpy
from chainrule.program import Program, Tensor, Trace
from chainrule.program import functions as f

pytestmark = pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")

TIME, BATCH, WIDTH = 5, 6, 3
Tensors = list[Tensor]


def decaying(carries: Tensors, elements: Tensors, constants: Tensors) -> tuple[Tensors, Tensors]:
    """Products, a row of constants made inside, squares and a softmax."""
    (h,), (x,), (w, *_) = carries, elements, constants
    ramp = h.trace.constant(np.linspace(0.5, 1.0, WIDTH).astype("f4"))
    h = f.tanh(h @ w + x) * ramp
    return [h], [f.softmax(h), f.root_mean_square(h)]


def choosing(carries: Tensors, elements: Tensors, constants: Tensors) -> tuple[Tensors, Tensors]:
    """Elements of every dtype; single numbers; a carry that stays, and one that is handed back twice."""
    (h, total, still), (x, index, keep, bits) = carries, elements
    row = f.gather(constants[0], index)
    h = f.where(keep, h + row, x) + bits.cast("float32") * 0.5
    return [h, total + h.sum(), still], [h, h]


def nested(carries: Tensors, elements: Tensors, constants: Tensors) -> tuple[Tensors, Tensors]:
    """A loop over the rows of an element, with a carry of its own, inside of the loop."""
    (h,), (x,), (w, *_) = carries, elements, constants
    every = f.scan(decaying, [h], [x.reshape(2, BATCH // 2, WIDTH)], [w], reverse=True)
    return [every.last[0] * 0.5 + h * 0.5], [every.outputs[0].sum(0)]


def record(trace: Trace, reverse: bool, masked: bool) -> tuple[dict[str, Tensor], Tensors]:
    """Three loops, and what they start from."""
    x = trace.input("x", (TIME, BATCH, WIDTH))
    w, start = trace.parameter("w", (WIDTH, WIDTH)), trace.parameter("start", (BATCH, WIDTH))
    index, bits = (trace.constant(np.arange(TIME) % 3, dtype) for dtype in ("int32", "uint32"))
    keep = trace.constant(np.arange(TIME * WIDTH).reshape(TIME, WIDTH) % 3 > 0, "bool")
    mask = trace.constant(np.arange(TIME)[:, None] < np.arange(BATCH), "bool") if masked else None
    one = f.scan(decaying, [start], [x], [w], reverse=reverse, mask=mask)
    carries = [start[0], (start * 2.0).sum(), w[0]]
    two = f.scan(choosing, carries, [x[:, 1], index, keep, bits], [w], reverse=reverse)
    three = f.scan(nested, [start[: BATCH // 2]], [x], [w], reverse=reverse)
    pieces = [
        (f"{i}.{j}", piece)
        for i, each in enumerate((one, two, three))
        for j, piece in enumerate(all_of(each))
    ]
    return dict(pieces), [x, w, start]


def all_of(scanned: f.Scanned) -> Tensors:
    return [*scanned.last, *scanned.carries, *scanned.outputs]


def training_step(reverse: bool = False, masked: bool = False) -> Program:
    """The loops, their derivatives, and the derivatives of those."""
    trace = Trace()
    outputs, (x, *parameters) = record(trace, reverse, masked)
    loss = sum(((piece * piece).mean() for piece in outputs.values()), trace.constant(np.float32(0)))
    deltas = differentiate(loss, [x, *parameters])
    size = sum(((deltas[p.value] * deltas[p.value]).sum() for p in parameters), trace.constant(np.float32(0)))
    second = differentiate(size, parameters)
    outputs |= {"loss": loss, "d_x": deltas[x.value]}
    outputs |= {f"twice {p.value.name}": second[p.value] for p in parameters}
    return trace.program(outputs, {p: p - 0.01 * deltas[p.value] for p in parameters})


def tree_and_inputs() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    random = np.random.default_rng(7)
    shapes = {"w": (WIDTH, WIDTH), "start": (BATCH, WIDTH)}
    tree = {name: random.normal(size=shape).astype("f4") for name, shape in shapes.items()}
    return tree, {"x": random.normal(size=(TIME, BATCH, WIDTH)).astype("f4")}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_loops_and_their_derivatives_are_numpys(reverse: bool, masked: bool):
    program = training_step(reverse, masked)
    assert kinds(program).count("scan") >= 9  # three, their derivatives, and the derivatives of those
    compiled = compile_native(program)
    assert not isinstance(compiled, NumpyProgram)
    results = []
    for executable in (compiled, compile_numpy(program)):
        tree, inputs = tree_and_inputs()
        for _ in range(3):
            outputs = executable.run(tree, inputs)
        results.append(outputs | tree)
    for name, expected in results[1].items():
        assert np.isfinite(expected).all()
        np.testing.assert_allclose(results[0][name], expected, rtol=1e-4, atol=2e-5, err_msg=name)


def test_threads_and_chunks_change_no_bit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schedule, "SMALL_FLOPS", 0)
    monkeypatch.setattr(schedule, "chunk_count", lambda extent: max(1, min(3, extent)))
    results = []
    for threads in (1, 2, 4):
        tree, inputs = tree_and_inputs()
        compiled = compile_native(training_step(), threads)
        results.append([compiled.run(tree, inputs) | tree for _ in range(2)][-1])
    for name, array in results[0].items():
        assert array.tobytes() == results[1][name].tobytes() == results[2][name].tobytes()
    tree, inputs = tree_and_inputs()
    numpys = [compile_numpy(training_step()).run(tree, inputs) | tree for _ in range(2)][-1]
    for name, expected in numpys.items():
        np.testing.assert_allclose(results[0][name], expected, rtol=1e-4, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_rows_run_the_whole_loop_by_themselves(name: str, masked: bool, monkeypatch: pytest.MonkeyPatch):
    trace, batch, units = Trace(), 40, 5
    gates = 4 if name == "lstm" else 3
    x, w = trace.input("x", (TIME, batch, gates * units)), trace.parameter("w", (units, gates * units))
    mask = trace.constant(np.arange(TIME)[:, None] < np.arange(batch), "bool") if masked else None
    start = f.zeros_like(x[0][:, :units])
    if name == "lstm":
        hidden, _ = f.lstm(x, w, start, start, mask=mask)
    else:
        hidden = f.gru(x, w, w[0].sum() + x[0, 0] * 0.5, start, mask=mask)
    deltas = differentiate((hidden * hidden).sum(), [x, w])
    program = trace.program({"hidden": hidden, "d_x": deltas[x.value], "d_w": deltas[w.value]})
    assert [node.extent for node in nodes(program, "scan")] == [2, 2]  # forward and back
    monkeypatch.setattr(schedule, "SMALL_FLOPS", 0)
    random = np.random.default_rng(3)
    tree = {"w": random.normal(size=w.shape).astype("f4")}
    given = {"x": random.normal(size=x.shape).astype("f4")}
    one, two, three = (compile_native(program, threads).run(tree, given) for threads in (1, 2, 3))
    expected = compile_numpy(program).run(tree, given)
    for key, array in expected.items():
        assert one[key].tobytes() == two[key].tobytes() == three[key].tobytes()
        np.testing.assert_allclose(one[key], array, rtol=2e-5, atol=2e-5, err_msg=key)


def test_rows_that_need_each_other_stay_together():
    trace = Trace()
    x = trace.input("x", (TIME, 40, WIDTH))

    def body(carries: Tensors, elements: Tensors, _: Tensors) -> tuple[Tensors, Tensors]:
        return [carries[0] * 0.5 + elements[0] - elements[0].mean(0)], []

    program = trace.program({"y": f.scan(body, [f.zeros_like(x[0])], [x]).carries[0]})
    assert [node.extent for node in nodes(program, "scan")] == [1]


def test_sums_over_time_are_added_in_place():
    trace = Trace()
    x, w = trace.input("x", (TIME, BATCH, WIDTH)), trace.parameter("w", (WIDTH, WIDTH))
    loss = f.scan(decaying, [f.zeros_like(x[0])], [x], [w]).last[0].sum()
    program = trace.program({"d_w": differentiate(loss, [w])[w.value]})
    backward = max(nodes(program, "scan"), key=lambda node: node.position)
    assert "times" in backward.text
    for _ in range(2):  # what the last call summed is not there any more
        tree, inputs = tree_and_inputs()
        found, expected = (run(program).run(tree, inputs)["d_w"] for run in (compile_native, compile_numpy))
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_loop_of_no_steps_sums_to_zero():
    trace = Trace()
    x, w = trace.input("x", (0, BATCH, WIDTH)), trace.parameter("w", (WIDTH, WIDTH))
    start = trace.parameter("start", (BATCH, WIDTH))
    loss = f.scan(decaying, [start], [x], [w]).last[0].sum()
    deltas = differentiate(loss, [start, w])
    program = trace.program({"start": deltas[start.value], "w": deltas[w.value]})
    tree, _ = tree_and_inputs()
    results = compile_native(program).run(tree, {"x": np.zeros((0, BATCH, WIDTH), "f4")})
    assert (results["start"] == 1).all()
    assert (results["w"] == 0).all()


def test_an_index_out_of_range_inside_is_an_error():
    trace = Trace()
    x, index = trace.input("x", (WIDTH,)), trace.input("index", (TIME,), "int32")

    def body(_: Tensors, elements: Tensors, constants: Tensors) -> tuple[Tensors, Tensors]:
        return [], [f.gather(constants[0], elements[0])]

    compiled = compile_native(trace.program({"y": f.scan(body, [], [index], [x]).outputs[0]}))
    x_given = np.array([5, 6, 7], "f4")
    good = compiled.run({}, {"x": x_given, "index": np.array([0, 2, -1, 1, 0], "i4")})["y"]
    assert good.tolist() == [5, 7, 7, 6, 5]
    with pytest.raises(IndexError, match="out of range"):
        compiled.run({}, {"x": x_given, "index": np.array([0, 2, 3, 1, 0], "i4")})


def loops_inside(depth: int) -> Program:
    """So many loops inside of each other, two steps each."""

    def body(depth: int) -> Callable[[Tensors, Tensors, Tensors], tuple[Tensors, Tensors]]:
        def one(carries: Tensors, elements: Tensors, constants: Tensors) -> tuple[Tensors, Tensors]:
            if depth == 1:
                return [carries[0] + elements[0]], []
            return f.scan(body(depth - 1), carries, constants, constants).last, []

        return one

    trace = Trace()
    x = trace.input("x", (2,))
    return trace.program({"y": f.scan(body(depth), [x.sum() * 0.0], [x], [x]).last[0]})


def test_loops_inside_of_loops():
    x = np.array([1, 2], "f4")
    for depth in (2, 3, 8):
        compiled = compile_native(loops_inside(depth))
        assert not isinstance(compiled, NumpyProgram)
        assert compiled.run({}, {"x": x})["y"] == 3 * 2 ** (depth - 1)
    warn_of_numpy.cache_clear()
    with pytest.warns(ChainruleWarning, match="the compiled core has no loops of more than 8 levels"):
        deeper = compile_native(loops_inside(9))
    assert isinstance(deeper, NumpyProgram)
    assert deeper.run({}, {"x": x})["y"] == 3 * 2**8


def test_a_body_that_the_core_lacks_runs_in_numpy():
    trace = Trace()
    x = trace.input("x", (2, 3), "int32")

    def body(_: Tensors, elements: Tensors, __: Tensors) -> tuple[Tensors, Tensors]:
        return [], [elements[0].sum().cast("float32")]

    program = trace.program({"y": f.scan(body, [], [x]).outputs[0]})
    warn_of_numpy.cache_clear()
    with pytest.warns(ChainruleWarning, match="the compiled core has no sum of int32"):
        assert isinstance(compile_native(program), NumpyProgram)
    with pytest.raises(ConfigError, match="because of sum of int32"):
        describe_plan(program)


def test_the_plan_says_how_long_a_loop_is():
    assert f"instructions {TIME} times" in describe_plan(training_step())
