"""Lowering: what is fused, shared, seen without a copy, and written in place."""

import numpy as np
import pytest
from tests.executors.native.plans import kinds, lowered, micro_ops, nodes, perceptron, stored

from chainrule.backprop import differentiate
from chainrule.executors.native import available, compile_native
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import adam, sgd
from chainrule.program import Program, Tensor, Trace
from chainrule.program import functions as f


def of(*shape: int, count: int = 1) -> tuple[Trace, list[Tensor]]:
    trace = Trace()
    return trace, [trace.input(f"x{i}", shape) for i in range(count)]


# Fusion


def test_a_chain_is_one_tile():
    trace, (x, y) = of(5, 7, count=2)
    program = trace.program({"z": f.tanh(f.exp(x) * y + 1.0) - x})
    (tile,) = nodes(program, "tile")
    ops = micro_ops(tile)
    assert len(ops) in (4, 5)  # a product with a sum after it may be one
    assert {"EXP", "TANH", "SUBTRACT"} <= set(ops)
    assert len(stored(tile)) == 1


def test_rows_and_columns_are_repeated_inside_of_a_tile():
    trace, (x,) = of(5, 7)
    row, column = trace.input("row", (7,)), trace.input("column", (5, 1))
    program = trace.program({"z": (x + row) * column + f.broadcast_to(row, (5, 7))})
    assert kinds(program) == ["tile"]


def test_what_two_tiles_share_is_computed_once():
    trace, (x, y) = of(5, 7, count=2)
    h = f.exp(x)
    program = trace.program({"a": (h + y).sum(0), "b": (h * y).sum(0)})
    assert sum(micro_ops(node).count("EXP") for node in nodes(program, "tile")) == 1


@pytest.mark.parametrize("optimizer", [adam(), sgd()])
def test_an_update_is_one_tile_a_parameter(optimizer):
    program = perceptron((20, 16, 8, 3), 32, optimizer=optimizer)
    lowering = lowered(program)
    updated = {old: new for old, new in program.updates.items() if old.size > 1}
    assert len(updated) == (18 if len(updated) > 6 else 6)
    for parameter in program.parameters:
        beside = [old for old in updated if parameter.name in old.name and old.shape == parameter.shape]
        writers = [
            node
            for node in lowering.nodes
            if any(lowering.home.get(root, root) in beside for root in stored(node))
        ]
        assert [node.kind for node in writers] == ["tile"], parameter
        written = {lowering.home.get(root, root) for root in stored(writers[0])}
        assert set(beside) <= written  # the moments with it


def test_very_long_chains_are_cut():
    trace, (x, y) = of(5, 7, count=2)
    h = x
    for _ in range(500):
        h = f.sin(h) + y
    tiles = nodes(trace.program({"h": h}), "tile")
    assert 4 <= len(tiles) <= 50


def test_what_is_read_turned_is_stored_before():
    # Both ways of reading -x: as it is made, and across.
    trace, (x,) = of(4, 4)
    h = -x
    program = trace.program({"y": h.transpose() + h, "z": f.exp(h.transpose()) * h})
    assert all(node.kind == "tile" for node in lowered(program).nodes if node.text[:6] != "return")
    assert len(nodes(program, "tile")) >= 2


# Common subexpressions and dead code


def test_equal_steps_are_done_once():
    trace, (x, y) = of(6, 6, count=2)
    products = [f.tanh(x @ y.transpose()).sum(0) for _ in range(3)]
    constants = [trace.constant(np.arange(6.0), "float32") for _ in range(2)]
    total = products[0] + products[1] + products[2] + constants[0] * 2.0 + constants[1] * 2.0
    program = trace.program({"z": total})
    assert len(nodes(program, "matmul")) == 1
    assert len(nodes(program, "reduce")) == 1
    assert sum(micro_ops(node).count("TANH") for node in nodes(program, "tile")) == 1


