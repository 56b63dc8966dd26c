"""A replay buffer: what was done lately, from which batches are drawn again and again (Lin 1992)."""

from collections.abc import Mapping

import numpy as np

from chainrule.data import Arrays
from chainrule.errors import DataError


class Replay:
    """The last steps of all worlds, each with the rewards of up to n steps from it on.

    A step of episode and world has x, its observation; action; reward, r_0 + γ r_1 + … + γ^(m-1) r_(m-1);
    next, the observation m steps later; discount, γ^m, or 0 where the episode ended by then. m is n, or less
    where the episode was finished before, or where no more steps were done yet.
    capacity: of all worlds together, at least. action: an example of the actions of a step, (worlds, …).
    """

    def __init__(
        self, capacity: int, worlds: int, features: int, action: np.ndarray, discount: float, n: int
    ) -> None:
        self._times = max(-(-capacity // worlds), n)
        self._discount, self._n = discount, n
        shape = (self._times, worlds)
        self._held = {
            "x": np.zeros((*shape, features), np.float32),
            "action": np.zeros((self._times, *action.shape), action.dtype),
            "reward": np.zeros(shape, np.float32),
            "next": np.zeros((*shape, features), np.float32),
            "discount": np.zeros(shape, np.float32),
            "open": np.zeros(shape, bool),  # whether the rewards that follow are to be added
        }
        self.time = 0

    def __len__(self) -> int:
        """How many steps can be drawn; they are the first of `examples`."""
        return min(self.time, self._times) * self._held["reward"].shape[1]

    def add(
        self,
        x: np.ndarray,
        action: np.ndarray,
        reward: np.ndarray,
        following: np.ndarray,
        ended: np.ndarray,
        finished: np.ndarray,
    ) -> None:
        """A step of every world. following: what it showed then. ended: nothing is to be had after it.
        finished: the next step belongs to another episode. Raises DataError for what is not finite."""
        if not (np.isfinite(following).all() and np.isfinite(reward).all()):
            raise DataError(
                "the environment gave a number that is not finite",
                remedy="mend it, and go on with what was learned",
            )
        held, row = self._held, self.time % self._times
        left = (self._discount * ~ended).astype(np.float32)
        held["x"][row], held["action"][row], held["reward"][row] = x, action, reward
        held["next"][row], held["discount"][row], held["open"][row] = following, left, ~finished
        for back in range(1, min(self._n, self.time + 1)):
            past = (self.time - back) % self._times
            going = held["open"][past]
            share = np.float32(self._discount**back)
            held["reward"][past] += np.where(going, share * reward, np.float32(0))
            held["next"][past][going] = following[going]
            held["discount"][past][going] = (share * left)[going]
            held["open"][past] = going & ~finished & (back < self._n - 1)
        if self._n == 1:
            held["open"][row] = False
        self.time += 1

    def examples(self) -> Arrays:
        """All places, of which the first `len(self)` are filled; it shares their memory."""
        flat = {name: array.reshape(-1, *array.shape[2:]) for name, array in self._held.items()}
        return Arrays(
            {"x": flat["x"]} | {f"y.{n}": flat[n] for n in ("action", "reward", "next", "discount")}
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """What `restore` needs: the filled part."""
        rows = min(self.time, self._times)
        return {name: array[:rows] for name, array in self._held.items()} | {"time": np.array(self.time)}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Hold what `arrays` gave."""
        for name, array in self._held.items():
            array[: len(arrays[name])] = arrays[name]
        self.time = int(arrays["time"])
