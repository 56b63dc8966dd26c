"""Several environments of a kind, stepped together in this process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.control.environments import Environment, made
from chainrule.control.spaces import Bounded
from chainrule.errors import ChainruleWarning, DataError, warn


@dataclass(frozen=True, eq=False)
class Stepped:
    """What one step of all worlds gave.

    reward: (worlds,) float32. ended: bool (worlds,), episodes that ended in the world's own way, after which
    nothing is to be had. cut: bool (worlds,), those that a limit of time cut. final: the last observation of
    each finished episode, by its world; `Worlds.observations` has the first one of the next episode by then.
    """

    reward: np.ndarray
    ended: np.ndarray
    cut: np.ndarray
    final: Mapping[int, np.ndarray]


@dataclass(frozen=True)
class Episode:
    """A finished episode: the sum of its rewards, its steps, its world, and its number there from 0 on."""

    reward: float
    length: int
    world: int
    number: int


@dataclass
class _World:
    """One environment within its episode. actions: those of the episode so far."""

    env: Any
    episode: int = -1
    reward: float = 0.0
    actions: list[Any] = field(default_factory=list)


class Worlds:
    """Environments of a kind side by side; a finished episode is followed by the next one at once.

    The first state of an episode follows from seed, world and episode alone, so that an unfinished episode is
    found again by repeating its actions: no environment needs to know how it is stored.
    observations: float32 (worlds, features), what each shows now; overwritten by the next step. finished:
    episodes that were finished since it was last emptied.
    """

    def __init__(self, environment: Environment, count: int, seed: int) -> None:
        self.environment = environment
        self.seed = seed
        self.observations = np.zeros((count, environment.spaces.features), np.float32)
        self.finished: list[Episode] = []
        self._worlds = [_World(made(environment.name, environment.make)) for _ in range(count)]

    def __len__(self) -> int:
        return len(self._worlds)

    def begin(self) -> None:
        """Begin the first episode of each."""
        for number in range(len(self)):
            self._next_episode(number)

    def step(self, actions: np.ndarray) -> Stepped:
        """Each takes its action, (worlds,) int32 or (worlds, numbers) float32.

        Raises DataError, naming world, episode and step, where an environment raises an error.
        """
        count, see = len(self), self.environment.spaces.seen
        reward, final = np.zeros(count, np.float32), {}
        ended, cut = np.zeros(count, bool), np.zeros(count, bool)
        for number, action in enumerate(self.environment.spaces.actions.taken(actions)):
            world = self._worlds[number]
            try:
                seen, gained, is_ended, is_cut, _ = world.env.step(action)
                self.observations[number] = see(seen)
            except Exception as error:
                raise self._failed(number, error) from error
            world.actions.append(action)
            world.reward += float(gained)
            reward[number] = gained
            if is_ended or is_cut:
                ended[number], cut[number] = is_ended, is_cut and not is_ended
                final[number] = self.observations[number].copy()
                self.finished.append(Episode(world.reward, len(world.actions), number, world.episode))
                self._next_episode(number)
        return Stepped(reward, ended, cut, final)

    def close(self) -> None:
        """Close all of them."""
        for world in self._worlds:
            world.env.close()

    def state(self) -> dict[str, np.ndarray]:
        """Where each is, for `restore`."""
        actions = self.environment.spaces.actions
        form: Any = (0, *actions.shape) if isinstance(actions, Bounded) else (0,)
        kind = actions.dtype if isinstance(actions, Bounded) else "int64"
        taken = [np.array(world.actions, kind).reshape(-1, *form[1:]) for world in self._worlds]
        return {
            "episode": np.array([world.episode for world in self._worlds], np.int64),
            "length": np.array([len(world.actions) for world in self._worlds], np.int64),
            "actions": np.concatenate([np.zeros(form, kind), *taken]),
            "observations": self.observations.copy(),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Bring each to where `state` says it was, by repeating its episode.

        Where an environment does not do the same again, it begins a new episode, and a warning says so.
        """
        ends, strangers = np.cumsum(state["length"]), []
        for number, world in enumerate(self._worlds):
            world.episode = int(state["episode"][number]) - 1
            self._next_episode(number)
            actions = state["actions"][ends[number] - state["length"][number] : ends[number]]
            if not self._repeated(number, actions, state["observations"][number]):
                strangers.append(number)
                self._next_episode(number)
        if strangers:
            warn(
                ChainruleWarning(
                    f"{self.environment.name} did not do the same again from the same seed and actions, in "
                    f"{len(strangers)} of {len(self)} unfinished episodes: these begin anew",
                    remedy="let it draw its random numbers from self.np_random alone",
                )
            )

    def _repeated(self, number: int, actions: np.ndarray, expected: np.ndarray) -> bool:
        """Whether the world came to where it was."""
        world = self._worlds[number]
        for action in actions if actions.ndim > 1 or actions.dtype.kind == "f" else actions.tolist():
            seen, gained, ended, cut, _ = world.env.step(action)
            self.observations[number] = self.environment.spaces.seen(seen)
            world.actions.append(action)
            world.reward += float(gained)
            if ended or cut:
                return False
        return bool(np.array_equal(self.observations[number], expected))

    def _next_episode(self, number: int) -> None:
        world = self._worlds[number]
        world.episode, world.reward = world.episode + 1, 0.0
        world.actions.clear()
        try:
            seen, _ = world.env.reset(seed=seed_of(self.seed, number, world.episode))
            self.observations[number] = self.environment.spaces.seen(seen)
        except Exception as error:
            raise self._failed(number, error) from error

    def _failed(self, number: int, error: Exception) -> DataError:
        world = self._worlds[number]
        told = " ".join(str(error).split())
        place = f"step {len(world.actions) + 1} of episode {world.episode + 1} of world {number + 1}"
        return DataError(
            f"{self.environment.name} raised {type(error).__name__} in {place}: {told}",
            remedy="mend it, and go on with what was learned",
        )


def seed_of(seed: int, world: int, episode: int) -> int:
    """The seed of an episode, 0 … 2³² - 1; others for all worlds and episodes."""
    return int(np.random.SeedSequence([seed, world, episode]).generate_state(1)[0])
