"""Translating: beam search in batches, with the keys and values of what is written as program state."""

from collections.abc import Callable

import numpy as np

from chainrule.executors import Compiled, usable_executor
from chainrule.nn.layer import building
from chainrule.program import Program, Trace
from chainrule.tasks.translate.beams import beam_search
from chainrule.tasks.translate.network import FILL, Translation
from chainrule.training import Run

SENTENCES = 32
"""Texts that are translated together."""
_SHORTEST = 8


class Writer:
    """Translates by a run. Programs are compiled once for each length of sources."""

    def __init__(self, run: Run) -> None:
        objective = run.recipe.objective
        assert isinstance(objective, Translation)
        self._objective = objective
        self.model = objective.model
        self._parameters = run.parameters
        self._compile: Callable[[Program], Compiled] = usable_executor(run.executor)[0].compile
        self._programs: dict[int, tuple[Compiled, Compiled]] = {}

    def translated(self, sources: list[np.ndarray], beams: int, length_penalty: float) -> list[list[int]]:
        """The best translation of each source, as tokens. sources: their tokens, each with an end."""
        order = np.argsort([len(each) for each in sources], kind="stable")
        found: list[list[int]] = [[] for _ in sources]
        for first in range(0, len(order), SENTENCES):
            chosen = order[first : first + SENTENCES]
            texts = self._batch([sources[row] for row in chosen], beams, length_penalty)
            for row, text in zip(chosen, texts, strict=True):
                found[row] = text
        return found

    def _batch(self, sources: list[np.ndarray], beams: int, length_penalty: float) -> list[list[int]]:
        length = _SHORTEST
        while length < max(len(each) for each in sources):
            length = length * 3 // 2
        rows = SENTENCES * beams
        source = np.full((SENTENCES, length), FILL, np.int32)
        mask = np.zeros((SENTENCES, length), bool)
        mask[:, 0] = True  # of the rows that fill the batch up
        for row, tokens in enumerate(sources):
            source[row, : len(tokens)], mask[row, : len(tokens)] = tokens, True
        reading, writing = self._programs_for(length, rows)
        memory = reading.run(dict(self._parameters), {"source": source, "mask": mask})["memory"]
        size = 2 * self.model.width
        given = {
            f"memory.{number}": np.repeat(memory[..., number * size : (number + 1) * size], beams, axis=0)
            for number in range(self.model.decoders)
        }
        given["mask"] = np.repeat(mask, beams, axis=0)
        tree = dict(self._parameters) | {
            value.name: np.zeros(value.shape, np.float32) for value in writing.program.state
        }
        position = 0

        def advance(tokens: np.ndarray, parents: np.ndarray) -> np.ndarray:
            nonlocal position
            inputs = given | self.model.step_at(position) | {"target": tokens[:, None], "parents": parents}
            position += 1
            scores = writing.run(tree, inputs)["scores"][:, 0]
            shifted = scores - scores.max(-1, keepdims=True)
            return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))

        found = beam_search(
            advance, SENTENCES, beams=beams, longest=self.model.longest, length_penalty=length_penalty
        )
        return found[: len(sources)]

    def _programs_for(self, length: int, rows: int) -> tuple[Compiled, Compiled]:
        if length not in self._programs:
            self._programs[length] = (
                self._compile(_reading(self._objective, length)),
                self._compile(_writing(self._objective, length, rows)),
            )
        return self._programs[length]


def _reading(objective: Translation, length: int) -> Program:
    trace = Trace()
    source = trace.input("source", (SENTENCES, length), "int32")
    mask = trace.input("mask", (SENTENCES, length), "bool")
    with building(trace, training=False) as built, built.holding(objective.layers()):
        memory = objective.model(source, mask)
    return trace.program({"memory": memory})


def _writing(objective: Translation, length: int, rows: int) -> Program:
    trace = Trace()
    target = trace.input("target", (rows, 1), "int32")
    step = objective.model.step_inputs(trace, rows, length)
    with building(trace, training=False) as built, built.holding(objective.layers()):
        scores = objective.model(None, None, target, step=step)
    return trace.program({"scores": scores}, built.updates)
