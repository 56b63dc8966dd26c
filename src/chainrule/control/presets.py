"""Settings that are known to learn an environment, in place of the defaults."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from chainrule.control.algorithms import ALGORITHMS
from chainrule.control.environments import Environment
from chainrule.control.spaces import Bounded
from chainrule.errors import ConfigError, did_you_mean

PRESETS: Mapping[tuple[str, str], Mapping[str, Any]] = MappingProxyType(
    {
        ("ppo", "CartPole-v1"): {
            "steps": 50_000,
            "rollout": 128,
            "batch": 256,
            "epochs": 10,
            "learning_rate": 1e-3,
            "discount": 0.98,
            "trace": 0.9,
        },
        ("ppo", "Acrobot-v1"): {"steps": 200_000, "worlds": 16, "trace": 0.94, "normalize": True},
        ("ppo", "Pendulum-v1"): {
            "steps": 200_000,
            "learning_rate": 1e-3,
            "discount": 0.9,
            "normalize": True,
        },
        ("dqn", "CartPole-v1"): {"steps": 50_000},
        ("sac", "Pendulum-v1"): {"steps": 20_000, "hidden": (64, 64), "learning_rate": 1e-3},
        ("reinforce", "CartPole-v1"): {"rollout": 500},
        ("ppo", "HalfCheetah-v5"): {"steps": 1_000_000, "normalize": True},
    }
)
"""(algorithm, environment) -> settings."""


def usual_settings(algorithm: str, environment: Environment) -> dict[str, Any]:
    """The settings of an algorithm for an environment that differ from the defaults.

    Raises ConfigError for an unknown algorithm, suggesting the nearest.
    """
    if algorithm not in ALGORITHMS:
        raise ConfigError(
            f"there is no algorithm {algorithm!r}{did_you_mean(algorithm, ALGORITHMS)}",
            remedy=f"choose one of {', '.join(ALGORITHMS)}",
        )
    known = PRESETS.get((algorithm, environment.name))
    if known is not None:
        return dict(known)
    # Numbers as observations and actions come in any unit, so these are normalized.
    return (
        {"normalize": True} if algorithm == "ppo" and isinstance(environment.spaces.actions, Bounded) else {}
    )
