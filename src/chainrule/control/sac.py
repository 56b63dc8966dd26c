"""Soft actor-critic (Haarnoja et al. 2018, arXiv:1812.05905): the version that learns its temperature."""

from dataclasses import dataclass

import numpy as np

from chainrule.control.acting import Acting
from chainrule.control.off_policy import OffPolicyLearner, follow
from chainrule.control.policies import SquashedGaussianPolicy, Tower
from chainrule.control.settings import SACSettings
from chainrule.control.spaces import Bounded
from chainrule.control.worlds import Worlds
from chainrule.errors import ConfigError
from chainrule.nn import Layer, constant
from chainrule.nn.layer import Building, current_building
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.training.objective import Recorded, Tensors
from chainrule.training.state import Record

_LOG_TEMPERATURE = "temperature.log"


@dataclass(frozen=True)
class Temperature(Layer):
    """α, a number above 0, whose logarithm is learned. x: any; it gives the dtype."""

    start: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "start", self.start, above=0)

    def __call__(self, x: Tensor) -> Tensor:
        return f.exp(self.param("log", (), constant(float(np.log(self.start))), x.dtype))


@dataclass(frozen=True)
class SAC(Acting):
    """Σ_i ½ E[(Q_i(s, a) - y)²] + E[α log π(ã|s) - min_i Q_i(s, ã)] - E[α (log π(ã|s) + H)].

    Equations 5, 9 and 18, whose gradients are for the critics, the policy and the temperature alone:
    y = r + γ (min_i Q'_i(s', ã') - α log π(ã'|s')), with ã ~ π(s) and ã' ~ π(s'). H is the wanted entropy.
    policy: π. critic_1, critic_2: Q_1 and Q_2, (batch, features + numbers) -> (batch, 1); target_critic_1,
    target_critic_2: Q'_1 and Q'_2, of the same kind, which follow at `rate`, above 0 and at most 1.
    temperature: α. entropy: H.
    Inputs: x, y.action, y.reward, y.next and y.discount as `Replay` has them. Output: value, min_i Q_i(s, a),
    (batch,).
    """

    policy: SquashedGaussianPolicy
    critic_1: Layer
    critic_2: Layer
    target_critic_1: Layer
    target_critic_2: Layer
    temperature: Temperature
    entropy: float
    rate: float = 0.005

    def __post_init__(self) -> None:
        check_number(self, "entropy", self.entropy)
        check_number(self, "rate", self.rate, above=0, at_most=1)

    def record(self, inputs: Tensors) -> Recorded:
        """The loss of a batch."""
        built, x, following = current_building(self), inputs["x"], inputs["y.next"]
        temperature = self.temperature(x)
        held = f.stop_gradient(temperature)

        # Equation 5: the critics learn the reward and the soft value of what follows.
        action, log_probability = self.policy.drawn_with_log(self.policy(following), built)
        with built.frozen():
            later = _least(self.target_critic_1, self.target_critic_2, following, action)
        soft = later - held * log_probability
        target = f.stop_gradient(inputs["y.reward"] + inputs["y.discount"] * soft)
        first, second = (_value(each, x, inputs["y.action"]) for each in (self.critic_1, self.critic_2))
        critics = 0.5 * ((first - target) * (first - target) + (second - target) * (second - target)).mean()

        # Equation 9: the policy does what the critics value, and stays undecided.
        action, log_probability = self.policy.drawn_with_log(self.policy(x), built)
        with built.constant():
            value = _least(self.critic_1, self.critic_2, x, action)
        policy = (held * log_probability - value).mean()

        # Equation 18: the temperature rises where the policy has less entropy than it should.
        warming = -(temperature * f.stop_gradient(log_probability + self.entropy)).mean()

        follow(built, self.rate)
        return Recorded(critics + policy + warming, {"value": f.minimum(first, second)})

    def act(self, x: Tensor, chance: Tensor, built: Building) -> Tensor:
        """Actions drawn for observations, each replaced with a chance, (1,), by any within the bounds."""
        action = self.policy.drawn(self.policy(x), built)
        other, share = (
            built.random_bits(shape).cast("float32") * (2.0**-32 * (1 - 2.0**-20))
            for shape in (action.shape, (action.shape[0], 1))
        )
        return f.where(f.broadcast_to(share < chance, action.shape), 2.0 * other - 1.0, action)

    def decide(self, x: Tensor) -> Tensor:
        """tanh of the mean."""
        return self.policy.likeliest(self.policy(x))


def _value(critic: Layer, x: Tensor, action: Tensor) -> Tensor:
    """Q(s, a), (batch,)."""
    return critic(f.concatenate([x, action], -1))[:, 0]


def _least(first: Layer, second: Layer, x: Tensor, action: Tensor) -> Tensor:
    """The lower of two values, which counters that each overestimates (Fujimoto et al. 2018)."""
    return f.minimum(_value(first, x, action), _value(second, x, action))


class SACLearner(OffPolicyLearner):
    """Algorithm 1, which acts without looking until the warm-up is over."""

    def __init__(self, worlds: Worlds, settings: SACSettings, executor: str) -> None:
        actions, name = worlds.environment.spaces.actions, worlds.environment.name
        if not isinstance(actions, Bounded):
            raise ConfigError(f"sac chooses numbers, and {name} takes {actions}", remedy="choose dqn or ppo")
        if not np.isfinite([*actions.low, *actions.high]).all():
            raise ConfigError(
                f"sac chooses numbers within bounds, and {name} takes some without",
                remedy="choose ppo, or give its action_space finite bounds",
            )
        critics = [Tower(1, settings.hidden, settings.activation) for _ in range(4)]
        objective = SAC(
            SquashedGaussianPolicy(actions.count, settings.hidden, settings.activation),
            *critics,
            temperature=Temperature(settings.temperature),
            entropy=-float(actions.count) if settings.entropy is None else settings.entropy,
            rate=settings.rate,
        )

        def chance(steps: int) -> float:
            return float(steps < settings.warmup)

        super().__init__(worlds, settings, objective, objective.act, chance, executor)

    def figures(self) -> Record:
        """The temperature."""
        return {"temperature": float(np.exp(self.tree[_LOG_TEMPERATURE]))}
