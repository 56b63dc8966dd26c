"""The examples of a run, in memory or from a source, as the training step takes them."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.data import (
    Arrays,
    Chunk,
    MemorySource,
    Part,
    Position,
    Ragged,
    Source,
    Structure,
    batches,
    epoch_order,
    feed,
    nested,
)
from chainrule.data.ahead import ended
from chainrule.data.arrays import as_trained
from chainrule.data.ragged import padded_batches, padding_share
from chainrule.data.structure import belonging
from chainrule.errors import ChainruleError, DataError, ShapeError
from chainrule.training.inputs import check_examples
from chainrule.training.programs import Programs

_SAMPLED = 512
_START = Position()


@dataclass(frozen=True, eq=False)
class Supply:
    """Examples that are trained on or measured with.

    source: where they come from. sample: a few of them, as programs take them; all of them where they are
    plain arrays in memory. programs: of the model that takes them.
    """

    source: Source
    sample: Arrays
    programs: Programs

    @property
    def examples(self) -> int | None:
        """How many there are; None where that is not known before they are read."""
        return self.source.examples

    @property
    def in_memory(self) -> Arrays | None:
        """All of them, where they are plain arrays in memory."""
        return self.sample if isinstance(self.source, MemorySource) and not self.is_ragged else None

    @property
    def at_once(self) -> bool:
        """Whether a batch may hold all of them: plain arrays in memory, or a source of one chunk an epoch."""
        if self.is_ragged or self.examples is None:
            return False
        if isinstance(self.source, MemorySource):
            return True
        with ended(self.source.chunks(None, 0)) as chunks:
            return len(next(chunks).order) == self.examples

    @cached_property
    def is_ragged(self) -> bool:
        """Whether some are sequences, so that batches have different shapes."""
        return any(field.ragged for field in self.source.fields.values())

    def rows(self, batch_size: int) -> int:
        """Of a full batch."""
        return batch_size if self.examples is None else min(batch_size, self.examples)

    def feed(
        self,
        batch_size: int,
        seed: int | None,
        epoch: int,
        position: Position = _START,
        last_parts: int = 0,
    ) -> Generator[Part, None, None]:
        """The steps of an epoch; see `chainrule.data.feed`. Chunks of a source are checked as they come."""
        return feed(self.source, batch_size, seed, epoch, self._ready, position, last_parts)

    def last_parts(self, rows: int) -> tuple[int, str]:
        """How the last rows of an epoch are divided, see `batches`, and a sentence if that is unusual.

        rows: of a full batch. If a layer refuses the few remaining rows, as BatchNorm refuses a single one,
        they and the last full batch are divided evenly into two batches. Raises the error of the layer if it
        refuses these, and also all of them as one batch. If the number of examples is unknown, one row may
        remain.
        """
        data, programs = self.sample, self.programs
        rest = 1 if self.examples is None else self.examples % rows
        if not rest or rest == rows:
            return 0, ""
        try:
            programs.step(data, rest)
        except ShapeError as error:
            for parts in (2, 1):
                sizes = [len(part) for part in np.array_split(np.arange(rows + rest), parts)]
                with suppress(ShapeError):
                    for size in {*sizes}:
                        programs.step(data, size)
                    told = " and ".join(map(str, sizes))
                    return parts, f"{error.what}; the last batches of an epoch have {told} rows instead"
            raise
        return 0, ""

    def padding(self, batch_size: int, seed: int | None, epoch: int) -> float | None:
        """The share of an epoch's elements that is padding, in full batches of sequences.

        None without such.
        """
        if not self.is_ragged or not isinstance(self.source, MemorySource):
            return None
        sequences = next(array for array in self.source.arrays.values() if isinstance(array, Ragged))
        order = epoch_order(len(sequences), batch_size, seed or 0, epoch, shuffle=seed is not None)
        return padding_share(sequences, batches(order, batch_size)[0], seed, epoch)

    def check_others(self) -> None:
        """Check the examples in memory that are not in the sample.

        Those of a source are checked as they come.
        """
        if self.is_ragged and isinstance(self.source, MemorySource):
            for _, named in self._batches():
                check_examples(self.programs, Arrays(named))

    def _ready(self, chunk: Chunk) -> Mapping[str, Any]:
        if isinstance(self.source, MemorySource):
            return chunk.arrays
        return ready(self.programs, chunk)

    def predicted(
        self, tree: Mapping[str, np.ndarray], *, raw: bool = False, measure: bool = True
    ) -> tuple[Structure, float | None, Arrays]:
        """Predictions for all examples as they stand, their mean loss, and the targets and weights.

        The loss is None where there are no targets, or not to be measured. All of these must fit in memory;
        the inputs are read chunk by chunk.
        """
        if measure and self.in_memory is not None:
            return *self.programs.predict(tree, self.in_memory), self.in_memory
        said: dict[str, list[np.ndarray]] = {}
        kept: dict[str, list[np.ndarray]] = {}
        losses, counts, places = [], [], []
        needs = self.programs.recipe.objective.needs_targets
        for rows, named in self._batches():
            arrays = Arrays(named)
            places.append(rows)
            measured = measure and (arrays.y is not None or not needs)
            given = arrays if measured else arrays.inputs
            compiled = (
                self.programs.measuring(given, len(arrays))
                if measured
                else self.programs.prediction(given, len(arrays), raw=raw)
            )
            results = compiled.run(dict(tree), given.named)
            for name, output in belonging("prediction", results).items():
                said.setdefault(name, []).append(output)
            for name, array in named.items():
                if name.partition(".")[0] != "x":
                    kept.setdefault(name, []).append(array)
            if measured:
                losses.append(float(results["loss"]))
                counts.append(float(len(arrays) if arrays.weight is None else arrays.weight.sum()))
        with np.errstate(invalid="ignore"):  # of losses that are not finite, neither is their mean
            loss = float(np.average(losses, weights=counts)) if losses and sum(counts) > 0 else None
        back = np.argsort(np.concatenate(places), kind="stable")
        predictions = {name: _whole(name, parts)[back] for name, parts in said.items()}
        return (
            nested("prediction", predictions),
            loss,
            Arrays({n: _whole(n, a)[back] for n, a in kept.items()}),
        )

    def _batches(self) -> Iterator[tuple[np.ndarray, Mapping[str, np.ndarray]]]:
        """Batches of a few examples, and which they are; sequences of like lengths together."""
        if self.is_ragged and isinstance(self.source, MemorySource):
            arrays = self.source.arrays
            lengths = next(array.lengths for array in arrays.values() if isinstance(array, Ragged))
            order = np.argsort(lengths, kind="stable")
            at_once = self.programs.rows_at_once(self.sample)
            for start in range(0, len(order), at_once):
                rows = order[start : start + at_once]
                for named, _ in padded_batches(arrays, rows[None], None, 0):
                    yield rows, named
            return
        done = 0
        with closing(self.feed(self.programs.rows_at_once(self.sample), None, 0)) as parts:
            for part in parts:
                for rows in part.order:
                    yield np.arange(done, done + len(rows)), {n: a[rows] for n, a in part.arrays.items()}
                    done += len(rows)


def supply_of(programs: Programs, data: Arrays | Source) -> Supply:
    """Checked arrays, or a source, of which the first chunk is read and checked."""
    if isinstance(data, MemorySource):
        rows = np.arange(data.examples)
        data = Arrays(ready(programs, Chunk(0, data.arrays, rows), check=False))
    if isinstance(data, Arrays):
        arrays = dict(data.named)
        if not any(isinstance(array, Ragged) for array in arrays.values()):
            return Supply(MemorySource(arrays), data, programs)
        sample = Arrays(_padded(arrays, np.arange(len(data))[:_SAMPLED]), data.columns)
        return Supply(MemorySource(arrays), sample, programs)
    with ended(data.chunks(None, 0)) as chunks:
        for chunk in chunks:
            taken = chunk.order[:_SAMPLED]
            few = {name: array[taken] for name, array in chunk.arrays.items()}
            found = ready(programs, Chunk(chunk.number, few, np.arange(len(taken))), check=False)
            return Supply(data, Arrays(_padded(found, np.arange(len(taken)))), programs)
    raise DataError("the source holds no examples", remedy="give at least one")


def ready(programs: Programs, chunk: Chunk, *, check: bool = True) -> Mapping[str, Any]:
    """The arrays of a chunk of a source in the dtypes that programs take, checked. Errors name the chunk.

    check: whether the model can look up the inputs, and the objective takes the targets, too.
    """
    recipe = programs.recipe
    dtype, whole = np.dtype(recipe.dtype), recipe.objective.takes_whole_numbers()
    count = int(chunk.order.max()) + 1 if len(chunk) else 0
    try:
        arrays = {name: _as_trained(name, each, count, dtype, whole) for name, each in chunk.arrays.items()}
        if check and count:
            held = {name: each[:count] for name, each in arrays.items()}
            check_examples(programs, Arrays(_padded(held, np.arange(count))))
    except ChainruleError as error:
        raise error.at(f"chunk {chunk.number}") from None
    return arrays


def _as_trained(name: str, given: Any, count: int, dtype: np.dtype, whole: bool) -> Any:
    """As `as_trained`; rows from `count` on are no examples, and are kept as such."""
    if isinstance(given, Ragged):
        return replace(given, values=as_trained(name, given.values, dtype, whole=whole))
    done = as_trained(name, given[:count], dtype, whole=whole)
    if count == len(given):
        return done
    if done.dtype == given.dtype and given.flags.c_contiguous:
        return given
    filled = np.empty((len(given), *given.shape[1:]), done.dtype)
    filled[:count] = done
    return filled


def _padded(arrays: Mapping[str, Any], rows: np.ndarray) -> Mapping[str, np.ndarray]:
    """Some examples as one padded batch; plain arrays unchanged."""
    if not any(isinstance(array, Ragged) for array in arrays.values()):
        return arrays
    batch, _ = next(padded_batches(arrays, rows[None], None, 0))
    return batch


def _whole(name: str, parts: list[np.ndarray]) -> np.ndarray:
    if len({part.shape[1:] for part in parts}) > 1:
        raise ShapeError(
            f"'{name}' has another length in each batch, that of the padding",
            remedy="predict sequences of one length at a time, or let the model give one output per example",
        )
    return np.concatenate(parts)
