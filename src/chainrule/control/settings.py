"""The settings of the algorithms, for the command line and config.toml, and what they are by default."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

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


@dataclass(frozen=True)
class ReinforceSettings:
    """How REINFORCE learns; HELP describes each setting. Raises ConfigError for a value out of range."""

    HELP: ClassVar[Mapping[str, str]] = {
        **COMMON,
        **{
            name: PPOSettings.HELP[name]
            for name in ("decay", "value", "entropy", "largest_gradient", "normalize", "log_deviation")
        },
        "rollout": "steps of each world for an update, best as many as the longest episode has",
    }
    epochs: ClassVar[int] = 1
    trace: ClassVar[float] = 1.0

    steps: int = 200_000
    worlds: int = 8
    rollout: int = 128
    learning_rate: float = 3e-3
    decay: bool = True
    discount: float = 0.99
    value: float = 0.5
    entropy: float = 0.0
    largest_gradient: float = 0.5
    normalize: bool = True
    log_deviation: float = 0.0
    hidden: tuple[int, ...] = (64, 64)
    activation: str = "tanh"
    episodes: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        plain_fields(self)
        check_common("reinforce", self)
        check_whole("reinforce", "rollout", self.rollout)
        check_number("reinforce", "largest_gradient", self.largest_gradient, above=0)
        check_number("reinforce", "log_deviation", self.log_deviation)
        for name in ("value", "entropy"):
            check_number("reinforce", name, getattr(self, name), at_least=0)
        for name in ("decay", "normalize"):
            check_flag("reinforce", name, getattr(self, name))

    @property
    def batch(self) -> int:
        """All examples of a rollout."""
        return self.rollout * self.worlds

    @property
    def iterations(self) -> int:
        """How often it collects and learns; the last rollout is whole."""
        return -(-self.steps // self.batch)

    @property
    def updates(self) -> int:
        """Of an iteration."""
        return 1


@dataclass(frozen=True)
class DQNSettings:
    """How DQN learns; HELP describes each setting. Raises ConfigError for a value out of range."""

    HELP: ClassVar[Mapping[str, str]] = {
        **COMMON,
        "rollout": "steps of each world between updates",
        "updates": "batches that are learned from then",
        "batch": "examples of an update",
        "decay": PPOSettings.HELP["decay"],
        "capacity": "steps that the replay buffer holds",
        "warmup": "steps before the first update",
        "horizon": "n: rewards of so many steps are counted before the value of what follows",
        "double": "whether the network chooses what the target network values",
        "rate": "share by which the target network follows in each update",
        "exploration": "share of the steps over which the chance of a random action falls",
        "least_chance": "to which that chance falls",
        "largest_gradient": "gradients are scaled down to this norm",
    }

    steps: int = 100_000
    worlds: int = 4
    rollout: int = 16
    updates: int = 32
    batch: int = 128
    capacity: int = 100_000
    warmup: int = 1_000
    horizon: int = 3
    learning_rate: float = 1e-3
    decay: bool = True
    discount: float = 0.99
    double: bool = True
    rate: float = 0.01
    exploration: float = 0.2
    least_chance: float = 0.05
    largest_gradient: float = 10.0
    hidden: tuple[int, ...] = (128, 128)
    activation: str = "relu"
    episodes: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        plain_fields(self)
        check_common("dqn", self)
        for name in ("rollout", "updates", "batch", "capacity", "warmup", "horizon"):
            check_whole("dqn", name, getattr(self, name))
        for name in ("double", "decay"):
            check_flag("dqn", name, getattr(self, name))
        check_number("dqn", "rate", self.rate, above=0, at_most=1)
        for name in ("exploration", "least_chance"):
            check_number("dqn", name, getattr(self, name), at_least=0, at_most=1)
        check_number("dqn", "largest_gradient", self.largest_gradient, above=0)

    @property
    def all_updates(self) -> int:
        """Of the whole run, at least 1."""
        return max(1, self.steps // (self.rollout * self.worlds) * self.updates)


@dataclass(frozen=True)
class SACSettings:
    """How SAC learns; HELP describes each setting. Raises ConfigError for a value out of range."""

    HELP: ClassVar[Mapping[str, str]] = {
        **COMMON,
        **{name: DQNSettings.HELP[name] for name in ("rollout", "updates", "batch", "decay", "capacity")},
        "warmup": "steps of random actions before the first update",
        "rate": "share by which the target critics follow in each update",
        "entropy": "that the policy should have; none is minus how many numbers make an action",
        "temperature": "what entropy is worth at the start, above 0; it is learned",
        "largest_gradient": "gradients are scaled down to this norm; none does not",
    }
    horizon: ClassVar[int] = 1

    steps: int = 100_000
    worlds: int = 1
    rollout: int = 32
    updates: int = 32
    batch: int = 256
    capacity: int = 1_000_000
    warmup: int = 1_000
    learning_rate: float = 3e-4
    decay: bool = False
    discount: float = 0.99
    rate: float = 0.005
    entropy: float | None = None
    temperature: float = 1.0
    largest_gradient: float | None = None
    hidden: tuple[int, ...] = (256, 256)
    activation: str = "relu"
    episodes: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        plain_fields(self)
        check_common("sac", self)
        for name in ("rollout", "updates", "batch", "capacity", "warmup"):
            check_whole("sac", name, getattr(self, name))
        check_flag("sac", "decay", self.decay)
        check_number("sac", "rate", self.rate, above=0, at_most=1)
        check_number("sac", "temperature", self.temperature, above=0)
        if self.entropy is not None:
            check_number("sac", "entropy", self.entropy)
        if self.largest_gradient is not None:
            check_number("sac", "largest_gradient", self.largest_gradient, above=0)

    @property
    def all_updates(self) -> int:
        """Of the whole run, at least 1."""
        return max(1, self.steps // (self.rollout * self.worlds) * self.updates)


@dataclass(frozen=True)
class ThroughSettings:
    """How a controller learns through a simulator. Raises ConfigError for a value out of range."""

    HELP: ClassVar[Mapping[str, str]] = {
        **COMMON,
        "worlds": "episodes of the simulator for an update",
        "rollout": "steps of each",
        "largest_gradient": "gradients are scaled down to this norm",
    }

    steps: int = 12_800_000
    worlds: int = 128
    rollout: int = 100
    learning_rate: float = 0.01
    discount: float = 0.96
    largest_gradient: float = 0.1
    hidden: tuple[int, ...] = (32, 32)
    activation: str = "tanh"
    episodes: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        plain_fields(self)
        check_common("through", self)
        check_whole("through", "rollout", self.rollout)
        check_number("through", "discount", self.discount, above=0, at_most=1)
        check_number("through", "largest_gradient", self.largest_gradient, above=0)

    @property
    def iterations(self) -> int:
        """How often it learns."""
        return -(-self.steps // (self.rollout * self.worlds))


def check_common(owner: str, settings: Any) -> None:
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
