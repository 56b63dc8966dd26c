"""Running programs on the core: plans made in Python, steps run in C++."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np

from chainrule.executors.contract import HostSession, NamedArrays, Session, Tree
from chainrule.executors.native import _core
from chainrule.executors.native.lowering import Lowering
from chainrule.executors.native.placement import Placement, place
from chainrule.executors.native.schedule import Group, schedule
from chainrule.executors.native.supported import refuse_unsupported, runs_whole
from chainrule.executors.native.threads import thread_count
from chainrule.program import Program, Value, expand
from chainrule.program.garbage import no_garbage_collection


@dataclass(frozen=True, eq=False)
class Draft:
    """A program as nodes, in order and in place.

    The external buffers are, from number 1 on: the constants, what the tree holds and keeps as it is (fixed),
    the inputs, the order if there is one; then those that are written: what the tree holds and the program
    updates (updated), and the results.
    """

    groups: list[Group]
    placed: Placement
    fixed: list[Value]
    inputs: list[Value]
    order: list[Value]
    updated: list[Value]
    results: dict[str, Value]

    @property
    def buffers(self) -> list[Value]:
        """What has storage of its own, but for the arena and the constants."""
        return [*self.fixed, *self.inputs, *self.order, *self.updated, *self.results.values()]

    def core(self) -> "_core.Core":
        """The core's machine for it."""
        ends = accumulate(len(group.nodes) for group in self.groups)
        rows = [
            [int(group.barrier), group.chunks, end - len(group.nodes), len(group.nodes)]
            for group, end in zip(self.groups, ends, strict=True)
        ]
        placed, layout = self.placed, self.placed.layout
        sizes = [layout.size, placed.constants.nbytes, *(value.nbytes for value in self.buffers)]
        read_only = 1 + len(self.fixed) + len(self.inputs) + len(self.order)
        return _core.Core(placed.instructions, rows, sizes, list(layout.locals.values()), read_only)


@dataclass(frozen=True, eq=False)
class Plan:
    """A program as the core runs it; the buffers are those of its `Draft`, which need not be kept.

    step_bytes: how far each buffer moves from step to step.
    """

    fixed: list[Value]
    inputs: list[Value]
    updated: list[Value]
    results: dict[str, Value]
    step_bytes: list[int]
    constants: np.ndarray
    core: "_core.Core"


class NativeProgram:
    """A program ready for the core. See `Compiled` for the contract.

    threads: of the pool; the same bits for any number.
    """

    @no_garbage_collection()
    def __init__(self, program: Program, threads: int | None = None) -> None:
        self.program = program
        self.threads = thread_count(threads)
        self._expanded = expand(program, runs_whole)
        self._plans: dict[int | None, Plan] = {}
        refuse_unsupported(self._expanded)

    def plan(self, examples: int | None) -> Plan:
        """The plan for batches gathered from this many examples; None: for inputs as they are."""
        found = self._plans.get(examples)
        if found is None:  # threads that come at once each make it, and one is kept
            found = self._plans.setdefault(examples, make_plan(self._expanded, examples))
        return found

    def run(self, tree: Tree, inputs: NamedArrays) -> dict[str, np.ndarray]:
        """One call."""
        plan = self.plan(None)
        given = [inputs[value.name] for value in self._expanded.inputs]
        return {name: array[0] for name, array in self._go(plan, tree, given, None, 1).items()}

    def bind(self, tree: Tree | Session) -> HostSession:
        """A session on this tree."""
        return HostSession(tree, self._run_many)

    def _run_many(self, tree: Tree, chunk: NamedArrays, order: np.ndarray) -> dict[str, np.ndarray]:
        inputs = self._expanded.inputs
        if not inputs:
            return self._go(self.plan(None), tree, [], None, len(order))
        examples = len(chunk[inputs[0].name])
        if order.ndim != 2 or order.shape[1:] != inputs[0].shape[:1]:
            raise TypeError(f"{inputs[0]} was given an order of shape {order.shape}")
        if order.size and not -examples <= order.min() <= order.max() < examples:
            wrong = order[(order < -examples) | (order >= examples)]
            raise IndexError(f"the order names example {wrong[0]} of {examples}")
        given = [chunk[value.name] for value in inputs]
        return self._go(self.plan(examples), tree, given, np.ascontiguousarray(order, np.int32), len(order))

    def _go(
        self, plan: Plan, tree: Tree, given: list[np.ndarray], order: np.ndarray | None, steps: int
    ) -> dict[str, np.ndarray]:
        results = {name: np.empty((steps, *v.shape), v.dtype) for name, v in plan.results.items()}
        fixed = [_checked(tree[value.name], value) for value in plan.fixed]
        updated: list[np.ndarray] = []
        aside: list[tuple[np.ndarray, np.ndarray]] = []  # what the core can't write to itself
        for value in plan.updated:
            own = tree[value.name]
            if not own.flags.writeable:
                raise ValueError(f"{value} is updated, and was given an array that is read-only")
            updated.append(_checked(own, value))
            if updated[-1] is not own:
                aside.append((own, updated[-1]))
        inputs = [_checked(array, value) for array, value in zip(given, plan.inputs, strict=True)]
        read = [plan.constants, *fixed, *inputs, *([] if order is None else [order])]
        written = [*updated, *results.values()]
        try:
            plan.core.run(read, written, plan.step_bytes, steps, _pool(self.threads))
        finally:
            for own, array in aside:
                own[...] = array
        return results


@no_garbage_collection()
def make_plan(program: Program, examples: int | None) -> Plan:
    """The plan of a program; see `draft_plan`."""
    draft = draft_plan(program, examples)
    moving = {*draft.order, *draft.results.values()}
    step_bytes = [0, *(value.nbytes if value in moving else 0 for value in draft.buffers)]
    constants, core = draft.placed.constants, draft.core()
    return Plan(draft.fixed, draft.inputs, draft.updated, draft.results, step_bytes, constants, core)


def draft_plan(program: Program, examples: int | None) -> Draft:
    """Lower, schedule and place a program of primitives and the composites that the core runs whole.

    `refuse_unsupported` must have let it pass.
    """
    lowering = Lowering(program, examples)
    lowering.lower()
    groups = schedule(lowering.nodes)
    inputs = [lowering.chunks.get(value, value) for value in program.inputs]
    order = [lowering.order] if lowering.order is not None else []
    kept, results = [*program.parameters, *program.state], lowering.results
    fixed = [value for value in kept if value not in program.updates]
    updated = [value for value in kept if value in program.updates]
    buffers = [*fixed, *inputs, *order, *updated, *results.values()]
    placed = place(groups, lowering.constants, buffers, lowering.home)
    return Draft(groups, placed, fixed, inputs, order, updated, results)


def plan_text(program: Program) -> str:
    """The instruction list of a program: bytes and floating-point operations of each."""
    expanded = expand(program, runs_whole)
    refuse_unsupported(expanded)
    draft = draft_plan(expanded, None)
    layout, ahead = draft.placed.layout, iter(draft.core().ready)
    lines = [f"{'':9} {'chunks':>6} {'flops':>13} {'bytes':>12}  instruction"]
    for group in draft.groups:
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
        f"arena             {layout.size:,} bytes; {layout.alive:,} are alive at one time at most",
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
