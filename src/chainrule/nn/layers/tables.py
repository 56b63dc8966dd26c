"""The columns of a table as one vector: numbers bounded or embedded, categories looked up."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.initializers import Initializer, normal, uniform, zeros
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_floats
from chainrule.nn.settings import check_choice, check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f

_SOFT_LIMIT = 3.0
UNSEEN = 1
"""The code of a category that was rare or never seen in training."""


@dataclass(frozen=True)
class TableFeatures(Layer):
    """y = [c(x_1), …, φ(x_i), …, W_j[x_j], …]: the columns of a table as one row of features.

    A number x becomes c(x) = x / √(1 + (x/3)²), which is close to x near 0 and stays within ±3, so that
    outliers have little effect (Holzmüller et al. 2024). Columns that are embedded become φ(x) instead, the
    map that `numbers` names (Gorishniy et al. 2022):
    'plain': no column is embedded.
    'piecewise': φ(x) = c(x) a + b + Σ_t p_t(x) V_t, with p_t = (x - e_t) / (e_t+1 - e_t) clipped to 0 … 1: a
    piecewise linear function with a kink at every edge e_t. V starts at 0.
    'periodic': φ(x) = relu([cos 2πf x, sin 2πf x] V + b), with trained frequencies f.
    A category's code looks up a vector of min(50, 1.6 codes^0.56) numbers.

    codes: for each column of x the number of its codes, at least 2 (0 is missing, 1 rare or unseen, 2 … are
    the categories); 0 for a column of numbers. A larger code counts as unseen.
    embedded: the indices of the embedded columns, ascending. edges: for 'piecewise', the edges of each
    embedded column, ascending, at least 2. width: of φ, at least 1. deviation: the initial standard deviation
    of the frequencies, above 0. hidden: the share of codes that training replaces by 1, so that the vector
    for unseen categories is learned even if none was rare, 0 ≤ hidden < 1.
    x: float (batch, columns), numbers of mean 0 and deviation 1 -> (batch, features): first the numbers that
    are not embedded, then the embedded ones, then the categories, by the width of their vectors.
    Raises ConfigError for a bad setting, ShapeError and DTypeError for other inputs.
    """

    codes: Sequence[int]
    numbers: str = "plain"
    embedded: Sequence[int] = ()
    edges: Sequence[Sequence[float]] = ()
    width: int = 8
    deviation: float = 0.1
    hidden: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "codes", tuple(self.codes))
        object.__setattr__(self, "embedded", tuple(self.embedded))
        object.__setattr__(self, "edges", tuple(tuple(each) for each in self.edges))
        check_choice(self, "numbers", self.numbers, ("plain", "piecewise", "periodic"))
        check_whole(self, "width", self.width)
        check_number(self, "deviation", self.deviation, above=0)
        check_number(self, "hidden", self.hidden, at_least=0, below=1)
        for count in self.codes:
            if count != 0:
                check_whole(self, "codes", count, at_least=2)
        self._check_embedded()

    def _check_embedded(self) -> None:
        numbers = [column for column, count in enumerate(self.codes) if count == 0]
        if bool(self.embedded) != (self.numbers != "plain"):
            raise ConfigError(
                f"TableFeatures: numbers is {self.numbers!r} and embedded is {self.embedded!r}",
                remedy="'plain' embeds no column, the others at least one",
            )
        if not set(self.embedded) <= set(numbers) or list(self.embedded) != sorted(set(self.embedded)):
            raise ConfigError(
                f"TableFeatures: embedded is {self.embedded!r}",
                remedy=f"it must be an ascending choice of the columns of numbers, {numbers}",
            )
        wanted = len(self.embedded) if self.numbers == "piecewise" else 0
        rising = all(len(e) > 1 and all(a < b for a, b in pairwise(e)) for e in self.edges)
        if len(self.edges) != wanted or not rising:
            raise ConfigError(
                f"TableFeatures: edges are {self.edges!r}",
                remedy="'piecewise' needs at least 2 ascending edges for each embedded column",
            )

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim != 2 or x.shape[1] != len(self.codes) or not self.codes:
            raise ShapeError(
                f"{x.trace.label} got x of shape {x.shape}; it needs (batch, {len(self.codes)})",
                remedy="give it a column for each entry of codes, at least one",
            )
        need_floats(x)
        plain = [c for c, count in enumerate(self.codes) if count == 0 and c not in self.embedded]
        parts = [_soft_limited(_columns(x, plain))] if plain else []
        if self.embedded:
            numbers = _columns(x, self.embedded)
            vectors = self._piecewise(numbers) if self.numbers == "piecewise" else self._periodic(numbers)
            parts.append(vectors.reshape(x.shape[0], len(self.embedded) * self.width))
        widths = sorted({embedding_width(count) for count in self.codes if count})
        parts += [self._looked_up(x, width) for width in widths]
        return f.concatenate(parts) if len(parts) > 1 else parts[0]

    def _piecewise(self, x: Tensor) -> Tensor:
        """(batch, columns) -> (batch, columns, width)."""
        columns, pieces = x.shape[1], max(len(each) for each in self.edges) - 1
        low, slope = np.zeros((columns, 1, pieces)), np.zeros((columns, 1, pieces))
        for column, edges in enumerate(
            self.edges
        ):  # a piece that a column lacks has slope 0, so it adds nothing
            low[column, 0, : len(edges) - 1] = edges[:-1]
            slope[column, 0, : len(edges) - 1] = 1.0 / np.diff(edges)
        rising = (x.transpose(1, 0)[:, :, None] - x.trace.constant(low, x.dtype)) * x.trace.constant(
            slope, x.dtype
        )
        shares = f.minimum(f.maximum(rising, 0.0), 1.0)  # (columns, batch, pieces)
        weight = self.param("piece_weight", (columns, pieces, self.width), zeros, x.dtype)
        bound = 1.0 / math.sqrt(self.width)
        line = self.param("line_weight", (columns, self.width), uniform(-bound, bound), x.dtype)
        bias = self.param("line_bias", (columns, self.width), uniform(-bound, bound), x.dtype)
        broken = (shares @ weight).transpose(1, 0, 2)
        return _soft_limited(x)[:, :, None] * line + bias + broken

    def _periodic(self, x: Tensor) -> Tensor:
        """(batch, columns) -> (batch, columns, width)."""
        columns, waves = x.shape[1], 2 * self.width
        frequency = self.param("frequency", (columns, waves), normal(0.0, self.deviation), x.dtype)
        angle = (2 * math.pi) * (_soft_limited(x)[:, :, None] * frequency)
        features = f.concatenate([f.cos(angle), f.sin(angle)])  # (batch, columns, 2 waves)
        bound = 1.0 / math.sqrt(2 * waves)
        weight = self.param("wave_weight", (columns, 2 * waves, self.width), uniform(-bound, bound), x.dtype)
        bias = self.param("wave_bias", (columns, self.width), uniform(-bound, bound), x.dtype)
        return f.relu((features.transpose(1, 0, 2) @ weight).transpose(1, 0, 2) + bias)

    def _looked_up(self, x: Tensor, width: int) -> Tensor:
        """The vectors of all columns whose vectors have this width, side by side, from one shared table."""
        chosen = [
            column for column, count in enumerate(self.codes) if count and embedding_width(count) == width
        ]
        counts = [self.codes[column] for column in chosen]
        first = np.concatenate([[0], np.cumsum(counts)[:-1]])
        codes = _columns(x, chosen)
        known = f.logical_and(codes >= 0.0, codes < x.trace.constant(np.array(counts), x.dtype))
        if self.training and self.hidden:
            shown = self.random_bits(codes.shape) >= round(self.hidden * 2**32)
            known = f.logical_and(known, shown)
        rows = f.where(known, codes, float(UNSEEN)).cast("int32") + x.trace.constant(first, "int32")
        start: Initializer = normal(0.0, 1.0 / math.sqrt(width))
        weight = self.param(f"codes_{width}_weight", (sum(counts), width), start, x.dtype)
        return f.gather(weight, rows).reshape(x.shape[0], len(chosen) * width)


def embedding_width(codes: int) -> int:
    """The length of a category's vector, by the rule of fastai (2018): min(50, 1.6 codes^0.56)."""
    return min(50, round(1.6 * codes**0.56))


def _soft_limited(x: Tensor) -> Tensor:
    return x / f.sqrt(1.0 + (x * (1 / _SOFT_LIMIT)) ** 2.0)


def _columns(x: Tensor, chosen: Sequence[int]) -> Tensor:
    if list(chosen) == list(range(chosen[0], chosen[0] + len(chosen))):
        return x[:, chosen[0] : chosen[-1] + 1]
    return f.gather(x, x.trace.constant(np.array(chosen), "int32"), 1)
