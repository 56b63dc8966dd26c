"""REINFORCE with a baseline, the textbook's policy gradient (Williams 1992; Sutton and Barto 2018, 13.4)."""

from dataclasses import dataclass

from chainrule.control.acting import Acting
from chainrule.control.normalization import RunningNormalization
from chainrule.control.on_policy import OnPolicyLearner, decided
from chainrule.control.policies import Policy, Tower, policy_for
from chainrule.control.settings import ReinforceSettings
from chainrule.control.worlds import Worlds
from chainrule.nn import Layer
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.training.objective import Recorded, Tensors


@dataclass(frozen=True)
class Reinforce(Acting):
    """E[-A log π(a)] + c_v E[(V - G)²] - c_e E[H], A = G - V as it was when acting.

    G is the discounted return to the end of the episode; where that lies beyond the rollout, V of the last
    state stands for the rest. policy: π. critic: the baseline V, (batch, features) -> (batch, 1).
    normalization: of observations, or None. value, entropy: c_v and c_e, at least 0.
    Inputs: x, observations as they were normalized; y.action, y.advantage and y.return. Outputs:
    log_probability, entropy, value, (batch,) each.
    """

    policy: Policy
    critic: Layer
    normalization: RunningNormalization | None = None
    value: float = 0.5
    entropy: float = 0.0

    def __post_init__(self) -> None:
        for name in ("value", "entropy"):
            check_number(self, name, getattr(self, name), at_least=0)

    def record(self, inputs: Tensors) -> Recorded:
        """The loss of a batch."""
        said, value = self.policy(inputs["x"]), self.critic(inputs["x"])[:, 0]
        log_probability = self.policy.log_probability(said, inputs["y.action"])
        entropy = self.policy.entropy(said)
        error = value - inputs["y.return"]
        gain = (inputs["y.advantage"] * log_probability).mean()
        loss = self.value * (error * error).mean() - gain - self.entropy * entropy.mean()
        return Recorded(loss, {"log_probability": log_probability, "entropy": entropy, "value": value})

    def decide(self, x: Tensor) -> Tensor:
        """The likeliest action."""
        return decided(self, x)


class ReinforceLearner(OnPolicyLearner):
    """One step of gradient ascent for each rollout."""

    def __init__(self, worlds: Worlds, settings: ReinforceSettings, executor: str) -> None:
        objective = Reinforce(
            policy_for(
                worlds.environment.spaces.actions,
                settings.hidden,
                settings.activation,
                settings.log_deviation,
            ),
            Tower(1, settings.hidden, settings.activation),
            RunningNormalization() if settings.normalize else None,
            value=settings.value,
            entropy=settings.entropy,
        )
        super().__init__(worlds, settings, objective, executor)
