"""Learning from an environment: iterations, records and checkpoints, the same for every algorithm."""

import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from chainrule.control.acting import Acting
from chainrule.control.worlds import Worlds
from chainrule.data.files import write_aside
from chainrule.data.plain_json import json_text, numbers_again
from chainrule.errors import DataError, TrainingError
from chainrule.training.folder import FORMAT, read_safetensors, safetensors_bytes
from chainrule.training.recipe import Recipe
from chainrule.training.state import Record
from chainrule.training.step import Batch

SECONDS_BETWEEN = 10.0
"""Between checkpoints."""
_RECENT = 100
"""Episodes over which the return is averaged."""


class Learner(Protocol):
    """An algorithm with its state.

    worlds: what it learns from; begun or restored before the first `learn`. tree: all that is trained, by
    name. steps: of the worlds so far.
    """

    worlds: Worlds
    recipe: Recipe
    tree: dict[str, np.ndarray]

    @property
    def objective(self) -> Acting: ...
    @property
    def batch(self) -> Batch: ...
    @property
    def steps(self) -> int: ...

    def learn(self) -> Record:
        """One iteration: some steps of the worlds, and what is learned from them; at least 'loss'."""
        ...

    def arrays(self) -> dict[str, np.ndarray]:
        """What `restore` needs to go on with the same bits."""
        ...

    def restore(self, arrays: Mapping[str, np.ndarray], steps: int) -> None:
        """Go on from `arrays`, which an iteration left that ended after so many steps."""
        ...


class Learning:
    """A learner on its way to so many steps, with the history of its iterations.

    subject: plain data that say what is learned and how; a checkpoint of another is refused. history: see
    `PlayRun`.
    """

    def __init__(self, learner: Learner, steps: int, subject: Mapping[str, Any], path: Path | None) -> None:
        self.learner = learner
        self.history: list[Record] = []
        self._goal = steps
        self._subject = json.loads(json_text(subject))
        self._path = path
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RECENT)
        self._episodes = 0
        self._seconds = 0.0

    def run(self, told: Callable[[Record], None], interrupted: Callable[[], bool]) -> str:
        """Learn until the steps are done, 'steps', or somebody wants an end, 'interrupted'.

        told: gets the record of every iteration.
        """
        learner = self.learner
        if self._path is not None and self._path.exists():
            self._restore(self._path)
        else:
            learner.worlds.begin()
        began = saved = time.monotonic()
        before = self._seconds
        while learner.steps < self._goal:
            record = learner.learn()
            self._seconds = before + time.monotonic() - began
            self.history.append(self._whole(record))
            told(self.history[-1])
            if not np.isfinite(record["loss"]):
                raise TrainingError(
                    f"the loss is {record['loss']} after {learner.steps:,} steps",
                    remedy="lower the learning rate ({learning_rate})",
                    settings={"learning_rate": ...},
                )
            ending = interrupted()
            if self._path is not None and (ending or time.monotonic() - saved > SECONDS_BETWEEN):
                self._save(self._path)
                saved = time.monotonic()
            if ending:
                return "interrupted"
        return "steps"

    def _whole(self, record: Record) -> Record:
        """The record with step, seconds and what the episodes brought lately."""
        finished = self.learner.worlds.finished
        self._episodes += len(finished)
        self._recent.extend((each.reward, each.length) for each in finished)
        finished.clear()
        head = {"epoch": len(self.history) + 1, "step": self.learner.steps, "seconds": self._seconds}
        lately = {}
        if self._recent:
            reward, length = np.mean(self._recent, 0)
            lately = {"return": float(reward), "length": float(length)}
        return {**head, "episodes": self._episodes, **lately, **record}

    def _save(self, path: Path) -> None:
        tensors = {f"learner/{name}": array for name, array in self.learner.arrays().items()}
        tensors |= {f"worlds/{name}": array for name, array in self.learner.worlds.state().items()}
        tensors["recent"] = np.array(self._recent, np.float64).reshape(-1, 2)
        facts = {
            "subject": self._subject,
            "steps": self.learner.steps,
            "seconds": self._seconds,
            "episodes": self._episodes,
            "history": self.history,
        }
        write_aside(path, safetensors_bytes(tensors, {"format": str(FORMAT), "play": json_text(facts)}))

    def _restore(self, path: Path) -> None:
        tensors, metadata = read_safetensors(path)
        try:
            facts = json.loads(metadata["play"])
            subject, history, steps = facts["subject"], facts["history"], int(facts["steps"])
            self._seconds, self._episodes = float(facts["seconds"]), int(facts["episodes"])
        except (KeyError, ValueError, TypeError) as error:
            raise DataError(f"{path} was not written by chainrule ({error!r})", remedy="remove it") from None
        if differing := [name for name in self._subject if self._subject[name] != subject.get(name)]:
            raise DataError(
                f"{path} belongs to a run with another {' and '.join(differing)}",
                remedy="resume with the settings it was started with, or remove it to start afresh",
            )
        self.history = [numbers_again(record) for record in history]
        self._recent.extend((float(reward), int(length)) for reward, length in tensors["recent"])
        parts: dict[str, dict[str, np.ndarray]] = {"learner": {}, "worlds": {}}
        for name, array in tensors.items():
            kind, _, key = name.partition("/")
            if kind in parts:
                parts[kind][key] = array
        self.learner.restore(parts["learner"], steps)
        self.learner.worlds.restore(parts["worlds"])
