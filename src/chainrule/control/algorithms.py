"""The algorithms by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from chainrule.control.learning import Learner
from chainrule.control.normalization import RunningNormalization
from chainrule.control.policies import CategoricalPolicy, GaussianPolicy, Tower
from chainrule.control.ppo import PPO, PPOLearner
from chainrule.control.settings import PPOSettings
from chainrule.control.worlds import Worlds


@dataclass(frozen=True)
class Algorithm:
    """A way to learn from an environment.

    name, meaning: for help. settings: a frozen dataclass with HELP. learner: (worlds, settings, name of the
    executor) -> what learns.
    """

    name: str
    meaning: str
    settings: Any
    learner: Callable[[Worlds, Any, str], Learner]


ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {each.name: each for each in (Algorithm("ppo", "proximal policy optimization", PPOSettings, PPOLearner),)}
)
"""The default first."""
CLASSES = (PPO, CategoricalPolicy, GaussianPolicy, RunningNormalization, Tower)
"""Of recipes."""
