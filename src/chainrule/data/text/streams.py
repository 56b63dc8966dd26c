"""Streams of tokens: in memory, or in a file larger than memory; and their windows as a source."""

import codecs
import os
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Protocol

import numpy as np

from chainrule.data.ahead import check_readers, read_ahead
from chainrule.data.batching import check_place, shuffled
from chainrule.data.source import Chunk, Field, digest, order_in_chunk
from chainrule.errors import DataError

IN_MEMORY = 64 << 20
"""Bytes of tokens that are kept in memory; longer streams are written to a temporary file."""
_BLOCK = 64  # windows that stand together and are read at once
_OF_SHIFTS = 1 << 40  # the random stream of shifts, after those of chunks


class TokenStream(Protocol):
    """Tokens in a row, which are read part by part."""

    @property
    def dtype(self) -> np.dtype: ...

    def __len__(self) -> int: ...

    def read(self, start: int, stop: int) -> np.ndarray:
        """Tokens start … stop - 1. Any number of threads may call it at once."""
        ...


@dataclass(frozen=True, eq=False)
class HeldTokens:
    """Tokens in memory."""

    tokens: np.ndarray

    @property
    def dtype(self) -> np.dtype:
        """Of the tokens."""
        return self.tokens.dtype

    def __len__(self) -> int:
        return len(self.tokens)

    def read(self, start: int, stop: int) -> np.ndarray:
        """A view of the tokens."""
        return self.tokens[start:stop]


class FiledTokens:
    """Tokens in a temporary file, which is gone when nobody uses it any more, even if the process is killed.

    The file is read, not mapped, so that what was read does not count as memory of the process.
    """

    def __init__(self, parts: Iterable[np.ndarray], dtype: np.dtype) -> None:
        self.dtype = dtype
        self._length = 0
        with TemporaryFile() as file:
            for part in parts:
                file.write(np.ascontiguousarray(part, dtype).tobytes())
                self._length += len(part)
            file.flush()
            self._descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._descriptor)

    def __len__(self) -> int:
        return self._length

    def read(self, start: int, stop: int) -> np.ndarray:
        """Tokens, read from the file. Raises DataError if the file can't be read."""
        size = self.dtype.itemsize
        try:
            content = os.pread(self._descriptor, (stop - start) * size, start * size)
        except OSError as error:
            raise DataError(
                f"the temporary file of tokens can't be read: {error.strerror}", remedy="start again"
            ) from None
        return np.frombuffer(content, self.dtype)


def token_dtype(vocabulary: int) -> np.dtype:
    """The smallest dtype for tokens below a number."""
    return np.dtype(np.uint8 if vocabulary <= 1 << 8 else np.uint16 if vocabulary <= 1 << 16 else np.int32)


def stream_of(parts: Iterable[np.ndarray], vocabulary: int, in_memory: int = IN_MEMORY) -> TokenStream:
    """The stream of tokens that come in parts; in memory up to so many bytes, else in a temporary file."""
    dtype = token_dtype(vocabulary)
    kept: list[np.ndarray] = []
    coming = iter(parts)
    for part in coming:
        kept.append(np.asarray(part, dtype))
        if sum(each.nbytes for each in kept) > in_memory:
            return FiledTokens(_chained(kept, coming), dtype)
    return HeldTokens(np.concatenate(kept) if kept else np.zeros(0, dtype))


