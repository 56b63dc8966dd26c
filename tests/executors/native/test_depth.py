"""Recording and planning take as much work for each step of a deep program as of a shallow one."""

import gc
import sys
from types import FrameType

import pytest
from benchmarks.planning import NETWORKS

from chainrule.executors.native.executor import NativeProgram
from chainrule.executors.native.lowering import Lowering
from chainrule.executors.native.nodes import Node
from chainrule.executors.native.tiles import Tile
from chainrule.program.garbage import no_garbage_collection
from chainrule.training import training_step
from chainrule.training.probes import USUAL


def calls_of_a_step(network: str, depth: int, watch: bool) -> float:
    """Calls of functions, and turns of generators, for each step of the program."""
    recipe, batch = NETWORKS[network](depth)
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        program = training_step(recipe, batch, watch=USUAL if watch else ()).program
        NativeProgram(program).plan(batch.rows)
    finally:
        sys.setprofile(None)
    return calls / len(program.steps)


@pytest.mark.parametrize("watch", [False, True])
@pytest.mark.parametrize(("network", "depth"), [("dense", 16), ("transformer", 2)])
def test_work_grows_as_the_number_of_steps(network, depth, watch):
    calls_of_a_step(network, 1, watch)  # what is computed once and kept
    assert calls_of_a_step(network, 4 * depth, watch) < 1.05 * calls_of_a_step(network, depth, watch)


def made_for_plans_alone() -> int:
    """Objects that are alive now, and that nobody needs once a plan is made."""
    # By its type: some objects of other libraries warn when they are asked for their class.
    return sum(issubclass(type(each), Lowering | Node | Tile) for each in gc.get_objects())


def ours_in_cycles() -> list[object]:
    """What the search for cycles finds of chainrule's own classes; other libraries leave some of theirs."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return [each for each in gc.garbage if type(each).__module__.startswith("chainrule")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


def test_nothing_is_left_for_the_search_for_cycles():
    recipe, batch = NETWORKS["transformer"](1)
    with no_garbage_collection():
        training_step(recipe, batch)  # what is computed once and kept
        gc.collect()
        before = made_for_plans_alone()
        step = training_step(recipe, batch)
        compiled = NativeProgram(step.program)
        compiled.plan(batch.rows)
        assert made_for_plans_alone() == before
        assert len(ours_in_cycles()) < len(step.program.steps) / 10
