"""Data sets of the programs: tables, images and sequences, and what may be wrong with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from benchmarks.doctor import generators

TABLE, IMAGE, SEQUENCE = "table", "image", "sequence"


@dataclass(frozen=True)
class DataSet:
    """What there is to learn.

    kind: TABLE (features,), IMAGE (height, width, channels) or SEQUENCE (time, channels): of one example.
    classes: 0 for numbers to predict. sizes: examples to train on, to hold out, and to test by.
    make: (examples in all, random) -> x, y; the same random state, the same examples.
    """

    meaning: str
    kind: str
    classes: int
    sizes: tuple[int, int, int]
    make: Callable[[int, np.random.Generator], tuple[np.ndarray, np.ndarray]]


DATA: Mapping[str, DataSet] = {
    "breast_cancer": DataSet(
        "tumours, benign or not, 30 measures", TABLE, 2, (300, 99, 170), generators.breast_cancer
    ),
    "digits": DataSet("handwritten digits, 64 numbers each", TABLE, 10, (1000, 297, 500), generators.digits),
    "diabetes": DataSet(
        "progress of an illness from 10 measures", TABLE, 0, (250, 72, 120), generators.diabetes
    ),
    "spirals": DataSet("two spirals in the plane", TABLE, 2, (2000, 500, 2000), generators.spirals),
    "xor": DataSet(
        "sign of a product of 3 columns, among 5 idle ones", TABLE, 2, (2000, 500, 2000), generators.xor
    ),
    "clusters": DataSet(
        "4 classes of 2 clusters each, 20 columns", TABLE, 4, (3000, 600, 2000), generators.clusters
    ),
    "linear": DataSet(
        "a noisy linear function of 8 of 20 columns", TABLE, 0, (2000, 500, 2000), generators.linear
    ),
    "friedman": DataSet("Friedman's first function, noisy", TABLE, 0, (3000, 600, 2000), generators.friedman),
    "sine": DataSet("a noisy sine of one column", TABLE, 0, (1500, 400, 2000), generators.sine),
    "digit_images": DataSet("handwritten digits, 8×8", IMAGE, 10, (1000, 297, 500), generators.digit_images),
    "stripes": DataSet("directions of noisy stripes, 12×12", IMAGE, 6, (1200, 300, 1000), generators.stripes),
    "adding": DataSet(
        "sum of the two marked of 16 numbers", SEQUENCE, 0, (3000, 500, 1000), generators.adding
    ),
    "waves": DataSet("shapes of noisy waves, 32 long", SEQUENCE, 3, (2000, 400, 1000), generators.waves),
}


@dataclass(frozen=True)
class Examples:
    """Which examples a program trains on, and in what state.

    name: of DATA. seed: decides which examples there are and how they are split.
    count: of training examples, at most. label_noise: the share of labels moved to another class, of training
    and held-out examples. imbalance: how many times fewer examples the odd classes have, there too.
    weighted: examples weigh as their class is rare.
    missing: the share of cells that are missing in every third column of a table; code: what stands for them,
    among numbers of deviation 1.
    spread: decades over which the columns of a table spread, or by which images and sequences are scaled;
    offset: of columns, in their deviations. target_scale, target_offset: of numbers to predict, of deviation
    1 before; the offset is in deviations.
    sorted_in: blocks in which the training examples are sorted by target; 0: they are not.
    The test examples have no label noise and their natural classes, and else are in the same state.
    """

    name: str
    seed: int = 0
    count: int | None = None
    label_noise: float = 0.0
    imbalance: float = 1.0
    weighted: bool = False
    missing: float = 0.0
    code: float = 0.0
    spread: float = 0.0
    offset: float = 0.0
    target_scale: float = 1.0
    target_offset: float = 0.0
    sorted_in: int = 0

    @property
    def data_set(self) -> DataSet:
        """Its entry in DATA."""
        return DATA[self.name]

    @property
    def training_count(self) -> int:
        """Examples to train on, before classes are thinned out."""
        most = self.data_set.sizes[0]
        return most if self.count is None else min(self.count, most)


@dataclass(frozen=True, eq=False)
class Rows:
    """x: (examples, …), float32. y, weight: (examples,); class numbers, int64, or numbers, float32."""

    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None = None

    def take(self, chosen: np.ndarray) -> "Rows":
        """Some of them, without weights."""
        return Rows(self.x[chosen], self.y[chosen])


@dataclass(frozen=True, eq=False)
class Parts:
    """What a program trains on and holds out, and what only the benchmark sees."""

    train: Rows
    held_out: Rows
    test: Rows


@lru_cache(maxsize=16)
def load(examples: Examples) -> Parts:
    """The examples; the same settings, the same bits."""
    data_set = examples.data_set
    ends = np.cumsum(data_set.sizes)
    x, y = data_set.make(int(ends[-1]), _random(examples, "examples"))
    y = y.astype(np.int64 if data_set.classes else np.float64)
    train, held_out, test = (
        Rows(*pair) for pair in zip(np.split(x, ends[:2]), np.split(y, ends[:2]), strict=True)
    )
    train = train.take(np.arange(examples.training_count))
    if examples.imbalance > 1:
        train, held_out = (_thinned(rows, examples.imbalance) for rows in (train, held_out))
    if examples.label_noise:
        random = _random(examples, "labels")
        train, held_out = (_mislabelled(rows, examples, random) for rows in (train, held_out))
    inputs, targets = _input_change(examples, train.x), _target_change(examples, train.y)
    cells = _random(examples, "cells")
    train, held_out, test = (
        Rows(inputs(rows.x, cells).astype(np.float32), targets(rows.y)) for rows in (train, held_out, test)
    )
    if examples.sorted_in:
        train = train.take(_sorted_in_blocks(train.y, examples.sorted_in))
    if examples.weighted:
        by_class = _class_weights(train.y)
        train, held_out = (Rows(rows.x, rows.y, by_class[rows.y]) for rows in (train, held_out))
    return Parts(train, held_out, test)


def _random(examples: Examples, purpose: str) -> np.random.Generator:
    """One of its own for each purpose, so that one flaw changes nothing else."""
    return np.random.default_rng([examples.seed, *purpose.encode(), *examples.name.encode()])


def _thinned(rows: Rows, times: float) -> Rows:
    """With one of so many examples of each odd class, at least two."""
    kept = np.ones(len(rows.y), bool)
    for number in np.unique(rows.y):
        if number % 2:
            places = np.flatnonzero(rows.y == number)
            kept[places[max(2, round(len(places) / times)) :]] = False
    return rows.take(np.flatnonzero(kept))


def _mislabelled(rows: Rows, examples: Examples, random: np.random.Generator) -> Rows:
    classes = examples.data_set.classes
    wrong = random.random(len(rows.y)) < examples.label_noise
    away = random.integers(1, classes, len(rows.y))
    return Rows(rows.x, np.where(wrong, (rows.y + away) % classes, rows.y))


def _input_change(
    examples: Examples, train: np.ndarray
) -> Callable[[np.ndarray, np.random.Generator], np.ndarray]:
    """Standardized columns of tables, images and sequences as they are; then what is wrong with them."""
    factor = 10.0**examples.spread
    if examples.data_set.kind != TABLE:
        return lambda x, random: x * factor
    mean, deviation = train.mean(0), train.std(0)
    deviation = np.where(deviation == 0, 1.0, deviation)
    columns = train.shape[1]
    decades = _random(examples, "decades").permutation(columns) / max(columns - 1, 1)
    factors = 10.0 ** (examples.spread * decades) if columns > 1 else np.array([factor])

    def changed(x: np.ndarray, random: np.random.Generator) -> np.ndarray:
        x = (x - mean) / deviation
        if examples.missing:
            lost = random.random(x.shape) < examples.missing
            lost[:, np.arange(columns) % 3 != 0] = False
            x = np.where(lost, examples.code, x)
        return (x + examples.offset) * factors

    return changed


def _target_change(examples: Examples, train: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    if examples.data_set.classes:
        return lambda y: y
    mean, deviation = train.mean(), train.std()
    scale, offset = examples.target_scale, examples.target_offset
    return lambda y: (((y - mean) / deviation + offset) * scale).astype(np.float32)


def _sorted_in_blocks(y: np.ndarray, blocks: int) -> np.ndarray:
    """(examples,) an order in which each block is sorted."""
    places = np.array_split(np.arange(len(y)), blocks)
    return np.concatenate([each[np.argsort(y[each], kind="stable")] for each in places])


def _class_weights(y: np.ndarray) -> np.ndarray:
    """(classes,) so that every class weighs alike, 1 on average over the examples."""
    counts = np.bincount(y)
    return (len(y) / (np.count_nonzero(counts) * np.maximum(counts, 1))).astype(np.float32)
