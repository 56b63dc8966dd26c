"""What several worlds did for some steps, as examples to learn from."""

from collections.abc import Mapping

import numpy as np

from chainrule.data import Arrays
from chainrule.errors import DataError
from chainrule.program import Program


class Rollout:
    """What the worlds did for some steps, (time, worlds, …).

    of_step: outputs of the acting program. next_value: the value of the state after each step; of the next
    one's where nothing else is written.
    """

    def __init__(self, time: int, count: int, acting: Program) -> None:
        outputs = {name: (v.shape, v.dtype) for name, v in acting.outputs.items()}
        self.of_step = {name: np.zeros((time, *shape), kind) for name, (shape, kind) in outputs.items()}
        self.reward, self.finished, self.next_value = np.zeros((3, time, count), np.float32)
        self._rest = np.zeros((time, count), bool)

    def add(
        self, time: int, said: Mapping[str, np.ndarray], reward: np.ndarray, finished: np.ndarray
    ) -> None:
        """What was done and got at a time."""
        for name, array in self.of_step.items():
            array[time] = said[name]
        self.reward[time], self.finished[time] = reward, finished

    def close(self, value: np.ndarray) -> None:
        """Values of the states that follow, where no episode was finished. value: of the last, (worlds,)."""
        following = np.concatenate([self.of_step["value"][1:], value[None]])
        np.copyto(self.next_value, following, where=self.finished == 0)

    def check(self, name: str) -> None:
        """Raises DataError, naming step and world, for what is not finite."""
        wrong = ~np.isfinite(self.of_step["observation"]).all(-1) | ~np.isfinite(self.reward)
        if wrong.any():
            time, world = np.argwhere(wrong)[0]
            what = "an observation" if np.isfinite(self.reward[time, world]) else "a reward"
            raise DataError(
                f"{name} gave {what} that is not a finite number, in world {world + 1}",
                remedy="mend it, and go on with what was learned",
            )

    def examples(self, targets: Mapping[str, np.ndarray]) -> Arrays:
        """One example for each step of each world. targets: 'advantage' and 'return'."""
        named = {"x": self.of_step["observation"]}
        named |= {f"y.{name}": self.of_step[name] for name in ("action", "log_probability", "value")}
        named |= {f"y.{name}": targets[name] for name in ("advantage", "return")}
        return Arrays({name: array.reshape(-1, *array.shape[2:]) for name, array in named.items()})
