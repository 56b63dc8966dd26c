"""The contract of every executor."""

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from chainrule.program import NamedArrays, Program

Tree = MutableMapping[str, np.ndarray]


class Session(Protocol):
    """A program with the tree that it runs on, which the executor may keep elsewhere, such as on a device."""

    def run_many(self, arrays: NamedArrays, order: np.ndarray) -> dict[str, np.ndarray]:
        """One call for each row of order, without returning to Python in between.

        arrays: the inputs of all examples, along the first axis. order: (calls, batch) indices into them.
        The number of calls may differ each time: an executor that compiles for each number should divide the
        order into few sizes, such as powers of two.
        Values of the tree that the program updates are overwritten, all of them after the last step of a
        call.
        Returns the outputs by name, stacked: (calls, ...).
        """
        ...

    def read(self, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
        """Arrays of the tree as they are now, by name; all of them if None.

        They may be the arrays that the session works on: copy those to keep, and change them by `write`.
        """
        ...

    def write(self, arrays: NamedArrays) -> None:
        """Overwrite arrays of the tree, by name."""
        ...


class Compiled(Protocol):
    """A program ready to run."""

    program: Program

    def run(self, tree: Tree, inputs: NamedArrays) -> dict[str, np.ndarray]:
        """One call, such as a prediction, on a tree in NumPy.

        tree: all parameters and state by name; those that the program updates are overwritten in place, all
        of them after the last step, so that an interrupted call does not change the tree.
        inputs: all inputs by name. Returns the outputs by name.
        """
        ...

    def bind(self, tree: Tree | Session) -> Session:
        """A session on this tree, or on the tree of a session of another program of this executor.

        The arrays belong to the session from now on: read them by `Session.read`.
        """
        ...


Compile = Callable[[Program], Compiled]
"""Prepares a program once for many calls."""


@dataclass(frozen=True)
class Executor:
    """A way to run programs.

    compile: prepares a program; the same inputs and tree always give the same outputs. missing: why the
    executor can't run on this machine, and what to do, as (reason, remedy); None if it can.
    """

    compile: Compile
    missing: Callable[[], tuple[str, str] | None] = lambda: None


class HostSession:
    """A session whose tree stays in NumPy: the arrays that it was given, updated in place."""

    def __init__(
        self,
        tree: Tree | Session,
        run_many: Callable[[Tree, NamedArrays, np.ndarray], dict[str, np.ndarray]],
    ) -> None:
        held = tree._tree if isinstance(tree, HostSession) else tree
        if not isinstance(held, MutableMapping):
            raise TypeError(f"{type(tree).__name__} is of another executor")
        self._tree: Tree = held
        self._run_many = run_many

    def run_many(self, arrays: NamedArrays, order: np.ndarray) -> dict[str, np.ndarray]:
        """One call for each row of order."""
        return self._run_many(self._tree, arrays, order)

    def read(self, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
        """The arrays themselves."""
        return dict(self._tree) if names is None else {name: self._tree[name] for name in names}

    def write(self, arrays: NamedArrays) -> None:
        """Overwrite arrays in place."""
        for name, array in arrays.items():
            if array is not self._tree[name]:
                self._tree[name][...] = array
