"""What every executor promises."""

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from chainrule.program import NamedArrays, Program

Tree = MutableMapping[str, np.ndarray]


class Session(Protocol):
    """A program with a tree to run on, which lies where the executor wants it, such as on its device."""

    def run_many(self, arrays: NamedArrays, order: np.ndarray) -> dict[str, np.ndarray]:
        """One call for each row of order, without coming back in between.

        arrays: the inputs of all examples, first axis = examples. order: (calls, batch) indices into them.
        Training gives any number of calls at a time: an executor that compiles for each number cuts the
        order into few sizes itself, such as powers of two.
        The tree's values that the program updates are overwritten, all of them after the last step of a call.
        Returns the outputs by name, stacked: (calls, ...).
        """
        ...

    def read(self, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
        """Arrays of the tree as they are now, by name; all of them if None.

        They may be those that the session works on: copy what is to be kept, and give what is changed to
        `write`.
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

        tree: every parameter and state value by name; those that the program updates are overwritten in
        place, all of them after the last step, so that an interrupted call leaves the tree as it was.
        inputs: every input by name. Returns the outputs by name.
        """
        ...

    def bind(self, tree: Tree | Session) -> Session:
        """A session on this tree; on that of a session of another program of this executor, where it lies.

        The arrays belong to the session from now on: read them by `Session.read`.
        """
        ...


Compile = Callable[[Program], Compiled]


@dataclass(frozen=True)
class Executor:
    """A way to run programs.

    compile: prepares a program; the same inputs and tree give the same outputs every time. missing: why it
    can't run on this machine, and what to do, as (reason, remedy); None where it can.
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
