"""Composites: the expansion means the same, and their own rules agree with its derivative."""

import numpy as np
import pytest

from chainrule.backprop import differentiate
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import EXPANSIONS, OPERATIONS, Program, Trace, expand
from chainrule.program import functions as f


def training_step() -> Program:
    trace = Trace()
    x, t = trace.input("x", (5, 3), "float64"), trace.input("t", (5, 4), "float64")
    w, calls = trace.parameter("w", (3, 4), "float64"), trace.state("calls", (), "int32")
    with trace.at(layer="head"):
        logits = x @ w
    with trace.at(layer="loss"):
        loss = f.softmax_cross_entropy(logits, t).mean()
    d_w = differentiate(loss, [w])[w.value]
    with trace.at(part="update"):
        updates = {w: w - d_w, calls: calls + 1}
    return trace.program({"loss": loss, "logits": logits}, updates)


def given() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    random = np.random.default_rng(0)
    tree = {"w": random.normal(size=(3, 4)), "calls": np.array(0, np.int32)}
    return tree, {"x": random.normal(size=(5, 3)), "t": random.dirichlet(np.ones(4), 5)}


def test_expanded_program_has_only_primitives():
    program = training_step()
    assert any(OPERATIONS[step.operation].composite for step in program.steps)
    assert not any(OPERATIONS[step.operation].composite for step in expand(program).steps)


def test_expanded_program_gives_the_same_numbers():
    program = training_step()
    (tree, inputs), (own_tree, _) = given(), given()
    found = compile_numpy(expand(program)).run(own_tree, inputs)
    z = inputs["x"] @ tree["w"]
    y = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    np.testing.assert_allclose(found["logits"], z, rtol=1e-13)
    np.testing.assert_allclose(found["loss"], -(inputs["t"] * np.log(y)).sum(1).mean(), rtol=1e-13)
    np.testing.assert_allclose(own_tree["w"], tree["w"] - inputs["x"].T @ (y - inputs["t"]) / 5, rtol=1e-12)
    assert own_tree["calls"] == 1


def test_expanded_program_keeps_names_layers_parts_and_deltas():
    program = training_step()
    expanded = expand(program)
    for kind in ("inputs", "parameters", "state"):
        assert [str(v) for v in getattr(expanded, kind)] == [str(v) for v in getattr(program, kind)]
    assert list(expanded.outputs) == list(program.outputs)
    assert [v.name for v in expanded.updates] == [v.name for v in program.updates]
    assert {of.name for of in program.deltas} >= {"head.matmul", "w"}
    assert expanded.value("δhead.matmul").shape == (5, 4)
    assert expanded.value("δw").shape == (3, 4)
    assert {step.layer for step in expanded.steps} == {step.layer for step in program.steps}
    for part in ("forward", "backward", "update"):
        assert len(expanded.part(part)) >= len(program.part(part)) > 0
    assert {step.layer for step in expanded.steps if step.operation == "exp"} == {"loss"}


def test_composites_to_keep_are_kept():
    program = training_step()
    kept = frozenset({"softmax_cross_entropy", "softmax_cross_entropy_delta"})
    assert expand(program, keep=lambda step: step.operation in kept) is program


def test_program_of_primitives_is_left_alone():
    trace = Trace()
    program = trace.program({"y": f.tanh(trace.input("x", (2,)))})
    assert expand(program) is program


@pytest.mark.parametrize("wanted", [0, 1], ids=["logits", "targets"])
@pytest.mark.parametrize("order", [1, 2])
def test_rule_of_softmax_cross_entropy_agrees_with_its_expansion(order: int, wanted: int):
    random = np.random.default_rng(1)
    arrays = {"logits": 3 * random.normal(size=(6, 5)), "targets": random.normal(size=(6, 5))}
    results = []
    for function in (f.softmax_cross_entropy, EXPANSIONS["softmax_cross_entropy"]):
        trace = Trace()
        tensors = [trace.input(name, (6, 5), "float64") for name in arrays]
        weights = np.linspace(-1, 2, 6)
        scalar = f.dot(function(*tensors), trace.constant(weights, "float64"))
        for _ in range(order - 1):
            scalar = f.dot(differentiate(scalar, tensors)[tensors[0].value], f.sin(tensors[0]))
        delta = differentiate(scalar, tensors)[tensors[wanted].value]
        results.append(compile_numpy(trace.program({"d": delta})).run({}, arrays)["d"])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-11, atol=1e-13)
    assert np.abs(results[0]).max() > 0.1


def test_rule_of_softmax_cross_entropy_keeps_the_digits_of_small_probabilities():
    # Where the answer is nearly certain and right, y - t is e^-z: the rule must not round it to 0.
    trace = Trace()
    x = trace.input("x", (1, 2), "float64")
    loss = f.softmax_cross_entropy(x, trace.constant(np.array([[1.0, 0.0]]), "float64")).sum()
    d_x = compile_numpy(trace.program({"d": differentiate(loss, [x])[x.value]}))
    found = d_x.run({}, {"x": np.array([[30.0, 0.0]])})["d"]
    np.testing.assert_allclose(found[0, 1], np.exp(-30) / (1 + np.exp(-30)), rtol=1e-14)
