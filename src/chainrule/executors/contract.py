"""What every executor promises."""

from collections.abc import MutableMapping
from typing import Protocol

import numpy as np

from chainrule.program import NamedArrays, Program

Tree = MutableMapping[str, np.ndarray]


class Compiled(Protocol):
    """A program ready to run."""

    program: Program

    def run(self, tree: Tree, inputs: NamedArrays) -> dict[str, np.ndarray]:
        """One call.

        tree: every parameter and state value by name; those that the program updates are overwritten in
        place, all of them after the last step, so that an interrupted call leaves the tree as it was.
        inputs: every input by name. Returns the outputs by name.
        """
        ...

    def run_many(self, tree: Tree, chunk: NamedArrays, order: np.ndarray) -> dict[str, np.ndarray]:
        """One call for each row of order, without coming back in between.

        chunk: the inputs of all examples, first axis = examples. order: (calls, batch) indices into it.
        Returns the outputs by name, stacked: (calls, ...).
        """
        ...


class Executor(Protocol):
    """Turns programs into something that runs."""

    def __call__(self, program: Program) -> Compiled:
        """Prepare a program; the same inputs and tree give the same outputs every time."""
        ...
