"""Points at which equations are to hold: spread evenly over boxes, and drawn anew while a network learns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.data import Chunk, MemorySource
from chainrule.data import Field as DataField
from chainrule.errors import ConfigError
from chainrule.nn.settings import check_whole


@dataclass(frozen=True)
class Box:
    """low[i] ≤ x[i] ≤ high[i], such as Box((0, -1), (1, 1)) for times of 0 to 1 and places of -1 to 1."""

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        low, high = (tuple(float(number) for number in each) for each in (self.low, self.high))
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        if not low or len(low) != len(high) or not all(a < b for a, b in zip(low, high, strict=False)):
            raise ConfigError(
                f"Box got low {low} and high {high}",
                remedy="give as many numbers for both, and each of low below that of high",
            )

    def inside(self, count: int, seed: int = 0) -> np.ndarray:
        """(count, n) float64: points of a scrambled Sobol sequence (Owen 1998), evenly spread."""
        check_whole(self, "count", count)
        return self._scaled(_sobol(count, len(self.low), seed))

    def faces(self, count: int, axes: Sequence[int] | None = None, seed: int = 0) -> np.ndarray:
        """(count, n) float64: points on the faces across these axes, all by default, as many on each."""
        points = self.inside(count, seed)
        chosen = list(range(len(self.low))) if axes is None else list(axes)
        for number in range(2 * len(chosen)):
            axis, side = chosen[number // 2], (self.low, self.high)[number % 2]
            points[number :: 2 * len(chosen), axis] = side[axis]
        return points

    def face(self, count: int, axis: int, *, high: bool, seed: int = 0) -> np.ndarray:
        """(count, n) float64: points on one face, such as face(100, 0, high=False), the beginning of time."""
        points = self.inside(count, seed)
        points[:, axis] = self.high[axis] if high else self.low[axis]
        return points

    def grid(self, *counts: int) -> np.ndarray:
        """(Π counts, n) float64: a grid with so many points along each axis, the last one fastest."""
        if len(counts) != len(self.low):
            raise ConfigError(
                f"grid got {len(counts)} counts", remedy=f"give {len(self.low)}, one for each axis"
            )
        along = [np.linspace(a, b, n) for a, b, n in zip(self.low, self.high, counts, strict=True)]
        return np.stack(np.meshgrid(*along, indexing="ij"), -1).reshape(-1, len(self.low))

    def _scaled(self, unit: np.ndarray) -> np.ndarray:
        low = np.array(self.low)
        return low + unit * (np.array(self.high) - low)


def matched(sets: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same sets with as many rows as the longest: shorter ones are repeated, for examples of all sets."""
    rows = max(len(points) for points in sets.values())
    return {name: points[np.arange(rows) % len(points)] for name, points in sets.items()}


@dataclass(frozen=True, eq=False)
class Resampled:
    """A source whose points are drawn anew: by sample(0), then after every `every` epochs by the next number.

    sample: a number from 0 on -> the sets of points by name, (rows, n) each, as many rows every time. The
    same number must give the same points: a training that is resumed sees what the unbroken one saw.
    """

    sample: Callable[[int], Mapping[str, np.ndarray]]
    every: int = 1

    def __post_init__(self) -> None:
        check_whole(self, "every", self.every)

    @property
    def fields(self) -> Mapping[str, DataField]:
        """The sets, by the names of inputs."""
        return self._drawn(0).fields

    @property
    def examples(self) -> int:
        """The rows of the longest set."""
        return self._drawn(0).examples

    def chunks(self, seed: int | None, epoch: int, start: int = 0) -> Iterator[Chunk]:
        """The points of an epoch, as one chunk."""
        return self._drawn(epoch // self.every).chunks(seed, epoch, start)

    def fingerprint(self) -> str:
        """That of the first points."""
        return self._drawn(0).fingerprint()

    def _drawn(self, number: int) -> MemorySource:
        return MemorySource({f"x.{name}": points for name, points in matched(self.sample(number)).items()})


def _sobol(count: int, axes: int, seed: int) -> np.ndarray:
    from scipy.stats import qmc

    more = 1 << max(0, (count - 1).bit_length())  # the sequence is even over powers of 2
    return qmc.Sobol(axes, rng=np.random.default_rng(seed)).random(more)[:count]
