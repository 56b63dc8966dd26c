"""The settings of the algorithms, for the command line and config.toml, and what they are by default."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from chainrule.errors import ConfigError
from chainrule.nn.activations import check_activation
from chainrule.nn.settings import check_flag, check_number, check_whole, plain_fields

COMMON: Mapping[str, str] = {
    "steps": "steps of the environment to learn from, of all worlds together",
    "worlds": "environments that are stepped side by side",
    "learning_rate": "learning rate, above 0",
    "discount": "γ: what a reward is worth a step later, from 0 to 1",
    "hidden": "widths of the hidden layers",
    "activation": "activation of the hidden layers, such as tanh or relu",
    "episodes": "episodes without chance that the final policy is evaluated on",
    "seed": "seed of the weights, of all chance, and of the environments",
}


@dataclass(frozen=True)
class PPOSettings:
    """How PPO learns; HELP describes each setting. Raises ConfigError for a value out of range."""

    HELP: ClassVar[Mapping[str, str]] = {
        **COMMON,
        "rollout": "steps of each world between updates",
        "batch": "examples of an update, which must divide rollout times worlds",
        "epochs": "passes over a rollout",
        "decay": "whether the learning rate falls to 0 over the steps",
        "trace": "λ of generalized advantage estimation, from 0 to 1",
        "clip": "ε: how far the probability of an action may move in an iteration, as a share",
        "clip_value": "how far a value may move in an iteration; none is without bound",
        "value": "weight of the value's error",
        "entropy": "weight of the policy's entropy",
        "largest_gradient": "gradients are scaled down to this norm",
        "normalize": "whether observations and rewards are normalized by running statistics",
        "log_deviation": "log σ of a policy over numbers, at the start",
    }

    steps: int = 100_000
    worlds: int = 8
    rollout: int = 256
    batch: int = 64
    epochs: int = 10
    learning_rate: float = 3e-4
    decay: bool = True
    discount: float = 0.99
    trace: float = 0.95
    clip: float = 0.2
    clip_value: float | None = None
    value: float = 0.5
    entropy: float = 0.0
    largest_gradient: float = 0.5
    normalize: bool = False
    log_deviation: float = 0.0
    hidden: tuple[int, ...] = (64, 64)
    activation: str = "tanh"
    episodes: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        plain_fields(self)
        check_common("ppo", self)
        for name in ("rollout", "batch", "epochs"):
            check_whole("ppo", name, getattr(self, name))
        check_number("ppo", "trace", self.trace, at_least=0, at_most=1)
        check_number("ppo", "clip", self.clip, above=0)
        check_number("ppo", "largest_gradient", self.largest_gradient, above=0)
        check_number("ppo", "log_deviation", self.log_deviation)
        for name in ("value", "entropy"):
            check_number("ppo", name, getattr(self, name), at_least=0)
        for name in ("decay", "normalize"):
            check_flag("ppo", name, getattr(self, name))
        if self.clip_value is not None:
            check_number("ppo", "clip_value", self.clip_value, above=0)
        rows = self.rollout * self.worlds
        if rows % self.batch:
            raise ConfigError(
                f"ppo: batch is {self.batch}, and a rollout has {rows} examples",
                remedy="choose one that divides them",
            )

    @property
    def iterations(self) -> int:
        """How often it collects and learns; the last rollout is whole."""
        return -(-self.steps // (self.rollout * self.worlds))

    @property
    def updates(self) -> int:
        """Of an iteration."""
        return self.epochs * (self.rollout * self.worlds // self.batch)


def check_common(owner: str, settings: "PPOSettings") -> None:
    """Check the settings that every algorithm has."""
    for name in ("steps", "worlds", "episodes"):
        check_whole(owner, name, getattr(settings, name))
    check_whole(owner, "seed", settings.seed, at_least=0)
    check_number(owner, "learning_rate", settings.learning_rate, above=0)
    check_number(owner, "discount", settings.discount, at_least=0, at_most=1)
    check_activation(owner, settings.activation)
    hidden = settings.hidden if isinstance(settings.hidden, tuple) else (settings.hidden,)
    object.__setattr__(settings, "hidden", hidden)
    for width in hidden:
        check_whole(owner, "hidden", width)
