"""Running a program step by step in NumPy."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from chainrule.executors.contract import HostSession, NamedArrays, Session, Tree
from chainrule.executors.numpy_.kernels import KERNELS, Kernel
from chainrule.program import EXPANSIONS, Program, Step, Trace, Value, expand


class _Instruction(NamedTuple):
    kernel: Kernel
    attributes: Mapping[str, object]
    inputs: tuple[int, ...]
    output: int
    dead: tuple[int, ...]  # places that nobody reads after this step


class NumpyProgram:
    """A program as a list of kernels over numbered places. See `Compiled` for the contract."""

    def __init__(self, program: Program) -> None:
        self.program = program
        primitive = expand(program)
        place = {value: i for i, value in enumerate(primitive.values())}
        self._inputs = [(value, place[value]) for value in primitive.inputs]
        self._tree = [(value, place[value]) for value in (*primitive.parameters, *primitive.state)]
        self._outputs = [(name, place[value]) for name, value in primitive.outputs.items()]
        self._updates = [(old.name, place[new]) for old, new in primitive.updates.items()]
        self._size = len(place)
        kept = {place[value] for value in (*primitive.outputs.values(), *primitive.updates.values())}
        self._instructions = _instructions(primitive, place, kept)

    def run(self, tree: Tree, inputs: NamedArrays) -> dict[str, np.ndarray]:
        """One call."""
        memory: list[np.ndarray | None] = [None] * self._size
        for value, i in self._inputs:
            memory[i] = _checked(inputs[value.name], value)
        for value, i in self._tree:
            memory[i] = _checked(tree[value.name], value)
        with np.errstate(all="ignore"):  # infinities and NaNs are results, and the loop looks for them
            for kernel, attributes, places, output, dead in self._instructions:
                memory[output] = kernel(*[memory[i] for i in places], **attributes)
                for i in dead:
                    memory[i] = None
        results = {name: np.array(memory[i]) for name, i in self._outputs}
        # A value that replaces one may be the old array of another, so all are read before one is written.
        fresh = [(name, np.array(memory[i])) for name, i in self._updates]
        for name, array in fresh:
            tree[name][...] = array
        return results

    def bind(self, tree: Tree | Session) -> HostSession:
        """A session on this tree."""
        return HostSession(tree, self._run_many)

    def _run_many(self, tree: Tree, chunk: NamedArrays, order: np.ndarray) -> dict[str, np.ndarray]:
        rows = [self.run(tree, {name: array[indices] for name, array in chunk.items()}) for indices in order]
        if not rows:
            return {name: np.empty((0, *v.shape), v.dtype) for name, v in self.program.outputs.items()}
        return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _instructions(program: Program, place: Mapping[Value, int], kept: set[int]) -> list[_Instruction]:
    last: dict[int, int] = {}
    for number, step in enumerate(program.steps):
        for value in (*step.inputs, step.output):
            last[place[value]] = number
    dead: list[list[int]] = [[] for _ in program.steps]
    for i, number in last.items():
        if i not in kept:
            dead[number].append(i)
    return [
        _Instruction(
            KERNELS[step.operation],
            _attributes(step),
            tuple(place[value] for value in step.inputs),
            place[step.output],
            tuple(dead[number]),
        )
        for number, step in enumerate(program.steps)
    ]


def _attributes(step: Step) -> dict[str, object]:
    """A step's attributes, with the program that a loop repeats made ready to run."""
    return {
        name: NumpyProgram(value) if isinstance(value, Program) else value
        for name, value in step.attributes.items()
    }


def _checked(array: np.ndarray, value: Value) -> np.ndarray:
    if array.shape != value.shape or array.dtype.name != value.dtype:
        raise TypeError(f"{value} was given {array.dtype.name} {array.shape}")
    return array


def compile_numpy(program: Program) -> NumpyProgram:
    """Prepare a program for NumPy."""
    return NumpyProgram(program)


def every_value(program: Program, tree: NamedArrays, inputs: NamedArrays) -> dict[Value, np.ndarray]:
    """Every value of one call; the tree stays as it is. For `explain`, and for finding the first NaN."""
    # Copies, since a later call may overwrite the tree.
    values = {value: np.array(inputs[value.name]) for value in program.inputs}
    values.update({value: np.array(tree[value.name]) for value in (*program.parameters, *program.state)})
    with np.errstate(all="ignore"):
        for step in program.steps:
            arguments = [values[value] for value in step.inputs]
            if step.operation in EXPANSIONS:
                values[step.output] = _composite(step, arguments)
            else:
                values[step.output] = KERNELS[step.operation](*arguments, **_attributes(step))
    return values


def _composite(step: Step, arguments: list[np.ndarray]) -> np.ndarray:
    trace = Trace()
    names = [str(i) for i in range(len(arguments))]
    inputs = [trace.input(name, v.shape, v.dtype) for name, v in zip(names, step.inputs, strict=True)]
    output = EXPANSIONS[step.operation](*inputs, **step.attributes)
    return NumpyProgram(trace.program({"y": output})).run({}, dict(zip(names, arguments, strict=True)))["y"]
