"""What an environment shows and takes, as numbers: observations are rows of floats, actions are one of a few
or a row of floats within bounds."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ConfigError


@dataclass(frozen=True)
class Choices:
    """Actions 0 … count - 1. start: what the environment calls the first of them."""

    count: int
    start: int = 0

    def taken(self, actions: np.ndarray) -> list[int]:
        """(worlds,) int32 -> what each environment is given."""
        return (actions + self.start).tolist() if self.start else actions.tolist()

    def __str__(self) -> str:
        return f"one of {self.count} actions"


@dataclass(frozen=True)
class Bounded:
    """Rows of numbers, each within its bounds; a policy gives -1 for the lowest and 1 for the highest.

    A policy's number without finite bounds is taken as it is. low, high: of each number. shape: in which the
    environment takes them.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]
    shape: tuple[int, ...]
    dtype: str = "float32"

    @property
    def count(self) -> int:
        """How many numbers make an action."""
        return len(self.low)

    def taken(self, actions: np.ndarray) -> np.ndarray:
        """(worlds, count) of a policy -> (worlds, *shape) within the bounds."""
        low, high, centre, half = self._scales()
        scaled = actions if half is None else centre + half * actions
        return np.minimum(np.maximum(scaled, low), high).astype(self.dtype).reshape(-1, *self.shape)

    def given(self, actions: np.ndarray) -> np.ndarray:
        """What `taken` scales: (worlds, *shape) of an environment -> (worlds, count) of a policy, float32."""
        _, _, centre, half = self._scales()
        flat = np.asarray(actions, np.float64).reshape(len(actions), -1)
        return (flat if half is None else (flat - centre) / half).astype(np.float32)

    def _scales(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
        low, high = np.array(self.low, np.float32), np.array(self.high, np.float32)
        if not (np.isfinite(low) & np.isfinite(high)).all():
            return low, high, np.zeros_like(low), None
        return low, high, (high + low) / 2, (high - low) / 2

    def __str__(self) -> str:
        return "a number" if self.count == 1 else f"{self.count} numbers"


Actions = Choices | Bounded


@dataclass(frozen=True)
class Spaces:
    """features: the length of an observation as floats. actions: what is chosen. listed: the number of
    different observations where they are numbered, which are shown as 0 … 0 1 0 … 0; else 0."""

    features: int
    actions: Actions
    listed: int = 0
    first: int = 0

    def seen(self, observation: Any) -> np.ndarray:
        """An observation as (features,) floats."""
        if self.listed:
            row = np.zeros(self.listed, np.float32)
            row[int(observation) - self.first] = 1.0
            return row
        return np.asarray(observation, np.float32).reshape(-1)

    def __str__(self) -> str:
        seen = f"{self.listed} numbered observations" if self.listed else f"{self.features} numbers seen"
        return f"{seen}, {self.actions} taken"


def spaces_of(env: Any, name: str) -> Spaces:
    """The spaces of a gymnasium.Env. name: of the environment, for errors.

    Raises ConfigError for observations that are no box or whole number, and for actions likewise.
    """
    from gymnasium.spaces import Box, Discrete

    seen, taken = env.observation_space, env.action_space
    if isinstance(taken, Discrete):
        actions: Actions = Choices(int(taken.n), int(taken.start))
    elif isinstance(taken, Box):
        low, high = (tuple(map(float, each.reshape(-1))) for each in (taken.low, taken.high))
        actions = Bounded(low, high, taken.shape, taken.dtype.name)  # type: ignore[union-attr] (it has one)
    else:
        raise ConfigError(
            f"{name} takes actions of {taken}", remedy="wrap it so that it takes a Discrete or a Box"
        )
    if isinstance(seen, Discrete):
        return Spaces(int(seen.n), actions, int(seen.n), int(seen.start))
    if not isinstance(seen, Box):
        raise ConfigError(
            f"{name} shows observations of {seen}",
            remedy="wrap it by gymnasium.wrappers.FlattenObservation, so that it shows a Box",
        )
    return Spaces(int(np.prod(seen.shape)), actions)
