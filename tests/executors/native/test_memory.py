"""The arena: nothing alive is overwritten, and it is hardly larger than what is alive."""

from collections.abc import Callable

import pytest
from benchmarks.peers.ours import batch_of, recipe_of
from benchmarks.workloads import WORKLOADS, Workload
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.contracts.test_native_agrees import Recipe, recipes
from tests.executors.native.plans import groups_of, lowered

from chainrule.executors.native import schedule
from chainrule.executors.native.memory import ALIGNMENT, Layout, lay_out
from chainrule.executors.native.nodes import Node
from chainrule.executors.native.schedule import Group
from chainrule.program import Program, Tensor, Trace, Value
from chainrule.program import functions as f
from chainrule.training import training_step

MOST = 1.25


def placed(program: Program, examples: int | None) -> tuple[Layout, dict[Value, set[int]]]:
    """The arena, and the times at which each value in it is alive, found anew.

    Times are instructions where one thread runs them all; else all instructions between two barriers are one
    time, since threads are at different ones.
    """
    lowering = lowered(program, examples)

    def home(value: Value) -> Value:
        return lowering.home.get(value, value)

    groups = schedule.schedule(lowering.nodes)
    given = {*program.inputs, *program.parameters, *program.state, *lowering.constants}
    if examples is not None:
        given -= set(program.inputs)
        given |= {*lowering.chunks.values(), lowering.order}
    outside = {*given, *lowering.results.values()}
    layout = lay_out(groups, outside)
    touched: dict[Value, list[int]] = {}
    everything = [(group, node) for group in groups for node in group.nodes]
    for time, (group, node) in enumerate(everything):
        now = time if is_alone(groups) else group.epoch
        for access in node.accesses:
            root = lowering.home.get(access.root, access.root)
            if root not in outside and root not in layout.locals:
                touched.setdefault(root, []).append(now)
    assert_local(layout, groups, home)
    return layout, {root: set(range(min(times), max(times) + 1)) for root, times in touched.items()}


def is_alone(groups: list[Group]) -> bool:
    return all(group.chunks == 1 for group in groups)


def assert_local(layout: Layout, groups: list[Group], home: Callable[[Value], Value]) -> None:
    """Values in a thread's own room are written first, by row and whole, and touched by one group alone."""
    for root, (rows, row_bytes) in layout.locals.items():
        assert root not in layout.offsets
        assert rows * row_bytes == root.nbytes
        users = [group for group in groups if any(touches(node, root, home) for node in group.nodes)]
        assert len(users) == 1
        assert users[0].chunks > 1
        accesses = [
            (node, access) for node in users[0].nodes for access in node.accesses if home(access.root) is root
        ]
        assert accesses[0][1].write
        assert all(access.aligned and access.whole for _, access in accesses)
        uneven = {rows, *(node.extent for node, _ in accesses)}
        assert len(uneven) == 1 or not any(extent % users[0].chunks for extent in uneven)


def touches(node: Node, root: Value, home: Callable[[Value], Value]) -> bool:
    return any(home(access.root) is root for access in node.accesses)


def assert_sound(layout: Layout, alive: dict[Value, set[int]]) -> None:
    """Every value has a place of its own while it is alive, inside of the arena."""
    assert set(layout.offsets) == set(alive)
    values = list(alive)
    for number, value in enumerate(values):
        start = layout.offsets[value]
        assert start >= 0
        assert start % ALIGNMENT == 0
        assert start + value.nbytes <= layout.size
        for other in values[:number]:
            begin = layout.offsets[other]
            if start < begin + other.nbytes and begin < start + value.nbytes:
                assert not alive[value] & alive[other], (value, other)


def most_alive(alive: dict[Value, set[int]]) -> int:
    """Bytes of the values alive at the fullest time, each in whole cache lines."""
    totals: dict[int, int] = {}
    for value, times in alive.items():
        for time in times:
            totals[time] = totals.get(time, 0) + max(1, -(-value.nbytes // ALIGNMENT)) * ALIGNMENT
    return max(totals.values(), default=0)


def workload_step(workload: Workload) -> Program:
    return training_step(recipe_of(workload), batch_of(workload)).program


@pytest.mark.parametrize("examples", [None, 4096])
@pytest.mark.parametrize("name", WORKLOADS)
def test_the_arena_of_a_benchmark_is_hardly_larger_than_what_is_alive(name: str, examples: int | None):
    layout, alive = placed(workload_step(WORKLOADS[name]), examples)
    assert_sound(layout, alive)
    assert layout.alive == most_alive(alive)
    assert layout.alive <= layout.size <= MOST * layout.alive


@settings(derandomize=True, deadline=None, max_examples=120, database=None)
@given(recipe=recipes(), cut=st.booleans(), gathered=st.booleans())
def test_random_programs_have_sound_arenas(recipe: Recipe, cut: bool, gathered: bool):
    with pytest.MonkeyPatch.context() as patch:
        if cut:
            patch.setattr(schedule, "SMALL_FLOPS", 0)
            patch.setattr(schedule, "chunk_count", lambda extent: max(1, min(3, extent)))
        layout, alive = placed(recipe.program("float32"), 7 if gathered else None)
    assert_sound(layout, alive)
    assert layout.alive == most_alive(alive)
    # A few values of very different sizes may leave gaps that nothing fits.
    assert layout.size <= MOST * layout.alive + 4 * ALIGNMENT


def test_a_long_chain_uses_the_same_places_again():
    trace = Trace()
    x, w = trace.input("x", (50, 50)), trace.parameter("w", (50, 50))
    h = x
    for _ in range(12):
        h = f.tanh(h @ w)
    layout, alive = placed(trace.program({"h": h}), None)
    assert len(alive) >= 20
    assert layout.size <= 3 * x.value.nbytes + 10 * ALIGNMENT


def test_updates_in_place_take_no_room():
    trace = Trace()
    w, x = trace.parameter("w", (64, 64)), trace.input("x", (64, 64))
    layout, _ = placed(trace.program({}, {w: w - 0.1 * x}), None)
    assert layout.size < w.value.nbytes


def test_values_without_elements_have_places():
    trace = Trace()
    x = trace.input("x", (0, 3))
    layout, alive = placed(
        trace.program({"y": f.exp(x).sum(0, keepdims=True) @ trace.parameter("w", (3, 2))}), None
    )
    assert_sound(layout, alive)


def chain(reads: Callable[[Tensor], Tensor]) -> Layout:
    """The layout of three layers, the outputs of which are read in some way."""
    trace = Trace()
    x, w = trace.input("x", (512, 128)), trace.parameter("w", (128, 128))
    made = [x]
    for _ in range(3):
        made.append(f.tanh(made[-1] @ w))
    program = trace.program({f"h{number}": reads(h) for number, h in enumerate(made[1:])})
    groups, _ = groups_of(program)
    assert not is_alone(groups)
    layout, alive = placed(program, None)
    assert_sound(layout, alive)
    return layout


def test_what_a_chunk_makes_and_uses_up_needs_no_arena():
    layout = chain(lambda h: h + 1.0)
    assert {"matmul", "matmul_2", "matmul_3"} <= {value.name for value in layout.locals}
    assert not layout.locals.keys() & layout.offsets.keys()


def test_what_other_chunks_read_is_in_the_arena():
    # Threads are at different instructions between two barriers: nothing shares a place there.
    layout = chain(lambda h: h.sum(0))
    large = [value for value in layout.offsets if value.size == 512 * 128]
    assert len(large) == 3
    assert len({layout.offsets[value] for value in large}) == 3