def _chained(kept: list[np.ndarray], coming: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    while kept:
        yield kept.pop(0)
    yield from coming


@dataclass(frozen=True, eq=False)
class TokenWindows:
    """The windows of a stream as examples: x of `context` tokens, y the token after each of them.

    An epoch has as many windows as lie side by side in the stream, and at most `most`; they begin at another
    token in every epoch. Longer streams are gone through in several epochs, each with other windows. Windows
    are read in blocks of 64 neighbours, in a random order that depends on (seed, epoch).
    stream: start … stop: the tokens that are used. context, most, chunk_windows: at least 1.
    readers: threads that read ahead.
    """

    stream: TokenStream
    start: int
    stop: int
    context: int
    most: int
    chunk_windows: int = 4096
    readers: int = 1

    def __post_init__(self) -> None:
        check_readers(self.readers)
        if self.windows < 1:
            raise DataError(
                f"a text of {self.stop - self.start:,} tokens has no window of {self.context:,} and one more",
                remedy="give a longer text, or a shorter {context}",
                settings={"context": max(1, (self.stop - self.start) // 4)},
            )

    @property
    def windows(self) -> int:
        """How many lie side by side, whatever token they begin at."""
        return max((self.stop - self.start - 1) // self.context - 1, 0)

    @property
    def fields(self) -> dict[str, Field]:
        """Tokens of x and y."""
        return {name: Field((self.context,), self.stream.dtype.name) for name in ("x", "y")}

    @property
    def examples(self) -> int:
        """Windows of an epoch."""
        return min(self.windows, self.most)

    def chunks(self, seed: int | None, epoch: int, start: int = 0) -> Iterator[Chunk]:
        """The chunks of an epoch, read ahead; see `Source.chunks`."""
        chosen = self._chosen(seed, epoch)
        shift = 0
        if seed is not None:
            shift = int(shuffled(self.context, seed, epoch, _OF_SHIFTS)[0])
        size = min(self.chunk_windows, self.examples)
        jobs = (
            partial(self._read, number, chosen[number * size : (number + 1) * size], shift, seed, epoch, size)
            for number in range(start, -(-self.examples // size))
        )
        return read_ahead(jobs, self.readers)

    def _chosen(self, seed: int | None, epoch: int) -> np.ndarray:
        """The numbers of the windows of an epoch, neighbours together."""
        every = np.arange(self.windows)
        if seed is None:
            return every[: self.examples]
        check_place(seed, epoch)
        parts = self.windows // self.examples  # epochs that go through the stream
        turn, part = divmod(epoch, parts)
        blocks = shuffled(-(-self.windows // _BLOCK), seed, turn)
        order = (blocks[:, None] * _BLOCK + np.arange(_BLOCK)).reshape(-1)
        order = order[order < self.windows]
        return order[part * self.examples : (part + 1) * self.examples]

    def _read(
        self, number: int, windows: np.ndarray, shift: int, seed: int | None, epoch: int, rows: int
    ) -> Chunk:
        arrays = {name: np.zeros((rows, self.context), self.stream.dtype) for name in ("x", "y")}
        ends = (np.flatnonzero(np.diff(windows) != 1) + 1).tolist()
        for first, last in zip([0, *ends], [*ends, len(windows)], strict=True):
            begin = self.start + shift + int(windows[first]) * self.context
            tokens = self.stream.read(begin, begin + (last - first) * self.context + 1)
            arrays["x"][first:last] = tokens[:-1].reshape(-1, self.context)
            arrays["y"][first:last] = tokens[1:].reshape(-1, self.context)
        return Chunk(number, arrays, order_in_chunk(len(windows), seed, epoch, number))

    def fingerprint(self) -> str:
        """A hash of the tokens, or of a thousand places of a long stream."""
        length = self.stop - self.start
        parts = [f"{length} {self.context} {self.most}".encode()]
        if length <= 1 << 24:
            parts.append(np.ascontiguousarray(self.stream.read(self.start, self.stop)).tobytes())
        else:
            for place in np.linspace(self.start, self.stop - 4096, 1000).astype(int).tolist():
                parts.append(np.ascontiguousarray(self.stream.read(place, place + 4096)).tobytes())
        return digest(*parts)


def text_parts(path: Path, size: int = 1 << 22) -> Iterator[str]:
    """The text of a file of UTF-8 in parts of about so many bytes.

    Raises DataError, naming the byte, for a file that is not UTF-8 or can't be read.
    """
    decoder, read = codecs.getincrementaldecoder("utf-8")(), 0
    try:
        with path.open("rb") as file:
            while True:
                block = file.read(size)
                waiting = len(decoder.getstate()[0])  # bytes of a character that was cut
                try:
                    part = decoder.decode(block, final=not block)
                except UnicodeDecodeError as error:
                    raise _not_utf8(path, read - waiting + error.start) from None
                yield part if read else part.removeprefix("\ufeff")
                if not block:
                    return
                read += len(block)
    except OSError as error:
        raise DataError(f"{path} can't be read: {error.strerror}", remedy="check the file") from None


def _not_utf8(path: Path, byte: int) -> DataError:
    return DataError(
        f"{path} is not UTF-8: the byte at offset {byte:,} doesn't belong", remedy="save it as UTF-8"
    )
