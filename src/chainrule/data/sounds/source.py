"""Sounds as examples for the training loop: decoded into memory, or in chunks that threads decode ahead."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from chainrule.data.ahead import check_readers
from chainrule.data.images.checking import threads
from chainrule.data.images.source import CHUNK_BYTES, MEMORY_BYTES, decoded_chunks
from chainrule.data.sounds.decoding import at_rate, read_sound
from chainrule.data.sounds.sounds import Sounds
from chainrule.data.sounds.trimming import fitted
from chainrule.data.source import Chunk, Field, MemorySource, Source, digest
from chainrule.errors import DataError


@dataclass(frozen=True, eq=False)
class SoundSource:
    """Sounds that are decoded during training: a `chainrule.data.Source`.

    Every epoch visits all sounds in the order of `epoch_order`, as it does for arrays in memory.

    rows: the indices into `sounds` of the examples. rate: samples a second of the examples. samples: of each.
    y: (rows,) class numbers, or None. chunk_bytes: of a chunk, at most, unless one sound is larger. readers:
    threads that decode, at least 1; readers + 1 chunks are in memory at most.
    """

    sounds: Sounds
    rows: np.ndarray
    rate: int
    samples: int
    y: np.ndarray | None
    chunk_bytes: int = CHUNK_BYTES
    readers: int = 1

    def __post_init__(self) -> None:
        check_readers(self.readers)

    @property
    def fields(self) -> Mapping[str, Field]:
        """x: (samples,) float32; y: the class numbers, if there are any."""
        x = Field((self.samples,), "float32")
        return {"x": x} if self.y is None else {"x": x, "y": Field.of(self.y)}

    @property
    def examples(self) -> int:
        """The number of sounds."""
        return len(self.rows)

    @property
    def chunk_rows(self) -> int:
        """Examples of a chunk; the last chunk may hold fewer."""
        return max(1, min(self.chunk_bytes // sum(f.nbytes for f in self.fields.values()), self.examples))

    def chunks(self, seed: int | None, epoch: int, start: int = 0) -> Iterator[Chunk]:
        """The chunks of an epoch, decoded ahead; see `Source.chunks`.

        Raises DataError, naming the file, for one that has vanished.
        """
        return decoded_chunks(self.examples, self.chunk_rows, self.readers, self._read, (seed, epoch, start))

    def fingerprint(self) -> str:
        """A hash of the sounds (`Sounds.fingerprint`), their shape in the examples, and the targets."""
        shape = f"{self.fields} {self.examples} {self.rate}".encode()
        labels = b"" if self.y is None else self.y.tobytes()
        return digest(self.sounds.take(self.rows).fingerprint().encode(), shape, labels)

    def _read(self, number: int, order: np.ndarray) -> Chunk:
        arrays = {n: np.zeros((self.chunk_rows, *f.shape), f.dtype) for n, f in self.fields.items()}
        for place, row in enumerate(self.rows[order]):
            arrays["x"][place] = _one_wave(self.sounds, int(row), self.rate, self.samples)
        if self.y is not None:
            arrays["y"][: len(order)] = self.y[order]
        return Chunk(number, arrays, np.arange(len(order), dtype=np.int64))


def sound_source(
    sounds: Sounds,
    rows: np.ndarray,
    rate: int,
    samples: int,
    *,
    classes: Sequence[str] | None = None,
    memory_bytes: int = MEMORY_BYTES,
) -> Source:
    """A source of sounds as x (samples,) float32 and their class numbers as y, int64.

    rows: the indices into `sounds` of the examples. rate, samples: see `read_waves`. classes: y is the index
    into them, by default into `Sounds.classes`. Sounds without labels give no y. memory_bytes: sounds that
    together are no larger are decoded once and kept in memory; others are decoded in every epoch.
    Raises DataError without rows, and as `read_waves` and `Sounds.class_numbers` do.
    """
    rows = np.asarray(rows, np.int64)
    if not len(rows):
        raise DataError(f"{sounds.source}: there are no sounds to take", remedy="give at least one")
    y = None if sounds.labels is None else sounds.take(rows).class_numbers(classes)
    if 4 * samples * len(rows) > memory_bytes:
        return SoundSource(sounds, rows, rate, samples, y, readers=threads())
    x = read_waves(sounds, rows, rate, samples)
    return MemorySource({"x": x} if y is None else {"x": x, "y": y})


def read_waves(sounds: Sounds, rows: np.ndarray, rate: int, samples: int) -> np.ndarray:
    """The sounds at these indices, decoded: (rows, samples) float32.

    Each is cut out of its file, resampled, and scaled to the same loudness. Of a longer one the middle is
    taken, a shorter one stands in the middle of zeros.
    rate: samples a second. Raises DataError, naming the file, for one that has vanished.
    """
    waves = np.empty((len(rows), samples), np.float32)

    def read(place: int) -> None:
        waves[place] = _one_wave(sounds, int(rows[place]), rate, samples)

    with ThreadPoolExecutor(threads()) as pool:
        for _ in pool.map(read, range(len(rows))):
            pass
    return waves


def _one_wave(sounds: Sounds, row: int, rate: int, samples: int) -> np.ndarray:
    first, end = sounds.spans[row]
    wave = read_sound(sounds.paths[row])
    return fitted(at_rate(wave.samples[first:end], wave.rate, rate), samples)
