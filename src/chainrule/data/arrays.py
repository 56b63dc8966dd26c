"""Examples as NumPy arrays: inputs x, targets y and weights, checked once before training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from chainrule.data.given import as_pandas, column_names, numeric, picked, position, refuse_missing
from chainrule.data.ragged import Ragged
from chainrule.data.structure import Structure, belonging, flattened, nested
from chainrule.data.wording import counted
from chainrule.errors import ConfigError, DataError


@dataclass(frozen=True, eq=False)
class Arrays:
    """Examples along the first axis of every array.

    named: the arrays by name: 'x', or 'x.left' and so on if the inputs are a structure; 'y' likewise, if
    there are targets; and 'weight', (examples,), each at least 0, if there are weights. See
    chainrule.data.structure.
    columns: name of an array -> names of its columns, for arrays from frames with named columns.
    """

    named: Mapping[str, np.ndarray]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @staticmethod
    def of(x: Structure, y: Structure = None, weight: np.ndarray | None = None) -> "Arrays":
        """Inputs and targets, each an array or a tuple or mapping of arrays, and weights; None is left out.

        Nothing is checked or converted; `as_arrays` does that.
        """
        given = (("x", x), ("y", y), ("weight", weight))
        present = [flattened(name, each) for name, each in given if each is not None]
        return Arrays({name: array for arrays in present for name, array in arrays.items()})

    @property
    def x(self) -> Structure:
        """The inputs in the structure in which they were given."""
        return nested("x", self.named)

    @property
    def y(self) -> Structure | None:
        """The targets in the structure in which they were given, or None."""
        return nested("y", self.named) if belonging("y", self.named) else None

    @property
    def weight(self) -> np.ndarray | None:
        """The weights of the examples, (examples,); None if all are equal."""
        return self.named.get("weight")

    @property
    def inputs(self) -> "Arrays":
        """The same examples without targets and weights."""
        columns = belonging("x", self.columns)
        return Arrays(belonging("x", self.named), columns)

    def weighted(self, weight: np.ndarray | None) -> "Arrays":
        """The same examples with these weights; None: without weights."""
        named = {name: array for name, array in self.named.items() if name != "weight"}
        return replace(self, named=named if weight is None else named | {"weight": weight})

    def __len__(self) -> int:
        return len(next(iter(self.named.values())))

    def take(self, indices: np.ndarray | Sequence[int] | slice) -> "Arrays":
        """The examples with these indices, in this order."""
        return replace(self, named={name: array[indices] for name, array in self.named.items()})


def as_arrays(
    data: object,
    dtype: DTypeLike = np.float32,
    *,
    whole: bool = False,
    columns: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Arrays:
    """Checks data and converts it to the dtypes that training uses.

    data: Arrays, a pair (x, y) or a triple (x, y, sample_weight); y and sample_weight may be None. x and y
        are each an array, or a tuple or mapping of arrays, also nested. An array is one of NumPy, anything
        that numpy.asarray takes, a numeric DataFrame or Series of pandas, polars or pyarrow, or sequences of
        different lengths (`chainrule.data.ragged`).
    dtype: float32 or float64, for x, real targets and weights.
    whole: integer x become int32 instead, such as tokens that an Embedding looks up.
        uint8 x, such as images, are never converted here: programs convert them batch by batch.
    columns: name of an array, such as 'x' -> the columns to take from a frame, in this order, as in training;
        other columns are ignored. Data without column names are taken by position.
    Returns Arrays: x, weight and real y of this dtype; integer and boolean y as int32 (class numbers).
        Weights are multiplied by a power of two, so that their mean is between 1 and 2: only their ratios
        matter, and this way no dtype is too small for them.
    Raises DataError for empty data, different lengths, missing columns, values that are missing, NaN or
        infinite, text, integers too large for int32, and weights that are negative, not finite or all zero;
        ConfigError for another dtype. Errors name the array.
    """
    chosen = np.dtype(dtype)
    if chosen not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ConfigError(f"dtype is {chosen}", remedy="choose float32 or float64")
    x_given, y_given, weight_given = _parts(data)
    names = dict(data.columns) if isinstance(data, Arrays) else {}
    named: dict[str, Any] = {}
    targets = {} if y_given is None else flattened("y", y_given)
    for name, given in (flattened("x", x_given) | targets).items():
        given = as_pandas(given)
        if isinstance(given, Ragged):
            named[name] = replace(given, values=as_trained(name, given.values, chosen, whole=whole))
        elif name in targets:
            named[name] = _target(name, picked(given, name, columns.get(name)), chosen)
        else:
            named[name] = _input(name, checked_x(name, given, columns.get(name)), chosen, whole)
        if found := tuple(columns.get(name, ())) or column_names(given):
            names[name] = found
    if weight_given is not None:
        named["weight"] = _weight(weight_given, chosen)
    check_same_length(named)
    return Arrays(named, names)


def check_same_length(named: Mapping[str, np.ndarray]) -> None:
    """Raises DataError unless all arrays (by name) have the same number of examples."""
    first = next(iter(named))
    for name, array in named.items():
        if len(array) != len(named[first]):
            called = "sample_weight" if name == "weight" else name
            raise DataError(
                f"{first} has {counted(len(named[first]), 'example')} but {called} has {len(array):,}",
                remedy=f"give one entry of {called} per example",
            )


def split(arrays: Arrays, fraction: float, seed: int, stratify: bool = False) -> tuple[Arrays, Arrays]:
    """Splits examples at random into (rest, part), where the part has `fraction` of them.

    stratify: both get the same share of each class of y. For several targets, of each combination of their
        classes; if one of these is too rare, of the classes of the first target for which it is possible. If
        it is possible for none (see `can_stratify`), the split is not stratified.
    Raises as `split_indices`.
    """
    labels = _labels(arrays, fraction) if stratify else None
    rest, part = split_indices(len(arrays), fraction, seed, labels)
    return arrays.take(rest), arrays.take(part)


def split_indices(
    examples: int, fraction: float, seed: int, labels: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Splits 0 … examples - 1 at random (scikit-learn's train_test_split) into (rest, part), each ascending.

    fraction: the share of examples for the part, above 0 and below 1; both get at least one example.
    seed: from 0 to 2**32 - 1.
    labels: (examples,) classes to stratify by; ignored unless `can_stratify`.
    Raises ConfigError for a fraction or seed out of range, DataError for fewer than 2 examples.
    """
    from sklearn.model_selection import train_test_split

    if not 0 < fraction < 1:
        raise ConfigError(f"the fraction to split off is {fraction}", remedy="give one above 0 and below 1")
    if not 0 <= seed < 2**32:
        raise ConfigError(f"seed is {seed}", remedy="give a seed from 0 to 2**32 - 1")
    if examples < 2:
        raise DataError(f"{counted(examples, 'example')} can't be split in two", remedy="give at least two")
    size = _part_size(examples, fraction)
    stratify = labels if labels is not None and can_stratify(labels, fraction) else None
    rest, part = train_test_split(np.arange(examples), test_size=size, random_state=seed, stratify=stratify)
    return np.sort(rest), np.sort(part)


