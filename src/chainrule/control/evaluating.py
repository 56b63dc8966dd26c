"""What a policy brings in whole episodes, without learning."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule.control.environments import Environment
from chainrule.control.spaces import Bounded
from chainrule.control.worlds import Episode, Worlds

_SIDE_BY_SIDE = 10
_BEYOND = 2**33
"""Added to seeds, so that no episode of learning is evaluated on."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Episodes that were played to their ends."""

    episodes: list[Episode]

    @property
    def returns(self) -> np.ndarray:
        """The sum of rewards of each."""
        return np.array([each.reward for each in self.episodes])

    def figures(self) -> dict[str, float]:
        """Mean, deviation, least and most of the returns, and the mean length."""
        returns = self.returns
        return {
            "return": float(returns.mean()),
            "deviation": float(returns.std()),
            "least": float(returns.min()),
            "most": float(returns.max()),
            "length": float(np.mean([each.length for each in self.episodes])),
        }


def evaluate(
    environment: Environment,
    episodes: int,
    seed: int,
    player: Callable[[int], Callable[[np.ndarray], np.ndarray]],
) -> Evaluation:
    """Play whole episodes, of which none depends on how long others last.

    player: the number of worlds -> what decides for their observations.
    """
    count = min(episodes, _SIDE_BY_SIDE)
    of_each = [len(part) for part in np.array_split(np.arange(episodes), count)]
    worlds, decide = Worlds(environment, count, seed + _BEYOND), player(count)
    try:
        worlds.begin()
        played: list[Episode] = []
        while len(played) < episodes:
            worlds.step(decide(worlds.observations))
            if worlds.finished:
                played += [each for each in worlds.finished if each.number < of_each[each.world]]
                worlds.finished.clear()
    finally:
        worlds.close()
    return Evaluation(sorted(played, key=lambda each: (each.number, each.world)))


def random_player(environment: Environment, seed: int) -> Callable[[int], Callable[[np.ndarray], np.ndarray]]:
    """Acts without looking: every action as likely as any other."""
    actions = environment.spaces.actions

    def player(count: int) -> Callable[[np.ndarray], np.ndarray]:
        generator = np.random.default_rng(seed)
        if isinstance(actions, Bounded):
            return lambda observations: generator.uniform(-1, 1, (count, actions.count)).astype(np.float32)
        return lambda observations: generator.integers(0, actions.count, count).astype(np.int32)

    return player
