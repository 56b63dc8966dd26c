"""Costs, counted by hand."""

import numpy as np
import pytest

from chainrule.program import Trace, bytes_text, count, step_flops
from chainrule.program import functions as f


def test_counts_of_a_dense_layer():
    trace = Trace()
    x = trace.input("x", (8, 4))
    w, b = trace.parameter("w", (4, 3)), trace.parameter("b", (3,))
    calls = trace.state("calls", (), "int64")
    y = f.tanh(x @ w + b)
    program = trace.program({"y": y, "total": y.sum()}, {calls: calls + 1})
    counts = count(program)
    assert counts.steps == 5  # matmul, add, tanh, sum, add; the constant 1 is none
    assert counts.parameters == 4 * 3 + 3
    assert counts.parameter_bytes == 4 * 15
    assert counts.state_bytes == 8
    assert counts.flops == 2 * 8 * 4 * 3 + 24 + 24 + 24 + 1
    assert counts.value_bytes == 3 * 4 * 24 + 4 + 8 + 8  # three matrices, the sum, the count, the constant


def test_flops_of_single_steps():
    trace = Trace()
    x, indices = trace.input("x", (10, 6)), trace.input("indices", (3,), "int32")
    key, table = trace.state("key", (2,), "uint32"), trace.parameter("table", (1000, 6))
    steps = {
        "batched product": (x.reshape(2, 5, 6) @ x.reshape(2, 6, 5), 2 * 2 * 5 * 6 * 5),
        "broadcast sum": (x + x[0], 60),
        "reduction": (x.max(1), 60),
        "lookup moves only": (f.gather(table, indices), 0),
        "adding rows": (f.scatter_add(table, indices, x[:3]), 18),
        "padding": (f.pad(x, (1, 1), (1, 1)), 0),
        "joining": (f.concatenate([x, x]), 0),
        "turning": (x.transpose(), 0),
        "classes": (f.one_hot(indices, 4), 0),
        "random": (f.random_bits(key, (5,), 0), 0),
        "counting up": (trace.iota(5), 0),
        "loss": (f.softmax_cross_entropy(x, x), 6 * 60),
    }
    by_output = {step.output: step for step in trace.steps}
    assert {name: step_flops(by_output[tensor.value]) for name, (tensor, _) in steps.items()} == {
        name: flops for name, (_, flops) in steps.items()
    }


@pytest.mark.parametrize(
    ("dtype", "bytes_each"),
    [("float32", 4), ("float64", 8), ("int32", 4), ("int64", 8), ("uint32", 4), ("bool", 1)],
)
def test_bytes_are_numpys(dtype: str, bytes_each: int):
    value = Trace().input("x", (3, 5), dtype).value
    assert value.nbytes == 15 * bytes_each == np.zeros((3, 5), dtype).nbytes


def test_nothing_costs_nothing():
    counts = count(Trace().program({}))
    assert (counts.steps, counts.flops, counts.value_bytes) == (0, 0, 0)


def test_flops_of_deep_operations():
    trace = Trace()
    x, mask = trace.input("x", (2, 6, 6, 4)), trace.input("mask", (5, 5), "bool")
    rows, gates = trace.input("rows", (3, 5, 8)), trace.input("gates", (7, 2, 12))
    weight, state, channels = trace.input("weight", (3, 12)), trace.input("state", (2, 3)), x[0, 0, 0]
    labels, lengths = trace.input("labels", (2, 3), "int32"), trace.input("lengths", (2,), "int32")
    steps = {
        "pooling": (f.max_pool(x, 3, stride=1), 2 * 4 * 4 * 4 * 9),
        "mean pooling": (f.average_pool(x, 2), 2 * 3 * 3 * 4 * 4),
        "running sums": (f.cumsum(rows), 120),
        "softmax": (f.softmax(rows), 5 * 120),
        "normalization": (f.batch_norm(x, channels, channels), 8 * x.size),
        "attention": (f.attention(rows, rows, rows, mask=mask), 3 * 5 * 5 * (2 * 8 + 2 * 8 + 5)),
        "recurrent": (f.lstm(gates, weight, state, state)[0], 7 * 2 * (2 * 3 * 12 + 4 * 12)),
        "alignment": (f.ctc_loss(gates, labels, lengths, lengths), 5 * 7 * 2 * 12 + 8 * 7 * 2 * 7),
    }
    by_output = {step.output: step for step in trace.steps}
    recurrent = next(step for step in trace.steps if step.operation == "lstm")
    found = {name: step_flops(by_output[tensor.value]) for name, (tensor, _) in steps.items()}
    assert found | {"recurrent": step_flops(recurrent)} == {name: flops for name, (_, flops) in steps.items()}


def test_sizes_in_the_unit_that_fits():
    assert [bytes_text(n) for n in (0, 1023, 1024, 1536, 5 * 1024**2, 3 * 1024**5)] == [
        "0 bytes", "1,023 bytes", "1.0 KiB", "1.5 KiB", "5.0 MiB", "3,072.0 TiB"
    ]  # fmt: skip
