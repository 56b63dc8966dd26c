"""A program as text that a person can follow."""

import re

import numpy as np

from chainrule.backprop import differentiate
from chainrule.program import Program, Trace
from chainrule.program import functions as f
from chainrule.program.printing import step_text


def two_layer_step() -> Program:
    trace = Trace()
    x, t = trace.input("x", (8, 4)), trace.input("t", (8, 3))
    key = trace.state("key", (2,), "uint32")
    w1, w2 = trace.parameter("hidden.weight", (4, 5)), trace.parameter("head.weight", (5, 3))
    with trace.at(layer="hidden"):
        h = f.relu(x @ w1)
    with trace.at(layer="head"):
        y = h @ w2
    with trace.at(layer="loss"):
        loss = ((y - t) * (y - t)).mean()
    deltas = differentiate(loss, [w1, w2])
    with trace.at(part="update", layer="hidden"):
        updates = {w1: w1 - 0.1 * deltas[w1.value]}
    with trace.at(part="update", layer="head"):
        updates[w2] = w2 - 0.1 * deltas[w2.value]
    with trace.at(part="watch", layer="hidden"):
        watched = (deltas[h.value] * deltas[h.value]).mean()
    with trace.at(part="update"):
        updates[key] = key + trace.constant(np.array([1, 0], np.uint32), "uint32")
    return trace.program({"loss": loss, "watched": watched}, updates)


def test_whole_text_of_a_small_program():
    trace = Trace()
    x, w = trace.input("x", (4,)), trace.parameter("scale.weight", ())
    with trace.at(layer="scale"):
        y = x * w
    loss = (y * 0.5).sum()
    d_w = differentiate(loss, [w])[w.value]
    with trace.at(part="update", layer="scale"):
        new = w - d_w
    text = str(trace.program({"loss": loss}, {w: new}))
    assert re.sub(" {2,}", "  ", text.replace("\n    ", "\n\t")) == (
        "inputs\n"
        "  x  float32 (4,)\n"
        "\n"
        "parameters\n"
        "  scale.weight  float32 ()\n"
        "\n"
        "forward\n"
        "  scale\n"
        "\tscale.multiply = multiply(x, scale.weight)  float32 (4,)\n"
        "  ·\n"
        "\tmultiply = multiply(scale.multiply, 0.5)  float32 (4,)\n"
        "\tsum = sum(multiply, axes=(0,), keepdims=False)  float32 ()\n"
        "\n"
        "backward\n"
        "  ·\n"
        "\treshape = reshape(1, shape=(1,))  float32 (1,)\n"
        "\tδmultiply = broadcast_to(reshape, shape=(4,))  float32 (4,)\n"
        "\tδscale.multiply = multiply(δmultiply, 0.5)  float32 (4,)\n"
        "  scale\n"
        "\tscale.multiply_2 = multiply(δscale.multiply, x)  float32 (4,)\n"
        "\tδscale.weight = sum(scale.multiply_2, axes=(0,), keepdims=False)  float32 ()\n"
        "\n"
        "update\n"
        "  scale\n"
        "\tscale.subtract = subtract(scale.weight, δscale.weight)  float32 ()\n"
        "\n"
        "replace\n"
        "  scale.weight ← scale.subtract\n"
        "\n"
        "return\n"
        "  loss = sum"
    )


def test_forward_then_backward_then_update_then_watch():
    text = str(two_layer_step())
    headings = [line for line in text.splitlines() if line and not line.startswith(" ")]
    assert headings == [
        "inputs",
        "parameters",
        "state",
        "forward",
        "backward",
        "update",
        "watch",
        "replace",
        "return",
    ]


def test_layers_come_forward_and_go_backward():
    text = str(two_layer_step())
    forward, backward = text.split("\nforward\n")[1].split("\nbackward\n")
    layers = re.compile(r"^  (\S.*)$", re.MULTILINE)
    assert layers.findall(forward) == ["hidden", "head", "loss"]
    assert layers.findall(backward.split("\nupdate\n")[0]) == ["loss", "head", "hidden"]


def test_each_delta_is_named_after_its_value():
    program = two_layer_step()
    names = {value.name for value in program.values()}
    assert {"δhidden.relu", "δhidden.matmul", "δhead.matmul", "δhidden.weight", "δhead.weight"} <= names
    for of, delta in program.deltas.items():
        assert delta.shape == of.shape
        if delta.name.startswith("δ"):
            assert program.value(delta.name.removeprefix("δ")).shape == of.shape


def test_every_step_but_small_constants_has_a_line():
    program = two_layer_step()
    lines = str(program).splitlines()
    for step in program.steps:
        found = [line for line in lines if line.strip().startswith(f"{step.output.name} = {step.operation}(")]
        assert len(found) == (0 if step.operation == "constant" else 1)
        if found:
            assert found[0].endswith(f" {step.output.dtype} {step.output.shape}")


def test_literals_stand_where_they_are_used():
    trace = Trace()
    x, i = trace.input("x", (2,)), trace.input("i", (2,), "uint32")
    outputs = {
        "a": x * 0.1,
        "b": x + np.array([1, 2], np.float32),
        "c": i + 0xFFFFFFFF,
        "d": f.where(trace.constant(True, "bool"), x, 0.0),
        "e": f.concatenate([x, trace.constant(np.zeros(9))]),
        "f": trace.constant(2.5),
    }
    text = str(trace.program(outputs))
    assert "multiply(x, 0.1)" in text
    assert "add(x, [1.0, 2.0])" in text
    assert "add(i, 4294967295)" in text
    assert "where(True, x, 0)" in text
    assert "constant(value=<float32 (9,)>)" in text
    assert "  f = 2.5" in text


def test_step_text_alone():
    trace = Trace()
    x, w = trace.input("x", (2, 3)), trace.parameter("w", (3, 4))
    program = trace.program({"y": (x @ w).max(0)})
    assert [step_text(step) for step in program.steps] == [
        "matmul = matmul(x, w)",
        "max = max(matmul, axes=(0,), keepdims=False)",
    ]


def test_empty_program():
    assert str(Trace().program({})) == "return"
