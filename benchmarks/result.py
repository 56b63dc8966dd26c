"""What was measured, whether it may be compared, and what follows from it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean, median
from typing import Any

from benchmarks.peers import OURS, PEERS
from benchmarks.peers.matrix_product import FLOPS
from benchmarks.workloads import Workload

# Sums in another order move the last digits, and 50 steps let them grow.
TOLERANCE = 1e-3
# With dropout each library draws its own masks: the mean loss of the same steps agrees this well only.
LEVEL_TOLERANCE = 0.05
_IDLE = 0.15  # a core that is busy for less than this share does not count as used


@dataclass
class Measurement:
    """One peer on one workload.

    note: how it does it. import_seconds: loading the library. start_seconds: from the description of the
    network to the end of its first step, compilation included. losses: of the first steps;
    losses_without_dropout: the same with dropout 0, None where the workload has none. microseconds: a step.
    cores: processor cores that it kept busy, and others: those that other processes did; one number a block.
    """

    note: str
    version: str
    import_seconds: float
    start_seconds: float
    losses: list[float] = field(default_factory=list)
    losses_without_dropout: list[float] | None = None
    microseconds: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)

    def add(self, seconds: float, cores: float, others: float) -> None:
        """The result of one block."""
        self.microseconds.append(seconds * 1e6)
        self.cores.append(cores)
        self.others.append(others)

    def check(self, losses: list[float], losses_without_dropout: list[float] | None) -> None:
        """The first losses."""
        self.losses, self.losses_without_dropout = losses, losses_without_dropout

    def forget(self) -> None:
        """Drop the results of blocks."""
        for results in (self.microseconds, self.cores, self.others):
            results.clear()

    @property
    def middle(self) -> float:
        """Median microseconds a step."""
        return median(self.microseconds)

    @property
    def spread(self) -> float:
        """Half the distance of the slowest from the fastest block, relative to the median."""
        return (max(self.microseconds) - min(self.microseconds)) / 2 / self.middle

    @property
    def busy(self) -> float:
        """Median of the cores busy."""
        return median(self.cores)


@dataclass
class Result:
    """One workload.

    matrix_flops: of one step's matrix products. rows: who was measured. absent: who was not, and why.
    products: the matrix product, by number of threads.
    """

    workload: Workload
    matrix_flops: int
    rows: dict[str, Measurement] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    products: dict[int, Measurement] = field(default_factory=dict)

    @property
    def ours(self) -> Measurement | None:
        """Our row."""
        return self.rows.get(OURS)

    def difference(self, name: str) -> float | None:
        """How far a peer's first losses are from ours at most, relative; None where ours is missing."""
        ours, peer = self.ours, self.rows[name]
        if ours is None:
            return None
        return _largest_difference(_comparable(ours), _comparable(peer))

    def void(self, name: str) -> str | None:
        """Why a row's time must not be compared with ours; None where it may."""
        ours, peer = self.ours, self.rows[name]
        difference = self.difference(name)
        if ours is None or difference is None:
            return "there is no row of ours to agree with"
        if not difference <= TOLERANCE:  # also where it is not a number
            return f"its losses differ from ours by {difference:.1e}"
        if peer.losses_without_dropout is None:
            return None
        if _largest_difference(peer.losses[:1], peer.losses_without_dropout[:1]) == 0:
            return "its dropout drops nothing"
        level = mean(peer.losses) / mean(ours.losses) - 1
        if not abs(level) <= LEVEL_TOLERANCE:
            return f"with dropout its mean loss is {level:+.0%} from ours"
        return None

    @property
    def others(self) -> float:
        """Cores that other processes kept busy meanwhile, on average."""
        return mean(number for row in (*self.rows.values(), *self.products.values()) for number in row.others)

    @property
    def best_peer(self) -> str | None:
        """The fastest rival that may be compared."""
        fair = [name for name in self.rows if PEERS[name].rival and self.void(name) is None]
        return min(fair, key=lambda name: self.rows[name].middle, default=None)

    @property
    def ratio(self) -> float | None:
        """The best peer's time over ours: above 1 ours is faster."""
        if self.ours is None or self.best_peer is None:
            return None
        return self.rows[self.best_peer].middle / self.ours.middle

    @property
    def agree(self) -> bool:
        """Whether every row may be compared, and ours is there."""
        return self.ours is not None and all(self.void(name) is None for name in self.rows)

    def rate(self, threads: int) -> float:
        """Floating-point operations a second of the matrix product."""
        return FLOPS / (self.products[threads].middle * 1e-6)

    def share(self, name: str) -> float | None:
        """The row's rate on matrix products alone, over the machine's on as many threads as it used."""
        row = self.rows[name]
        used = max(1, math.ceil(row.busy - _IDLE))
        threads = min((n for n in self.products if n >= used), default=max(self.products, default=0))
        if threads not in self.products:
            return None
        return self.matrix_flops / (row.middle * 1e-6) / self.rate(threads)

    def to_json(self) -> dict[str, Any]:
        """Plain data; what is not finite or not known is None."""
        return {
            "chainrule_us": self.ours.middle if self.ours else None,
            "peers_us": {name: row.middle for name, row in self.rows.items() if name != OURS},
            "best_peer": self.best_peer,
            "ratio": self.ratio,
            "matrix_share": self.share(OURS) if self.ours else None,
            "agree": self.agree,
            "absent": self.absent,
            "matrix_flops_per_step": self.matrix_flops,
            "matrix_rate": {str(threads): self.rate(threads) for threads in self.products},
            "rows": {name: self._row_json(name) for name in self.rows},
        }

    def _row_json(self, name: str) -> dict[str, Any]:
        row = self.rows[name]
        difference = self.difference(name)
        return {
            "note": row.note,
            "version": row.version,
            "us": row.middle,
            "us_blocks": row.microseconds,
            "cores_busy": row.busy,
            "others_busy": mean(row.others),
            "matrix_share": self.share(name),
            "import_seconds": row.import_seconds,
            "start_seconds": row.start_seconds,
            "loss_first": _finite(_comparable(row)[0]),
            "loss_last_checked": _finite(_comparable(row)[-1]),
            "loss_difference": None if difference is None else _finite(difference),
            "void": self.void(name),
        }


def _comparable(row: Measurement) -> Sequence[float]:
    return row.losses if row.losses_without_dropout is None else row.losses_without_dropout


def _largest_difference(expected: Sequence[float], got: Sequence[float]) -> float:
    pairs = list(zip(expected, got, strict=True))
    if not all(math.isfinite(number) for pair in pairs for number in pair):
        return math.inf
    return max(abs(one - other) / max(abs(one), 1e-6) for one, other in pairs)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
