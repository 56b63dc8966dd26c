"""Running programs on the core: plans made in Python, steps run in C++."""

import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np

from chainrule.executors.contract import Arrays, Tree
from chainrule.executors.native import _core
from chainrule.executors.native.lowering import WHOLE, Lowering, refuse_unsupported
from chainrule.executors.native.memory import Layout
from chainrule.executors.native.placement import place
from chainrule.executors.native.schedule import Group, schedule
from chainrule.executors.native.threads import thread_count
from chainrule.program import Program, Value, expand


@dataclass(frozen=True, eq=False)
class Plan:
    """A program as instructions. buffers: what each external buffer holds, from number 2 on."""

    lowering: Lowering
    groups: list[Group]
    layout: Layout
    buffers: list[Value]
    constants: np.ndarray
    core: "_core.Core"


class NativeProgram:
    """A program ready for the core. See `Compiled` for the contract.

    threads: of the pool; the same bits for any number.
    """

    def __init__(self, program: Program, threads: int | None = None) -> None:
        self.program = program
        self.threads = thread_count(threads)
        self._expanded = expand(program, WHOLE)
        self._plans: dict[int | None, Plan] = {}
        refuse_unsupported(self._expanded)

    def plan(self, examples: int | None) -> Plan:
        """The plan for batches gathered from this many examples; None: for inputs as they are."""
        if examples not in self._plans:
            self._plans[examples] = make_plan(self._expanded, examples)
        return self._plans[examples]

    def run(self, tree: Tree, inputs: Arrays) -> dict[str, np.ndarray]:
        """One call."""
        plan = self.plan(None)
        given = {value: inputs[value.name] for value in self._expanded.inputs}
        return {name: array[0] for name, array in self._go(plan, tree, given, None, 1).items()}

    def run_many(self, tree: Tree, chunk: Arrays, order: np.ndarray) -> dict[str, np.ndarray]:
        """One call for each row of order."""
        inputs = self._expanded.inputs
        if not inputs:
            return self._go(self.plan(None), tree, {}, None, len(order))
        examples = len(chunk[inputs[0].name])
        if order.ndim != 2 or order.shape[1:] != inputs[0].shape[:1]:
            raise TypeError(f"{inputs[0]} was given an order of shape {order.shape}")
        if order.size and not -examples <= order.min() <= order.max() < examples:
            wrong = order[(order < -examples) | (order >= examples)]
            raise IndexError(f"the order names example {wrong[0]} of {examples}")
        plan = self.plan(examples)
        given = {plan.lowering.chunks[value]: chunk[value.name] for value in inputs}
        return self._go(plan, tree, given, np.ascontiguousarray(order, np.int32), len(order))

    def _go(
        self, plan: Plan, tree: Tree, given: dict[Value, np.ndarray], order: np.ndarray | None, steps: int
    ) -> dict[str, np.ndarray]:
        lowering = plan.lowering
        results = {
            name: np.empty((steps, *value.shape), value.dtype) for name, value in lowering.results.items()
        }
        named = {value: results[name] for name, value in lowering.results.items()}
        arrays, step_bytes = [plan.constants], [0]
        aside: list[
            tuple[np.ndarray, np.ndarray]
        ] = []  # arrays of the tree that the core can't write to itself
        for value in plan.buffers:
            if value in named:
                arrays.append(named[value])
                step_bytes.append(value.nbytes)
            elif value is lowering.order and order is not None:
                arrays.append(order)
                step_bytes.append(value.nbytes)
            else:
                array = given[value] if value in given else tree[value.name]
                arrays.append(_checked(array, value))
                step_bytes.append(0)
                if value in self._expanded.updates:
                    if not array.flags.writeable:
                        raise ValueError(f"{value} is updated, and was given an array that is read-only")
                    if arrays[-1] is not array:
                        aside.append((array, arrays[-1]))
        try:
            plan.core.run(arrays, step_bytes, steps, _pool(self.threads))
        finally:
            for array, fresh in aside:
                array[...] = fresh
        return results


def make_plan(program: Program, examples: int | None) -> Plan:
    """Lower, schedule and place a program of primitives and the composites that the core runs whole."""
    lowering = Lowering(program, examples)
    lowering.lower()

    groups = schedule(lowering.nodes, lowering.home_of)
    inputs = [lowering.chunks.get(value, value) for value in program.inputs]
    order = [lowering.order] if lowering.order is not None else []
    buffers = [*program.parameters, *program.state, *inputs, *order, *lowering.results.values()]
    placed = place(groups, lowering.constants, buffers, lowering.home_of)
    ends = accumulate(len(group.nodes) for group in groups)
    rows = [
        [int(group.barrier), group.chunks, end - len(group.nodes), len(group.nodes)]
        for group, end in zip(groups, ends, strict=True)
    ]
    sizes = [placed.layout.size, placed.constants.nbytes, *(value.nbytes for value in buffers)]
    core = _core.Core(placed.instructions, rows, sizes, list(placed.layout.locals.values()))
    return Plan(lowering, groups, placed.layout, buffers, placed.constants, core)


def plan_text(program: Program) -> str:
    """The instruction list of a program: bytes and floating-point operations of each."""
    plan = make_plan(expand(program, WHOLE), None)
    ahead = iter(plan.core.ready)
    lines = [f"{'':9} {'chunks':>6} {'flops':>13} {'bytes':>12}  instruction"]
    for group in plan.groups:
        if group.barrier:
            lines.append("          barrier: all threads wait")
        for node in group.nodes:
            nbytes = sum(access.root.nbytes for access in node.accesses)
            loop = next(ahead)
            text = f"{node.text} ({loop}, compiled ahead)" if loop else node.text
            lines.append(f"{node.kind:11.11} {group.chunks:>4} {node.flops:>13,} {nbytes:>12,}  {text}")
    kept = sum(value.nbytes for value in (*program.parameters, *program.state))
    lines += [
        "",
        f"arena             {plan.layout.size:,} bytes; {plan.layout.alive:,} are alive at one time at most",
        f"parameters, state {kept:,} bytes, updated in place",
    ]
    return "\n".join(lines)


def _checked(array: np.ndarray, value: Value) -> np.ndarray:
    """The array as the core reads it: row-major, aligned, in the machine's byte order."""
    # Nearly always so, and many times a second. A dtype in the other byte order is not equal.
    if array.shape == value.shape and array.dtype == value.dtype:
        flags = array.flags
        if flags.c_contiguous and flags.aligned:
            return array
    if array.shape != value.shape or array.dtype.name != value.dtype:
        raise TypeError(f"{value} was given {array.dtype.name} {array.shape}")
    return np.require(array, value.dtype, ["C", "A"])


@lru_cache(maxsize=8)
def _pool(threads: int) -> "_core.Pool":
    return _core.Pool(threads)


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_pool.cache_clear)  # threads do not live on in a child
