"""What was measured, and what follows from it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

METRICS = {"classification": ("accuracy", "log loss"), "regression": ("R²", "RMSE")}
"""The metrics of a task; by the first, which is the better the higher, rows are compared."""

HIGHER_IS_BETTER = {"accuracy": True, "log loss": False, "R²": True, "RMSE": False}


@dataclass(frozen=True)
class Fit:
    """One estimator on one split. metrics: on rows that it never saw. seconds: of `fit`."""

    seed: int
    metrics: dict[str, float]
    seconds: float


@dataclass
class Result:
    """All that was measured on one table.

    rows, columns: of the table as it was used, the target not counted. fits: of each row, a split after the
    other. equal: the same at equal layers and epochs. failed: why a row has no more fits.
    """

    name: str
    meaning: str
    task: str
    rows: int
    columns: int
    fits: dict[str, list[Fit]] = field(default_factory=dict)
    equal: dict[str, list[Fit]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of its task."""
        return METRICS[self.task]

    def advantage(self, ours: str, peer: str, metric: str) -> np.ndarray | None:
        """(splits,) how much better ours is than a peer on each split; None where either failed."""
        if any(name in self.failed or not self.fits.get(name) for name in (ours, peer)):
            return None
        mine, other = (values(self.fits[name], metric) for name in (ours, peer))
        return mine - other if HIGHER_IS_BETTER[metric] else other - mine

    def speed(self, ours: str, peer: str) -> float | None:
        """A peer's seconds over ours at equal layers and epochs, by medians; None where either has none."""
        if not self.equal.get(ours) or not self.equal.get(peer):
            return None
        mine, other = (np.median([fit.seconds for fit in self.equal[name]]) for name in (ours, peer))
        return float(other / mine)

    def to_json(self) -> dict[str, Any]:
        """Everything, for a program."""
        return asdict(self)


def values(fits: Sequence[Fit], metric: str) -> np.ndarray:
    """(splits,) a metric of each fit."""
    return np.array([fit.metrics[metric] for fit in fits])


def wins(results: Sequence[Result], ours: str, peer: str, *, equal_counts: bool) -> tuple[int, int]:
    """(on how many tables ours is better than a peer by the mean of the first metric, of how many).

    equal_counts: as good is enough.
    """
    found = [result.advantage(ours, peer, result.metrics[0]) for result in results]
    means = [float(advantage.mean()) for advantage in found if advantage is not None]
    return sum(mean > 0 or (equal_counts and mean == 0) for mean in means), len(means)