def _labels(arrays: Arrays, fraction: float) -> np.ndarray | None:
    """The classes to stratify by, (examples,); None if there are none."""
    targets = [array for array in belonging("y", arrays.named).values() if isinstance(array, np.ndarray)]
    classes = [array for array in targets if can_stratify(array)]
    if len(classes) > 1:
        together = np.unique(np.stack(classes, axis=1), axis=0, return_inverse=True)[1]
        classes.insert(0, together.reshape(-1))
    return next((each for each in classes if can_stratify(each, fraction)), None)


def can_stratify(y: np.ndarray | None, fraction: float | None = None) -> bool:
    """Whether a split can be stratified: y has class labels, and every class at least two examples.

    fraction: of the split; if given, both parts must also be large enough for one example of every class.
    """
    if y is None or y.ndim != 1 or np.issubdtype(y.dtype, np.floating):
        return False
    counts = np.unique(y, return_counts=True)[1]
    if len(counts) < 1 or counts.min() < 2:
        return False
    if fraction is None:
        return True
    size = _part_size(len(y), fraction)
    return min(size, len(y) - size) >= len(counts)


def _part_size(examples: int, fraction: float) -> int:
    return min(max(round(examples * fraction), 1), examples - 1)


def _parts(data: object) -> tuple[object, object, object]:
    if isinstance(data, Arrays):
        return data.x, data.y, data.weight
    if isinstance(data, tuple) and len(data) == 2:
        return data[0], data[1], None
    if isinstance(data, tuple) and len(data) == 3:
        return data[0], data[1], data[2]
    got = f"a tuple of {len(data)}" if isinstance(data, tuple) else f"a {type(data).__name__}"
    raise DataError(
        f"data is {got}; a pair (x, y) or a triple (x, y, sample_weight) was expected",
        remedy="give the inputs and the targets as one tuple",
    )


