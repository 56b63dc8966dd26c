"""What algorithms share that learn from a replay buffer."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from chainrule.control.acting import Acting, first_states, program_of
from chainrule.control.replay import Replay
from chainrule.control.worlds import Worlds
from chainrule.nn import ClipByGlobalNorm, PolynomialDecay, adam, chain
from chainrule.nn.layer import Building
from chainrule.program import Tensor
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.state import Record
from chainrule.training.step import Batch, initial_tree

OffPolicySettings = Any
"""DQNSettings or SACSettings."""
_STEPS_OF_AN_ITERATION = 1000
_REPLAY = "replay/"
TARGET = "target_"
"""What the names of target networks begin with."""


class OffPolicyLearner:
    """Again and again: `rollout` steps in each world, then `updates` batches from the replay buffer.

    act: (observations, chance of a random action, (1,), building) -> actions drawn for them. chance: of the
    steps so far -> that chance.
    """

    def __init__(
        self,
        worlds: Worlds,
        settings: OffPolicySettings,
        objective: Acting,
        act: Callable[[Tensor, Tensor, Building], Tensor],
        chance: Callable[[int], float],
        executor: str,
    ) -> None:
        self.worlds, self.settings, self.objective, self._chance = worlds, settings, objective, chance
        count, features = len(worlds), worlds.environment.spaces.features
        rate = settings.learning_rate
        optimizer = adam(PolynomialDecay(rate, settings.all_updates) if settings.decay else rate)
        self.recipe = Recipe(
            objective,
            optimizer
            if settings.largest_gradient is None
            else chain(ClipByGlobalNorm(settings.largest_gradient), optimizer),
            batch_size=settings.batch,
            seed=settings.seed,
        )
        programs = Programs(self.recipe, executor)
        acting = program_of(
            objective,
            {"x": (count, features), "chance": (1,)},
            lambda given, built: {"action": act(given["x"], given["chance"], built)},
            training=True,
        )
        action = acting.program.outputs["action"]
        self._replay = Replay(
            settings.capacity,
            count,
            features,
            np.zeros(action.shape, action.dtype),
            settings.discount,
            settings.horizon,
        )
        examples = self._replay.examples()
        self._act = programs.compile(acting.program)
        self.tree = initial_tree(self.recipe, programs.step(examples, settings.batch))
        for name in [each for each in self.tree if each.startswith(TARGET)]:
            self.tree[name] = self.tree[name.removeprefix(TARGET)].copy()
        self.tree |= first_states(acting, self.tree, settings.seed)
        self.batch = Batch.of(examples, settings.batch)
        self._session = programs.training(examples, settings.batch).bind(self.tree)

    @property
    def steps(self) -> int:
        """Steps of the worlds so far."""
        return self._replay.time * len(self.worlds)

    def learn(self) -> Record:
        """About a thousand steps, and the updates that belong to them."""
        goal = max(self.steps + _STEPS_OF_AN_ITERATION, self.settings.warmup)
        losses: list[np.ndarray] = []
        while self.steps < min(goal, max(self.settings.steps, self.settings.warmup)):
            self._collect()
            if self.steps >= self.settings.warmup:
                losses.append(self._update())
                if not np.isfinite(losses[-1]).all():
                    break  # which ends learning; acting on would blame the environment
        return {"loss": float(np.mean(losses)) if losses else 0.0, **self.figures()}

    def figures(self) -> Record:
        """Further numbers of an algorithm."""
        return {"chance": self._chance(self.steps)}

    def arrays(self) -> dict[str, np.ndarray]:
        """What is to be kept to go on with the same bits."""
        return self.tree | {_REPLAY + name: array for name, array in self._replay.arrays().items()}

    def restore(self, arrays: Mapping[str, np.ndarray], steps: int) -> None:
        """Go on from `arrays`."""
        for name in self.tree:
            self.tree[name][...] = arrays[name]
        whole = {name: array for name, array in arrays.items() if name.startswith(_REPLAY)}
        self._replay.restore({name.removeprefix(_REPLAY): array for name, array in whole.items()})

    def _collect(self) -> None:
        worlds = self.worlds
        for _ in range(self.settings.rollout):
            before = worlds.observations.copy()
            chance = np.array([self._chance(self.steps)], np.float32)
            action = self._act.run(self.tree, {"x": before, "chance": chance})["action"]
            stepped = worlds.step(action)
            following = worlds.observations.copy()
            for world, final in stepped.final.items():
                following[world] = final
            finished = stepped.ended | stepped.cut
            self._replay.add(before, action, stepped.reward, following, stepped.ended, finished)

    def _update(self) -> np.ndarray:
        """The losses of some batches, each drawn with replacement."""
        key = np.array([self.settings.seed, self.steps], np.uint64)
        generator = np.random.Generator(np.random.Philox(key=key))
        size = (self.settings.updates, self.settings.batch)
        order = generator.integers(0, len(self._replay), size, np.int32)
        return self._session.run_many(self._replay.examples().named, order)["loss"]


def follow(built: Building, rate: float) -> None:
    """Let the target networks follow theirs: θ' ← θ' + rate (θ - θ'), with θ of before this step.

    Target networks are recorded within `built.frozen()` by fields named as their networks behind `TARGET`.
    Lillicrap et al. 2016, equation 4 of section 3, after each step.
    """
    if built.training:
        for name, state in built.trace.states.items():
            if name.startswith(TARGET):
                parameter = built.trace.parameters[name.removeprefix(TARGET)]
                built.updates[state] = state + rate * (parameter - state)
