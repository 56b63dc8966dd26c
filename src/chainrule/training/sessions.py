"""The sessions of one training: a compiled step for each shape of batch, all on one tree."""

from collections.abc import Hashable
from typing import Any

import numpy as np

from chainrule.data import Arrays
from chainrule.executors import Session
from chainrule.program import NamedArrays, Program
from chainrule.training.probes import Probe, every_step
from chainrule.training.supply import Supply


class Sessions:
    """Training steps of a supply, made when first needed. watch: what they measure.

    tree: what they train, from now on read through `first`. program, first: those of full batches.
    """

    def __init__(
        self, data: Supply, rows: int, tree: dict[str, np.ndarray], watch: tuple[Probe, ...] = ()
    ) -> None:
        self._data = data
        self._watch = watch
        self._each_step = every_step(watch)
        self._tree: Any = tree
        self._kept: dict[tuple[Hashable, ...], tuple[Program, Session]] = {}
        self.program, self.first = self.of(data.sample.named, rows)

    @property
    def measures_at_last(self) -> bool:
        """Whether some of what is watched is measured at the last step of an epoch alone."""
        return len(self._each_step) < len(self._watch)

    def of(self, arrays: NamedArrays, rows: int, *, at_last: bool = False) -> tuple[Program, Session]:
        """The training step for batches of so many rows of these arrays, and its session.

        at_last: with what is watched at the last step of an epoch alone.
        """
        shapes = [array.shape[1:] for array in arrays.values()] if self._data.is_ragged else ()
        key = (rows, at_last, *shapes)
        found = self._kept.get(key)
        if found is None:
            watch = self._watch if at_last else self._each_step
            compiled = self._data.programs.training(Arrays(arrays), rows, watch=watch)
            session = compiled.bind(self._tree)
            found = self._kept[key] = compiled.program, session
            self._tree = next(iter(self._kept.values()))[1]
        return found