def test_steps_that_differ_are_not_shared():
    trace, (x,) = of(6, 6)
    key = trace.state("key", (2,), "uint32")
    one, two = (f.uniform(key, (6, 6), stream) for stream in (1, 2))
    sums = [x.sum(0), x.sum(1), x.sum(0, keepdims=True), x.max(0)]
    flat = sums[2].reshape(6)
    program = trace.program({"a": one + two, "b": sums[0] + sums[1] + sums[3] + flat})
    assert len(nodes(program, "random_bits")) == 2
    assert len(nodes(program, "reduce")) >= 3


def test_minus_zero_is_not_zero():
    trace, (x,) = of(2)
    zeros = [trace.constant(np.array([number, 1.0]), "float32") for number in (0.0, -0.0)]
    lowering = lowered(trace.program({"a": x / zeros[0], "b": x / zeros[1]}))
    assert len(lowering.constants) == 2


def test_what_nobody_needs_is_not_done():
    trace, (x, y) = of(6, 6, count=2)
    f.exp(x @ y)
    assert kinds(trace.program({"z": x + y})) == ["tile"]


# Views


@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
def test_transposes_into_a_product_are_not_copied(turned: tuple[bool, bool]):
    trace, (x, y) = of(6, 6, count=2)
    a, b = (each.transpose() if turn else each for each, turn in zip((x, y), turned, strict=True))
    program = trace.program({"z": a @ b})
    assert kinds(program) == ["matmul"]
    (node,) = nodes(program, "matmul")
    words = node.words(lambda value: (0, 0))
    assert words[6:8] == [int(turn) for turn in turned]


def test_the_backward_pass_of_a_network_copies_no_matrix():
    lowering = lowered(perceptron((20, 16, 8, 3), 32), examples=100)
    copied = [root for node in lowering.nodes if node.kind == "copy" for root in stored(node)]
    assert all(len(root.shape) < 2 for root in copied)


def test_reshapes_and_held_values_are_not_copied():
    trace, (x,) = of(6, 4)
    program = trace.program({"z": f.stop_gradient(x.reshape(2, 12)).reshape(3, 8) + 1.0})
    assert kinds(program) == ["tile"]


def test_batches_with_one_shared_matrix_are_one_product():
    trace, (x,) = of(3, 5, 4)
    w = trace.parameter("w", (4, 2))
    (node,) = nodes(trace.program({"z": x @ w}), "matmul")
    assert node.words(lambda value: (0, 0))[1:6] == [1, 1, 15, 2, 4]


# Parts of values


def test_heads_of_attention_are_multiplied_where_they_lie():
    trace, (x,) = of(2, 5, 12)
    first, second = (x[..., i : i + 6].reshape(2, 5, 3, 2).transpose(0, 2, 1, 3) for i in (0, 6))
    program = trace.program({"z": first @ second.transpose(0, 1, 3, 2)})
    assert kinds(program) == ["matmul"]
    words = nodes(program, "matmul")[0].words(lambda value: (0, 0))
    assert words[1:3] == [2, 3]  # batch, heads
    assert words[6:10] == [0, 1, 12, 12]  # turned, and from one row to the next


def test_a_part_of_what_is_put_together_is_seen_where_it_was():
    trace, (x, y) = of(4, 3, count=2)
    both = f.concatenate([x, y], 1)
    program = trace.program({"z": f.exp(both[:, 4:]), "w": both[1:3, :2] * 2.0})
    assert set(kinds(program)) == {"tile"}
    trace, (x, y) = of(4, 3, count=2)
    both = f.concatenate([x, y], 1)
    assert kinds(trace.program({"z": f.exp(both[:, 2:4])})) == ["copy", "copy", "tile"]  # of both


