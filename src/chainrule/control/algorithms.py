"""The algorithms by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from chainrule.control.dqn import DQN, DQNLearner
from chainrule.control.learning import Learner
from chainrule.control.normalization import RunningNormalization
from chainrule.control.policies import CategoricalPolicy, GaussianPolicy, SquashedGaussianPolicy, Tower
from chainrule.control.ppo import PPO, PPOLearner
from chainrule.control.reinforce import Reinforce, ReinforceLearner
from chainrule.control.sac import SAC, SACLearner, Temperature
from chainrule.control.settings import (
    DQNSettings,
    PPOSettings,
    ReinforceSettings,
    SACSettings,
    ThroughSettings,
)
from chainrule.control.simulators import CartPole, Pendulum
from chainrule.control.through import Controller, ThroughLearner, ThroughSimulator
from chainrule.control.worlds import Worlds


@dataclass(frozen=True)
class Algorithm:
    """A way to learn from an environment.

    name, meaning: for help. settings: a frozen dataclass with HELP. learner: (worlds, settings, name of the
    executor) -> what learns; raises ConfigError for actions that it can't choose.
    """

    name: str
    meaning: str
    settings: Any
    learner: Callable[[Worlds, Any, str], Learner]


ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        each.name: each
        for each in (
            Algorithm("ppo", "proximal policy optimization", PPOSettings, PPOLearner),
            Algorithm("reinforce", "policy gradient with a baseline", ReinforceSettings, ReinforceLearner),
            Algorithm("sac", "soft actor-critic, for numbers", SACSettings, SACLearner),
            Algorithm("through", "backpropagation through a simulator", ThroughSettings, ThroughLearner),
            Algorithm("dqn", "double deep Q-learning, for a few actions", DQNSettings, DQNLearner),
        )
    }
)
"""The default first."""
CLASSES = (
    *(DQN, PPO, SAC, Reinforce, ThroughSimulator),
    *(CategoricalPolicy, GaussianPolicy, SquashedGaussianPolicy),
    *(Controller, RunningNormalization, Temperature, Tower),
    *(CartPole, Pendulum),
)
"""Of recipes."""
