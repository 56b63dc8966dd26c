"""What a peer is to the harness."""

from typing import Protocol

import numpy as np

from benchmarks.problem import Problem


class Peer(Protocol):
    """A network that is being trained.

    note: how, in a few words, for the table. steps_per_run: what one `run` makes.
    """

    note: str
    steps_per_run: int

    def begin(self) -> None:
        """The first step; a peer that compiles whole epochs makes a whole one."""
        ...

    def reset(self) -> None:
        """Back to the initial weights and a fresh optimizer."""
        ...

    def losses(self, epoch: int) -> np.ndarray:
        """Train through this epoch's batches; the loss of each step, before its update: (steps,)."""
        ...

    def run(self, epoch: int) -> None:
        """The same as fast as the peer can; returns when the work is done."""
        ...


class Maker(Protocol):
    """What the module of a peer offers. The library itself is imported at its top."""

    def build(self, problem: Problem, variant: str) -> Peer:
        """A peer at its initial weights; nothing trained yet. variant: one of its `Entry`."""
        ...

    def version(self) -> str:
        """The library and its version."""
        ...
