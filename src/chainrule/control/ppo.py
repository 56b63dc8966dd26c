"""Proximal policy optimization (Schulman et al. 2017), the clipped objective: algorithm 1 of the paper.

Details after Huang et al. 2022, "The 37 implementation details of proximal policy optimization", as in
stable-baselines3 and CleanRL.
"""

from dataclasses import dataclass

import numpy as np

from chainrule.control.acting import Acting
from chainrule.control.normalization import RunningNormalization, clipped
from chainrule.control.on_policy import OnPolicyLearner, decided
from chainrule.control.policies import Policy, Tower, policy_for
from chainrule.control.settings import PPOSettings
from chainrule.control.spaces import Actions
from chainrule.control.worlds import Worlds
from chainrule.nn import Layer
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.training.objective import Recorded, Tensors
from chainrule.training.state import Record


@dataclass(frozen=True)
class PPO(Acting):
    """E[-min(ρ A, clip(ρ, 1 - ε, 1 + ε) A)] + c_v E[(V - R)²] - c_e E[H], ρ = π(a) / π_old(a).

    Equations 7 and 9 of the paper, as what is to be made small. policy: π. critic: V, (batch, features) ->
    (batch, 1). normalization: of observations, or None. clip: ε, above 0. clip_value: V may move so far from
    its old value at most, and the larger error counts; None for no bound. value, entropy: c_v and c_e, at
    least 0. normalize: advantages of a batch get mean 0 and deviation 1.
    Inputs: x, observations as they were normalized; y.action, y.log_probability, y.advantage, y.return and
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

    def decide(self, x: Tensor) -> Tensor:
        """The likeliest action."""
        return decided(self, x)


class PPOLearner(OnPolicyLearner):
    """Algorithm 1: `rollout` steps in each world, then `epochs` passes over them."""

    def __init__(self, worlds: Worlds, settings: PPOSettings, executor: str) -> None:
        objective = ppo_of(settings, worlds.environment.spaces.actions)
        super().__init__(worlds, settings, objective, executor)

    def figures(self, change: np.ndarray) -> Record:
        """The share of examples that the bound held back. change: of log π in the iteration."""
        return {"clipped": float((np.abs(np.expm1(change)) > self.settings.clip).mean())}


def ppo_of(settings: PPOSettings, actions: Actions) -> PPO:
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
