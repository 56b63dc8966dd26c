"""What algorithms share that learn from what the present policy just did."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from chainrule.control.acting import first_states, program_of
from chainrule.control.advantage import advantage_program
from chainrule.control.normalization import RunningNormalization
from chainrule.control.policies import Policy
from chainrule.control.rollout import Rollout
from chainrule.control.worlds import Worlds
from chainrule.data import Arrays
from chainrule.nn import ClipByGlobalNorm, Layer, PolynomialDecay, adam, chain
from chainrule.nn.layer import Building
from chainrule.program import Tensor
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.state import Record
from chainrule.training.step import Batch, initial_tree

OnPolicySettings = Any
"""PPOSettings or ReinforceSettings."""
ActorCritic = Any
"""An Acting with the fields of `HasNetworks`; its outputs have log_probability and entropy."""


class HasNetworks(Protocol):
    """policy: chooses. critic: (batch, features) -> (batch, 1) values. normalization: of observations."""

    @property
    def policy(self) -> Policy: ...
    @property
    def critic(self) -> Layer: ...
    @property
    def normalization(self) -> RunningNormalization | None: ...


def seen(objective: HasNetworks, x: Tensor) -> Tensor:
    """Observations as the networks see them."""
    return x if objective.normalization is None else objective.normalization(x)


def acted(objective: HasNetworks, x: Tensor, built: Building) -> dict[str, Tensor]:
    """Actions drawn for observations, with what learning needs of them."""
    observation = seen(objective, x)
    said = objective.policy(observation)
    action = objective.policy.drawn(said, built)
    return {
        "observation": observation,
        "action": action,
        "log_probability": objective.policy.log_probability(said, action),
        "value": objective.critic(observation)[:, 0],
    }


def decided(objective: HasNetworks, x: Tensor) -> Tensor:
    """The likeliest actions."""
    return objective.policy.likeliest(objective.policy(seen(objective, x)))


class OnPolicyLearner:
    """Collects `rollout` steps in each world, then learns from them for `epochs` passes; again and again."""

    def __init__(
        self, worlds: Worlds, settings: OnPolicySettings, objective: ActorCritic, executor: str
    ) -> None:
        spaces, self.worlds, self.settings = worlds.environment.spaces, worlds, settings
        time, count, features = settings.rollout, len(worlds), spaces.features
        self.objective = objective
        updates = settings.iterations * settings.updates
        rate = settings.learning_rate
        optimizer = adam(PolynomialDecay(rate, updates) if settings.decay else rate, epsilon=1e-5)
        self.recipe = Recipe(
            self.objective,
            chain(ClipByGlobalNorm(settings.largest_gradient), optimizer),
            epochs=settings.epochs,
            batch_size=settings.batch,
            seed=settings.seed,
        )
        self._programs = Programs(self.recipe, executor)
        make = self._programs.compile
        row = {"x": (count, features)}
        acting = program_of(objective, row, lambda x, built: acted(objective, x["x"], built), training=True)
        valuing = program_of(
            objective,
            row,
            lambda x, _: {"value": objective.critic(seen(objective, x["x"]))[:, 0]},
            training=False,
        )
        advantage = advantage_program(
            time, count, settings.discount, settings.trace, scale_rewards=settings.normalize
        )
        self._act, self._value, self._advantage = (
            make(each.program) for each in (acting, valuing, advantage)
        )
        self._rollout = Rollout(time, count, acting.program)
        sample = self._rollout.examples({"advantage": self._rollout.reward, "return": self._rollout.reward})
        self._update = self._programs.training(sample, settings.batch)
        self.tree = initial_tree(self.recipe, self._programs.step(sample, settings.batch))
        for each in (acting, advantage):
            self.tree |= first_states(each, self.tree, settings.seed)
        self.batch = Batch.of(sample, settings.batch)
        self._session = self._update.bind(self.tree)
        self.iteration = 0

    @property
    def steps(self) -> int:
        """Steps of the worlds so far."""
        return self.iteration * self.settings.rollout * len(self.worlds)

    def learn(self) -> Record:
        """One iteration: collect, and update."""
        examples = self._collect()
        settings, rows = self.settings, len(self.worlds) * self.settings.rollout
        key = np.array([settings.seed, self.iteration], np.uint64)
        generator = np.random.Generator(np.random.Philox(key=key))
        order = np.concatenate([generator.permutation(rows) for _ in range(settings.epochs)])
        losses = self._session.run_many(examples.named, order.reshape(-1, settings.batch).astype(np.int32))[
            "loss"
        ]
        self.iteration += 1
        return {"loss": float(losses.mean()), **self._figures(examples)}

    def arrays(self) -> dict[str, np.ndarray]:
        """What is to be kept to go on with the same bits; between iterations no step is unlearned from."""
        return dict(self.tree)

    def restore(self, arrays: Mapping[str, np.ndarray], steps: int) -> None:
        """Go on from `arrays`, after so many steps."""
        for name, array in arrays.items():
            self.tree[name][...] = array
        self.iteration = steps // (self.settings.rollout * len(self.worlds))

    def _collect(self) -> Arrays:
        """The examples of a rollout."""
        rollout, worlds = self._rollout, self.worlds
        for time in range(self.settings.rollout):
            said = self._act.run(self.tree, {"x": worlds.observations})
            stepped = worlds.step(said["action"])
            rollout.add(time, said, stepped.reward, stepped.ended | stepped.cut)
            for world in np.flatnonzero(stepped.ended):
                rollout.next_value[time, world] = 0.0
            if stepped.cut.any():
                last = worlds.observations.copy()
                for world in np.flatnonzero(stepped.cut):
                    last[world] = stepped.final[int(world)]
                value = self._values(last)
                rollout.next_value[time, stepped.cut] = value[stepped.cut]
        rollout.close(self._values(worlds.observations))
        rollout.check(worlds.environment.name)
        targets = self._advantage.run(
            self.tree,
            {
                "reward": rollout.reward,
                "value": rollout.of_step["value"],
                "next_value": rollout.next_value,
                "finished": rollout.finished,
            },
        )
        return rollout.examples(targets)

    def _values(self, observations: np.ndarray) -> np.ndarray:
        return self._value.run(self.tree, {"x": observations})["value"]

    def _figures(self, examples: Arrays) -> Record:
        """How far the policy moved, how sure it is, and how well the critic explains the returns."""
        rows = len(examples)
        said = self._programs.measuring(examples, rows).run(dict(self.tree), examples.named)
        change = said["prediction.log_probability"] - examples.named["y.log_probability"]
        spread = examples.named["y.return"].var()
        left = (examples.named["y.return"] - examples.named["y.value"]).var()
        return {
            "entropy": float(said["prediction.entropy"].mean()),
            # Schulman 2020, "Approximating KL divergence": of low variance, and never below 0.
            "divergence": float((np.expm1(change) - change).mean()),
            "explained": float(1 - left / spread) if spread > 0 else 0.0,
            **self.figures(change),
        }

    def figures(self, change: np.ndarray) -> Record:
        """Further numbers of an algorithm. change: of log π in the iteration, for each example."""
        return {}
