"""Small environments whose best policy is known."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

gymnasium = pytest.importorskip("gymnasium")


class Corridor(gymnasium.Env):
    """Nine places in a row; action 1 goes right, 0 left; each step costs 0.1, the right end gives 1.

    Where an episode begins is random, so the best return is 1 - 0.1 · steps.
    """

    def __init__(self, length: int = 9, limit: int = 30) -> None:
        self.observation_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(2)
        self.length, self.limit = length, limit

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict]:
        super().reset(seed=seed)
        self.place, self.steps = int(self.np_random.integers(1, self.length - 2)), 0
        return self._seen(), {}

    def step(self, action: int) -> tuple[Any, float, bool, bool, dict]:
        self.place, self.steps = max(self.place + (1 if action else -1), 0), self.steps + 1
        ended = self.place == self.length - 1
        return self._seen(), 1.0 if ended else -0.1, ended, self.steps == self.limit, {}

    def _seen(self) -> np.ndarray:
        return np.array([2 * self.place / (self.length - 1) - 1, 1], np.float32)


class Target(gymnasium.Env):
    """The number shown is to be answered by itself: the reward is minus the squared difference. Ten steps."""

    def __init__(self) -> None:
        self.observation_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)
        self.action_space = gymnasium.spaces.Box(-2.0, 2.0, (1,), np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict]:
        super().reset(seed=seed)
        self.steps = 0
        self.shown = self.np_random.uniform(-1, 1, 1).astype(np.float32)
        return self.shown, {}

    def step(self, action: np.ndarray) -> tuple[Any, float, bool, bool, dict]:
        assert action.shape == (1,)
        reward = -float((action[0] - self.shown[0]) ** 2)
        self.steps += 1
        self.shown = self.np_random.uniform(-1, 1, 1).astype(np.float32)
        return self.shown, reward, False, self.steps == 10, {}


@pytest.fixture
def corridor() -> Callable[..., Any]:
    return Corridor


@pytest.fixture
def target() -> Callable[..., Any]:
    return Target
