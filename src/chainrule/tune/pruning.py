"""Pruning: stopping trials early if others were better after the same number of epochs."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from chainrule.nn.settings import check_whole, plain_fields

if TYPE_CHECKING:
    from optuna.pruners import BasePruner


@dataclass(frozen=True)
class Asha:
    """Asynchronous successive halving (Li et al. 2020), Optuna's variant, which never pauses a trial.

    At the epochs first · reductionᵏ, k = 0, 1, 2, …, a trial continues if it is among the best 1 / reduction
    of all trials that have reached that epoch. first: at least 1. reduction: at least 2. Raises ConfigError.
    """

    first: int = 5
    reduction: int = 3

    def __post_init__(self) -> None:
        plain_fields(self)
        check_whole(self, "first", self.first)
        check_whole(self, "reduction", self.reduction, at_least=2)

    def pruner(self) -> "BasePruner":
        """Optuna's."""
        from optuna.pruners import SuccessiveHalvingPruner

        return SuccessiveHalvingPruner(min_resource=self.first, reduction_factor=self.reduction)


@dataclass(frozen=True)
class Hyperband:
    """Asynchronous halving in several brackets, each of which starts to prune later (Li et al. 2018).

    Slower than Asha, and less likely to prune settings that start slowly but end well. epochs: the most
    epochs of a trial, at least `first`. first, reduction: see Asha. Raises ConfigError.
    """

    epochs: int
    first: int = 5
    reduction: int = 3

    def __post_init__(self) -> None:
        plain_fields(self)
        check_whole(self, "first", self.first)
        check_whole(self, "reduction", self.reduction, at_least=2)
        check_whole(self, "epochs", self.epochs, at_least=self.first)

    def pruner(self) -> "BasePruner":
        """Optuna's."""
        from optuna.pruners import HyperbandPruner

        return HyperbandPruner(
            min_resource=self.first, max_resource=self.epochs, reduction_factor=self.reduction
        )


Pruning = Asha | Hyperband
"""A rule that stops trials early."""


def is_rung(pruning: Pruning | None, epoch: int) -> bool:
    """Whether the pruner decides after this epoch; other epochs need not be reported."""
    if pruning is None:
        return False
    rung = pruning.first
    while rung < epoch:
        rung *= pruning.reduction
    return rung == epoch


def pruner_of(pruning: Pruning | None) -> "BasePruner":
    """Optuna's pruner for a rule; None never prunes."""
    from optuna.pruners import NopPruner

    return NopPruner() if pruning is None else pruning.pruner()


def pruning_to_plain(pruning: Pruning | None) -> dict[str, Any]:
    """Plain data for TOML and JSON."""
    if pruning is None:
        return {"kind": "none"}
    return {"kind": type(pruning).__name__, **asdict(pruning)}