def test_deltas_of_slices_are_put_together_without_zeros():
    trace, (x,) = of(4, 6)
    loss = (f.sin(x[:, :2]) * f.exp(x[:, 2:4])).sum() + f.tanh(x[:, 4:]).sum()
    found = kinds(trace.program({"d_x": differentiate(loss, [x])[x.value]}))
    assert found.count("copy") == 3
    assert "fill" not in found
    trace, (x,) = of(4, 6)
    some = (f.sin(x[:, :2]) * f.exp(x[:, 2:4])).sum()
    assert kinds(trace.program({"d_x": differentiate(some, [x])[x.value]})).count("fill") == 1


@pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
def test_deltas_of_slices_that_overlap_are_added():
    trace, (x,) = of(4, 6)
    loss = (f.sin(x[:, :3]) * x[:, 2:5]).sum()
    program = trace.program({"d_x": differentiate(loss, [x])[x.value]})
    assert kinds(program).count("fill") == 2
    given = {"x0": np.arange(24, dtype="f4").reshape(4, 6) / 8}
    found, expected = (run(program).run({}, given)["d_x"] for run in (compile_native, compile_numpy))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


# Updates in place


def in_place(program: Program) -> set[str]:
    """Names of the parameters that a tile writes new numbers straight over."""
    return {root.name for root in lowered(program).home.values() if root in program.parameters}


def test_an_elementwise_update_is_in_place():
    trace = Trace()
    w, x = trace.parameter("w", (3, 4)), trace.input("x", (3, 4))
    assert in_place(trace.program({}, {w: w - 0.1 * x})) == {"w"}
    assert kinds(trace.program({}, {w: w - 0.1 * x})) == ["tile"]


def test_an_update_that_is_also_an_output_is_in_place():
    trace = Trace()
    w, x = trace.parameter("w", (3, 4)), trace.input("x", (3, 4))
    new = w - 0.1 * x
    assert in_place(trace.program({"new": new}, {w: new})) == {"w"}


def test_an_old_value_that_is_read_later_is_not_overwritten():
    trace = Trace()
    w, x = trace.parameter("w", (4, 4)), trace.input("x", (4, 4))
    new = w - 0.1 * x
    late = {"product": new @ w, "output": w, "sum": (f.exp(new @ x) * w).sum()}
    for name, value in late.items():
        assert in_place(trace.program({name: value}, {w: new})) == set(), name


def test_an_old_value_that_another_parameter_takes_is_not_overwritten():
    trace = Trace()
    a, b = trace.parameter("a", (3,)), trace.parameter("b", (3,))
    assert in_place(trace.program({}, {a: b, b: -b})) == set()
    trace = Trace()
    a, b = trace.parameter("a", (3, 3)), trace.parameter("b", (3, 3))
    assert in_place(trace.program({}, {a: b.transpose(), b: b * 2.0})) == set()


def test_an_old_value_read_across_is_not_overwritten():
    trace = Trace()
    w = trace.parameter("w", (3, 3))
    assert in_place(trace.program({}, {w: w + w.transpose()})) == set()
    assert in_place(trace.program({}, {w: w + w[0]})) <= {"w"}  # of w[0] there may be a copy
    trace = Trace()
    w = trace.parameter("w", (3,))
    assert in_place(trace.program({}, {w: (f.broadcast_to(w, (3, 3)) * 2.0).sum(0)})) == set()


def test_one_value_goes_in_place_into_one_parameter_only():
    trace = Trace()
    a, b, x = trace.parameter("a", (3,)), trace.parameter("b", (3,)), trace.input("x", (3,))
    new = x * 2.0
    assert len(in_place(trace.program({}, {a: new, b: new}))) == 1


def test_a_parameter_that_stays_costs_nothing():
    trace = Trace()
    w = trace.parameter("w", (3,))
    assert kinds(trace.program({}, {w: w.reshape(3, 1).reshape(3)})) == []


def test_inputs_without_a_common_first_axis_can_not_be_gathered():
    trace = Trace()
    x, y = trace.input("x", (3, 2)), trace.input("y", (4, 2))
    program = trace.program({"z": x.sum() + y.sum()})
    lowered(program)
    with pytest.raises(TypeError, match="first axis"):
        lowered(program, examples=10)