def as_trained(name: str, array: np.ndarray, dtype: np.dtype, *, whole: bool) -> np.ndarray:
    """An array of some of the examples, checked and in the dtype of programs; uint8 is not converted.

    name: as in `Arrays`. whole: as for `as_arrays`. Weights are not scaled, since their mean over all
    examples is not known. Raises as `as_arrays`.
    """
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    kind = name.partition(".")[0]
    if kind == "weight":
        return _checked_weight(array).astype(dtype)
    return _target(name, array, dtype) if kind == "y" else _input(name, array, dtype, whole)


def finite_floats(array: np.ndarray, name: str, dtype: np.dtype) -> np.ndarray:
    """The array as contiguous floats of a dtype, after checking that every value is finite in it."""
    with np.errstate(over="ignore"):  # what overflows is found and named just below
        floats = np.ascontiguousarray(array, dtype=dtype)
    finite = np.isfinite(floats)
    if finite.all():
        return floats
    where = tuple(int(index) for index in np.argwhere(~finite)[0])
    value = array[where]
    count = counted(int(finite.size - finite.sum()), "value")
    if np.isfinite(value):
        raise DataError(
            f"{name}: {value} at {position(where)} is too large for {dtype}",
            remedy="scale the data or ask for float64",
        )
    raise DataError(
        f"{name}: {count} NaN or infinite (first {value} at {position(where)})",
        remedy="replace them or leave those examples out",
    )


def checked_x(name: str, given: object, columns: Sequence[str] | None) -> np.ndarray:
    """An input as an array of numbers that holds something, of the dtype that it was given in.

    name: what errors call it. columns: those that are picked; see `as_arrays`.
    """
    x = numeric(name, picked(as_pandas(given), name, columns))
    if len(x) == 0:
        raise DataError(f"{name} has no examples (its first axis is 0)", remedy="give at least one example")
    if x.size == 0:
        raise DataError(f"{name} has shape {x.shape}: no features", remedy="give at least one feature")
    return x


def _input(name: str, x: np.ndarray, dtype: np.dtype, whole: bool) -> np.ndarray:
    if x.dtype == np.uint8:
        return np.ascontiguousarray(x)
    if not whole or x.dtype.kind not in "iu":
        return finite_floats(x, name, dtype)
    if _beyond_int32(x):
        raise DataError(
            f"{name} has whole numbers from {x.min()} to {x.max()}, which are too large to look up",
            remedy="number the tokens 0, 1, …",
        )
    return np.ascontiguousarray(x, dtype=np.int32)


def _target(name: str, given: object, dtype: np.dtype) -> np.ndarray:
    refuse_missing(name, given)
    y = numeric(name, given)
    if y.dtype.kind == "f":
        return finite_floats(y, name, dtype)
    if _beyond_int32(y):
        raise DataError(
            f"{name} has whole numbers up to {y.max()}, which are too large for class numbers",
            remedy="give classes as 0, 1, … or real targets as floats",
        )
    return np.ascontiguousarray(y, dtype=np.int32)


def _beyond_int32(array: np.ndarray) -> bool:
    bounds = np.iinfo(np.int32)
    return bool(array.size) and bool(array.min() < bounds.min or array.max() > bounds.max)


def _checked_weight(given: object) -> np.ndarray:
    weight = finite_floats(numeric("sample_weight", given), "sample_weight", np.dtype(np.float64))
    if weight.ndim != 1:
        raise DataError(
            f"sample_weight has shape {weight.shape}; one number per example was expected",
            remedy="give it the shape (examples,)",
        )
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise DataError(
            f"sample_weight: {weight[row]} in row {row} is negative", remedy="give weights of at least 0"
        )
    return weight


def _weight(given: object, dtype: np.dtype) -> np.ndarray:
    weight = _checked_weight(given)
    if not weight.size:
        return weight.astype(dtype)
    if not weight.any():
        raise DataError("sample_weight is zero for every example", remedy="give at least one weight above 0")
    # In two steps, since the sum of large weights, or the power of two itself, may overflow.
    below_one = np.ldexp(weight, -np.frexp(weight.max())[1])
    return np.ldexp(below_one, 1 - np.frexp(below_one.mean())[1]).astype(dtype)
