"""Proximal policy optimization (Schulman et al. 2017), the clipped objective: algorithm 1 of the paper.

Details after Huang et al. 2022, "The 37 implementation details of proximal policy optimization", as in
stable-baselines3 and CleanRL.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.control.acting import Acting, first_states, program_of
from chainrule.control.advantage import advantage_program
from chainrule.control.normalization import RunningNormalization, clipped
from chainrule.control.policies import Policy, Tower, policy_for
from chainrule.control.rollout import Rollout
from chainrule.control.settings import PPOSettings
from chainrule.control.worlds import Worlds
from chainrule.data import Arrays
from chainrule.nn import ClipByGlobalNorm, Layer, PolynomialDecay, adam, chain
from chainrule.nn.layer import Building
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.training.objective import Recorded, Tensors
from chainrule.training.programs import Programs
from chainrule.training.recipe import Recipe
from chainrule.training.state import Record
from chainrule.training.step import Batch, initial_tree


@dataclass(frozen=True)
class PPO(Acting):
    """E[-min(ρ A, clip(ρ, 1 - ε, 1 + ε) A)] + c_v E[(V - R)²] - c_e E[H], ρ = π(a) / π_old(a).

    Equations 7 and 9 of the paper, as what is to be made small. policy: π. critic: V, (batch, features) ->
    (batch, 1). normalization: of observations, or None. clip: ε, above 0. clip_value: V may move so far from
    its old value at most, and the larger error counts; None for no bound. value, entropy: c_v and c_e, at
    least 0. normalize: advantages of a batch get mean 0 and deviation 1.
    Inputs: x, observations as `act` normalized them; y.action, y.log_probability, y.advantage, y.return and
    y.value, of the policy and critic that acted. Outputs: log_probability, entropy, value, (batch,) each.
    """

    policy: Policy
    critic: Layer
    normalization: RunningNormalization | None = None
    clip: float = 0.2
    clip_value: float | None = None
    value: float = 0.5
    entropy: float = 0.0
    normalize: bool = True

    def __post_init__(self) -> None:
        check_number(self, "clip", self.clip, above=0)
        for name in ("value", "entropy"):
            check_number(self, name, getattr(self, name), at_least=0)
        if self.clip_value is not None:
            check_number(self, "clip_value", self.clip_value, above=0)

    def record(self, inputs: Tensors) -> Recorded:
        """The loss of a batch."""
        said, value = self.policy(inputs["x"]), self.critic(inputs["x"])[:, 0]
        log_probability = self.policy.log_probability(said, inputs["y.action"])
        entropy = self.policy.entropy(said)
        ratio = f.exp(log_probability - inputs["y.log_probability"])
        within = f.minimum(f.maximum(ratio, 1.0 - self.clip), 1.0 + self.clip)
        advantage = inputs["y.advantage"]
        if self.normalize:
            apart = advantage - advantage.mean()
            advantage = apart / (f.sqrt((apart * apart).mean()) + 1e-8)
        gain = f.minimum(ratio * advantage, within * advantage).mean()
        loss = self.value * self._error(value, inputs) - gain - self.entropy * entropy.mean()
        return Recorded(loss, {"log_probability": log_probability, "entropy": entropy, "value": value})

    def _error(self, value: Tensor, inputs: Tensors) -> Tensor:
        """E[(V - R)²]."""
        error = value - inputs["y.return"]
        squared = error * error
        if self.clip_value is not None:
            old = inputs["y.value"]
            bound = old + clipped(value - old, self.clip_value) - inputs["y.return"]
            squared = f.maximum(squared, bound * bound)
        return squared.mean()

    def seen(self, x: Tensor) -> Tensor:
        """Observations as the networks see them."""
        return x if self.normalization is None else self.normalization(x)

    def act(self, x: Tensor, built: Building) -> dict[str, Tensor]:
        """Actions drawn for observations, with what `record` needs of them."""
        seen = self.seen(x)
        said = self.policy(seen)
        action = self.policy.drawn(said, built)
        return {
            "observation": seen,
            "action": action,
            "log_probability": self.policy.log_probability(said, action),
            "value": self.critic(seen)[:, 0],
        }

    def decide(self, x: Tensor) -> Tensor:
        """The likeliest action."""
        return self.policy.likeliest(self.policy(self.seen(x)))


class PPOLearner:
    """Collects `rollout` steps in each world, then learns from them for `epochs` passes; again and again."""

    def __init__(self, worlds: Worlds, settings: PPOSettings, executor: str) -> None:
        spaces, self.worlds, self.settings = worlds.environment.spaces, worlds, settings
        time, count, features = settings.rollout, len(worlds), spaces.features
        self.objective = ppo_of(settings, spaces.actions)
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
        objective, row = self.objective, {"x": (count, features)}
        acting = program_of(objective, row, lambda x, built: objective.act(x["x"], built), training=True)
        valuing = program_of(
            objective,
            row,
            lambda x, _: {"value": objective.critic(objective.seen(x["x"]))[:, 0]},
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
            "clipped": float((np.abs(np.expm1(change)) > self.settings.clip).mean()),
            "explained": float(1 - left / spread) if spread > 0 else 0.0,
        }


def ppo_of(settings: PPOSettings, actions: Any) -> PPO:
    """The objective of these settings."""
    return PPO(
        policy_for(actions, settings.hidden, settings.activation, settings.log_deviation),
        Tower(1, settings.hidden, settings.activation),
        RunningNormalization() if settings.normalize else None,
        clip=settings.clip,
        clip_value=settings.clip_value,
        value=settings.value,
        entropy=settings.entropy,
    )
