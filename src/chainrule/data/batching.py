"""The order in which an epoch visits the examples, and its cut into batches."""

from typing import Any

import numpy as np
from numpy.random.bit_generator import ISeedSequence

from chainrule.errors import ConfigError, DataError

_FEW = 1000  # below, no sort takes long


def epoch_order(examples: int, batch_size: int, seed: int, epoch: int, *, shuffle: bool = True) -> np.ndarray:
    """The indices 0 … examples - 1 in the order in which this epoch visits them.

    The random numbers are those of Philox, a counter-based generator (Salmon et al., "Parallel random
    numbers: as easy as 1, 2, 3", 2011), with (seed, epoch) as the key. They do not depend on earlier epochs,
    so a resumed run visits the examples in the order of an uninterrupted one.

    examples: their number, at least 1.
    batch_size: at least 1. It does not change the order; it is only checked.
    seed, epoch: from 0 to 2**64 - 1. shuffle: False keeps the order of the examples.
    Returns (examples,) int64.
    Raises ConfigError for a batch size, seed or epoch out of range; DataError if there are no examples.
    """
    _check_batch_size(batch_size)
    check_place(seed, epoch)
    if examples < 1:
        raise DataError("there are no examples to train on", remedy="give at least one")
    return shuffled(examples, seed, epoch) if shuffle else np.arange(examples, dtype=np.int64)


def check_place(seed: int, epoch: int) -> None:
    """Raises ConfigError for a seed or epoch out of range."""
    for name, value in (("seed", seed), ("epoch", epoch)):
        if not 0 <= value < 2**64:
            raise ConfigError(f"{name} is {value}", remedy=f"give a {name} from 0 to 2**64 - 1")


def shuffled(count: int, seed: int, epoch: int, stream: int = 0) -> np.ndarray:
    """The numbers 0 … count - 1 in an order drawn by (seed, epoch, stream) alone, (count,) int64.

    stream: 0 for what an epoch orders first; n + 1 for what its chunk n holds. Streams lie 2**128 draws
    apart.
    """
    key: Any = _Key(seed, epoch)
    source = np.random.Philox(key)
    if stream:
        source.advance(stream << 128)
    bits = source.random_raw(count)
    # NumPy promises that a bit generator's raw stream never changes, but does not promise it for
    # Generator.permutation: sorting raw bits keeps the order the same under later releases of NumPy.
    # Where no two are alike, every sort gives the stable order, and for many the other is much faster.
    if count > _FEW:
        order = np.argsort(bits)
        ascending = bits[order]
        if (ascending[1:] != ascending[:-1]).all():
            return order.astype(np.int64, copy=False)
    return bits.argsort(kind="stable").astype(np.int64, copy=False)


class _Key(ISeedSequence):
    """The key of a generator, as it is: given as key=…, NumPy would first draw a seed from the system."""

    def __init__(self, seed: int, epoch: int) -> None:
        self._words = np.array([seed, epoch], dtype=np.uint64)

    def generate_state(self, n_words: int, dtype: type = np.uint32) -> np.ndarray:
        """The two words of the key."""
        return self._words


def batches(
    order: np.ndarray, batch_size: int, last_parts: int = 0
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Cuts an order into batches: the full ones as one array, and after them those of other sizes.

    order: (examples,) indices.
    last_parts: 0: the remaining examples are a smaller last batch. 1 or 2: the last full batch and the
        remaining examples are divided evenly into this number of batches.
    Returns ((steps, batch_size) int64, the batches of other sizes; none if no examples remain).
    Raises ConfigError for a batch size below 1.
    """
    _check_batch_size(batch_size)
    order = np.asarray(order, dtype=np.int64)
    steps, rest = divmod(len(order), batch_size)
    if rest and last_parts:
        steps -= 1
    full, last = order[: steps * batch_size], order[steps * batch_size :]
    return full.reshape(steps, batch_size), tuple(np.array_split(last, last_parts or 1)) if rest else ()


def _check_batch_size(batch_size: int) -> None:
    if batch_size < 1:
        raise ConfigError(f"batch_size is {batch_size}", remedy="give a batch_size of at least 1")
