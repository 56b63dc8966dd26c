"""Deep Q-learning (Mnih et al. 2015), double (van Hasselt et al. 2016), n-step (Hessel et al. 2018)."""

from dataclasses import dataclass

from chainrule.control.acting import Acting
from chainrule.control.off_policy import OffPolicyLearner, follow
from chainrule.control.policies import Tower
from chainrule.control.settings import DQNSettings
from chainrule.control.spaces import Choices
from chainrule.control.worlds import Worlds
from chainrule.errors import ConfigError
from chainrule.nn import Layer
from chainrule.nn.layer import Building, current_building
from chainrule.nn.settings import check_number
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.training.objective import Recorded, Tensors


@dataclass(frozen=True)
class DQN(Acting):
    """E[huber(Q(s, a) - r - γⁿ Q'(s', argmax Q(s', ·)))]: the target network Q' values what Q would choose.

    network: Q, (batch, features) -> (batch, actions). target_network: Q', of the same kind, which follows Q
    at `rate`, above 0 and at most 1. double: False lets Q' choose, too. Huber's loss has its bend at 1.
    Inputs: x, y.action, y.reward, y.next and y.discount as `Replay` has them. Output: value, (batch,).
    """

    network: Layer
    target_network: Layer
    rate: float = 0.005
    double: bool = True

    def __post_init__(self) -> None:
        check_number(self, "rate", self.rate, above=0, at_most=1)

    def record(self, inputs: Tensors) -> Recorded:
        """The loss of a batch."""
        built = current_building(self)
        values = self.network(inputs["x"])
        taken = _of(values, inputs["y.action"])
        with built.frozen():
            later = self.target_network(inputs["y.next"])
        chosen = f.argmax(self.network(inputs["y.next"]) if self.double else later, -1)
        target = inputs["y.reward"] + inputs["y.discount"] * _of(later, chosen)
        error = taken - f.stop_gradient(target)
        size = f.maximum(error, -error)
        near = f.minimum(size, 1.0)
        follow(built, self.rate)
        return Recorded((near * (size - 0.5 * near)).mean(), {"value": taken})

    def act(self, x: Tensor, chance: Tensor, built: Building) -> Tensor:
        """The best known actions, each replaced by any with a chance, (1,)."""
        values = self.network(x)
        count = values.shape[1]
        first, second = (
            built.random_bits(x.shape[:1]).cast("float32") * (2.0**-32 * (1 - 2.0**-20)) for _ in range(2)
        )
        other = f.floor(second * float(count)).cast("int32")
        return f.where(first < chance, other, f.argmax(values, -1))

    def decide(self, x: Tensor) -> Tensor:
        """The action of the highest value."""
        return f.argmax(self.network(x), -1)


def _of(values: Tensor, action: Tensor) -> Tensor:
    """The values of actions, (batch,)."""
    return (values * f.one_hot(action, values.shape[1])).sum(-1)


class DQNLearner(OffPolicyLearner):
    """Acts by Q with a chance of any action, which falls over the first steps."""

    def __init__(self, worlds: Worlds, settings: DQNSettings, executor: str) -> None:
        actions = worlds.environment.spaces.actions
        if not isinstance(actions, Choices):
            raise ConfigError(
                f"dqn chooses one of a few actions, and {worlds.environment.name} takes {actions}",
                remedy="choose sac, ppo or reinforce, which choose numbers",
            )
        first, second = (Tower(actions.count, settings.hidden, settings.activation) for _ in range(2))
        objective = DQN(first, second, settings.rate, settings.double)
        falling = settings.exploration * settings.steps

        def chance(steps: int) -> float:
            return max(settings.least_chance, 1 - (1 - settings.least_chance) * steps / max(falling, 1))

        super().__init__(worlds, settings, objective, objective.act, chance, executor)
