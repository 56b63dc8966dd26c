"""Order and barriers: every thread sees what others wrote, and nobody waits without need."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.test_native_agrees import Recipe, recipes
from tests.executors.native.plans import groups_of, perceptron

from chainrule.executors.native import _core, schedule
from chainrule.executors.native.nodes import Node
from chainrule.executors.native.schedule import SMALL_FLOPS, Group, chunk_count
from chainrule.program import Program, Tensor, Trace, Value
from chainrule.program import functions as f


def barriers(groups: list[Group]) -> int:
    return sum(group.barrier for group in groups)


def chain_of_rows(width: int) -> tuple[Trace, Tensor, Tensor]:
    trace = Trace()
    return trace, trace.input("x", (512, width)), trace.parameter("w", (width, width))


def test_small_programs_are_one_group_without_barriers():
    groups, _ = groups_of(perceptron((20, 64, 64, 2), 32))
    assert len(groups) == 1
    assert (groups[0].barrier, groups[0].chunks) == (False, 1)


def test_chains_along_rows_need_no_barrier():
    trace, x, w = chain_of_rows(128)
    h = f.tanh(x @ w)
    h = f.relu(h @ w * 2.0) + x
    groups, _ = groups_of(trace.program({"h": h, "row sums": h.sum(1)}))
    assert barriers(groups) == 0
    assert all(group.chunks == chunk_count(512) > 1 for group in groups)


def test_what_crosses_rows_needs_a_barrier():
    trace, x, w = chain_of_rows(128)
    h = f.tanh(x @ w)
    for outputs in ({"mean": h.sum(0)}, {"total": h.sum()}):
        assert barriers(groups_of(trace.program(outputs))[0]) == 1
    # A deep product is cut along its depth: one before its pieces, one before their sum.
    assert barriers(groups_of(trace.program({"product": x.transpose() @ h}))[0]) == 2
    again = (x + h.sum(0)) @ w
    assert barriers(groups_of(trace.program({"again": again.sum(0)}))[0]) == 3


def test_a_training_step_of_a_perceptron_needs_few_barriers():
    groups, _ = groups_of(perceptron((784, 512, 512, 10), 128), examples=1000)
    assert 1 <= barriers(groups) <= 3


@pytest.mark.parametrize("extent", [0, 1, 63, 64, 100, 511, 512, 1000, 4096, 10**6])
def test_chunks_are_few_and_long(extent: int):
    chunks = chunk_count(extent)
    assert 1 <= chunks <= _core.MOST_CHUNKS
    assert chunks == 1 or extent // chunks >= 32


def test_every_node_comes_once_and_after_those_it_needs():
    groups, _ = groups_of(perceptron((784, 512, 10), 128), examples=1000)
    order = [node for group in groups for node in group.nodes]
    place = {node: number for number, node in enumerate(order)}
    assert len(place) == len(order)
    assert all(place[before] < place[node] for node in order for before in node.after)
    epochs = [group.epoch for group in groups]
    assert epochs == sorted(epochs)
    assert epochs[-1] == barriers(groups)


def parts(node: Node, group: Group) -> list[Fraction]:
    """Where every chunk ends, as a part of all rows."""
    return [
        Fraction(node.extent * chunk // group.chunks, max(node.extent, 1))
        for chunk in range(1, group.chunks + 1)
    ]


def assert_no_races(groups: list[Group], home: Callable[[Value], Value]) -> None:
    """Of two accesses to one place between two barriers, one writing, both are by the same chunk and part.

    Whether a node really keeps to its rows is for the runs to show, which compare bits for several threads.
    """
    for epoch in range(groups[-1].epoch + 1 if groups else 0):
        stretch = [(group, node) for group in groups if group.epoch == epoch for node in group.nodes]
        for number, (group, node) in enumerate(stretch):
            for other_group, other in stretch[:number]:
                for access in node.accesses:
                    for before in other.accesses:
                        if home(access.root) is not home(before.root) or not (access.write or before.write):
                            continue
                        if group.chunks == other_group.chunks == 1:
                            continue
                        assert access.aligned
                        assert before.aligned
                        assert parts(node, group) == parts(other, other_group)


@settings(derandomize=True, deadline=None, max_examples=80, database=None)
@given(recipe=recipes(), most=st.integers(2, 5))
def test_random_programs_have_no_races(recipe: Recipe, most: int):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "SMALL_FLOPS", 0)
        patch.setattr(schedule, "chunk_count", lambda extent: max(1, min(most, extent)))
        assert_no_races(*groups_of(recipe.program("float32"), 7))


def test_large_programs_have_no_races():
    for program in (perceptron((784, 512, 512, 10), 128), large_with_turns()):
        groups, home = groups_of(program)
        assert sum(node.flops for group in groups for node in group.nodes) > SMALL_FLOPS
        assert_no_races(groups, home)


def large_with_turns() -> Program:
    trace, x, w = chain_of_rows(160)
    h = f.softmax(x @ w)
    turned = h.transpose() @ x
    return trace.program({"y": (turned + w).max(0), "z": h[::2].sum()}, {w: w - turned.transpose()})
