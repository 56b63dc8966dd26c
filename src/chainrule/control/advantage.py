"""What actions turned out to be worth: generalized advantage estimation (Schulman et al. 2016)."""

from dataclasses import dataclass

from chainrule.control.normalization import EPSILON, clipped, merged
from chainrule.nn import Layer, constant, zeros
from chainrule.nn.initializers import ones
from chainrule.nn.layer import building
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f
from chainrule.training.step import TrainingStep


def generalized_advantage(
    reward: Tensor, value: Tensor, next_value: Tensor, finished: Tensor, discount: float, trace: float
) -> Tensor:
    """A_t = δ_t + γ λ (1 - finished_t) A_{t+1}, δ_t = r_t + γ V'_t - V_t; equations 11 to 16 of the paper.

    reward, value: (time, worlds). next_value: V' of the state after each step: 0 where the episode ended
    there, and the value of its last state where a limit of time cut it. finished: 1 where either was so,
    else 0: what follows belongs to another episode. discount: γ. trace: λ.
    """
    delta = reward + discount * next_value - value
    return _backwards(delta, (1.0 - finished) * (discount * trace))


def discounted_so_far(reward: Tensor, finished: Tensor, start: Tensor, discount: float) -> Tensor:
    """R_t = γ (1 - finished_{t-1}) R_{t-1} + r_t, (time, worlds).

    start: γ (1 - finished) R of the step before, (worlds,).
    """

    def step(carries: list[Tensor], here: list[Tensor], _: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        total = carries[0] + here[0]
        return [total * here[1]], [total]

    return f.scan(step, [start], [reward, (1.0 - finished) * discount]).outputs[0]


def _backwards(delta: Tensor, keep: Tensor) -> Tensor:
    """y_t = delta_t + keep_t y_{t+1}, 0 beyond the end."""

    def step(carries: list[Tensor], here: list[Tensor], _: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        return [here[0] + here[1] * carries[0]], []

    start = f.broadcast_to(delta.trace.constant(0.0, delta.dtype), delta.shape[1:])
    return f.scan(step, [start], [delta, keep], reverse=True).carries[0]


@dataclass(frozen=True)
class RewardScaling(Layer):
    """r / √(σ² + 10⁻⁸) within ±limit, σ² the running variance of discounted sums of rewards.

    As VecNormalize of stable-baselines3, but with the variance after a whole rollout, where that updates it
    at every step. reward, finished: (time, worlds). limit: above 0.
    """

    discount: float
    limit: float = 10.0

    def __call__(self, reward: Tensor, finished: Tensor) -> Tensor:
        worlds = reward.shape[1:]
        carried = self.state("carried", worlds, zeros, reward.dtype)
        mean, variance, count = (
            self.state(name, (), first, reward.dtype)
            for name, first in (("mean", zeros), ("variance", ones), ("count", constant(1e-4)))
        )
        sums = discounted_so_far(reward, finished, carried, self.discount)
        fresh = merged(mean, variance, count, sums.reshape(sums.size))
        self.update_state("carried", sums[-1] * (1.0 - finished[-1]) * self.discount)
        for name, each in zip(("mean", "variance", "count"), fresh, strict=True):
            self.update_state(name, each)
        return clipped(reward / f.sqrt(fresh[1] + EPSILON), self.limit)


def advantage_program(
    time: int, worlds: int, discount: float, trace: float, *, scale_rewards: bool
) -> TrainingStep:
    """Inputs reward, value, next_value, finished, float32 (time, worlds); outputs 'advantage' and 'return',
    the advantage and the value added."""
    recording = Trace()
    reward, value, next_value, finished = (
        recording.input(name, (time, worlds), "float32")
        for name in ("reward", "value", "next_value", "finished")
    )
    with building(recording, training=True) as built:
        if scale_rewards:
            with built.holding([("rewards", scaling := RewardScaling(discount))]):
                reward = scaling(reward, finished)
        advantage = generalized_advantage(reward, value, next_value, finished, discount, trace)
    outputs = {"advantage": advantage, "return": advantage + value}
    return TrainingStep(recording.program(outputs, built.updates), built.initializers)
