"""The sessions of one training: a compiled step for each shape of batch, all on one tree."""

from collections.abc import Hashable
from typing import Any

import numpy as np

from chainrule.data import Arrays
from chainrule.executors import Session
from chainrule.program import NamedArrays, Program
from chainrule.training.probes import Probe
from chainrule.training.supply import Supply


class Sessions:
    """Training steps of a supply, made when first needed.

    tree: what they train, from now on read through `first`. program, first: those of full batches, which
    measure `watch`.
    """

    def __init__(
        self, data: Supply, rows: int, tree: dict[str, np.ndarray], watch: tuple[Probe, ...] = ()
    ) -> None:
        self._data = data
        self._tree: Any = tree
        self._kept: dict[tuple[Hashable, ...], tuple[Program, Session]] = {}
        self.program, self.first = self.of(data.sample.named, rows, watch)

    def of(self, arrays: NamedArrays, rows: int, watch: tuple[Probe, ...] = ()) -> tuple[Program, Session]:
        """The training step for batches of so many rows of these arrays, and its session.

        watch: what the step measures.
        """
        shapes = [array.shape[1:] for array in arrays.values()] if self._data.is_ragged else ()
        key = (rows, watch, *shapes)
        found = self._kept.get(key)
        if found is None:
            compiled = self._data.programs.training(Arrays(arrays), rows, watch=watch)
            session = compiled.bind(self._tree)
            found = self._kept[key] = compiled.program, session
            self._tree = next(iter(self._kept.values()))[1]
        return found
