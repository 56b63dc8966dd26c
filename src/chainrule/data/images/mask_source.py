"""Images with their masks as examples for the training loop, all on one canvas."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from chainrule.data.ahead import check_readers
from chainrule.data.images.checking import threads
from chainrule.data.images.decoding import Size, check_channels, quietly
from chainrule.data.images.masks import Masks, read_mask
from chainrule.data.images.source import CHUNK_BYTES, MEMORY_BYTES, check_size, decoded_chunks, one_image
from chainrule.data.source import Chunk, Field, MemorySource, Source, digest
from chainrule.errors import DataError
from chainrule.paths import printable

VOID = 255
"""In an example, of pixels that count nowhere, and of what lies beside the image."""


@dataclass(frozen=True, eq=False)
class MaskSource:
    """Pairs that are decoded while they are trained on; see `ImageSource`, whose order of examples it has.

    masks: the pairs, in the order of the examples. longest, canvas, channels: as of `mask_source`.
    """

    masks: Masks
    longest: int
    canvas: Size
    channels: int
    chunk_bytes: int = CHUNK_BYTES
    readers: int = 1

    def __post_init__(self) -> None:
        check_readers(self.readers)

    @property
    def fields(self) -> Mapping[str, Field]:
        """x: (height, width, channels) uint8; y: (height, width) uint8."""
        return {"x": Field((*self.canvas, self.channels), "uint8"), "y": Field(self.canvas, "uint8")}

    @property
    def examples(self) -> int:
        """How many there are."""
        return len(self.masks.paths)

    @property
    def chunk_rows(self) -> int:
        """Rows of the arrays of every chunk, of which the last may hold fewer examples."""
        return max(1, min(self.chunk_bytes // sum(f.nbytes for f in self.fields.values()), self.examples))

    def chunks(self, seed: int | None, epoch: int, start: int = 0) -> Iterator[Chunk]:
        """The chunks of an epoch, decoded ahead; see `Source.chunks`. Raises DataError as `read_pair`."""
        return decoded_chunks(self.examples, self.chunk_rows, self.readers, self._read, (seed, epoch, start))

    def fingerprint(self) -> str:
        """Of the pairs as they were found, and of what is made of them."""
        return digest(self.masks.fingerprint().encode(), f"{self.fields} {self.longest}".encode())

    def _read(self, number: int, order: np.ndarray) -> Chunk:
        arrays = {n: np.empty((self.chunk_rows, *f.shape), f.dtype) for n, f in self.fields.items()}
        for place, row in enumerate(order):
            arrays["x"][place], arrays["y"][place] = self.example(int(row))
        return Chunk(number, arrays, np.arange(len(order), dtype=np.int64))

    def example(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """x and y of one."""
        x, y = read_pair(self.masks, row, self.channels, self.longest)
        return on_canvas(x, y, self.canvas)


def mask_source(
    masks: Masks, canvas: Size, channels: int, *, longest: int, memory_bytes: int = MEMORY_BYTES
) -> Source:
    """Examples x (height, width, channels) uint8 and y (height, width) uint8, places of `Masks.numbers`.

    longest: side that larger images are scaled down to. canvas: (height, width) of the examples: smaller
    images lie in the middle, mirrored at their edges, where y is `VOID`; of larger ones the middle is taken.
    memory_bytes: up to so many all are decoded at once, and kept; more are decoded anew in each epoch.
    Raises as `read_pair`, and DataError where there are none.
    """
    check_channels(channels)
    check_size(canvas)
    if not masks.paths:
        raise DataError(f"{masks.images.source}: there are no masks to take", remedy="give at least one")
    source = MaskSource(masks, longest, canvas, channels, readers=threads())
    if source.examples * sum(field.nbytes for field in source.fields.values()) > memory_bytes:
        return source
    x = np.empty((source.examples, *canvas, channels), np.uint8)
    y = np.empty((source.examples, *canvas), np.uint8)

    def read(row: int) -> None:
        x[row], y[row] = source.example(row)

    with quietly(), ThreadPoolExecutor(threads()) as pool:
        for _ in pool.map(read, range(source.examples), chunksize=16):
            pass
    return MemorySource({"x": x, "y": y})


def read_pair(masks: Masks, row: int, channels: int, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """An image and its mask, scaled down where they are larger: (height, width, channels), (height, width).

    The mask holds places of `Masks.numbers`, and `VOID`; it is scaled to the nearest pixel. Raises DataError
    as `read_image` and `read_mask`, and for a number that is neither of a class nor void.
    """
    size = scaled_size(masks.images.sizes[row].tolist(), longest)
    x, numbers = one_image(masks.images, row, size, channels), read_mask(masks.paths[row])
    places = np.full(256, VOID, np.uint8)
    places[list(masks.numbers)] = np.arange(len(masks.numbers))
    strange = np.setdiff1d(np.unique(numbers), [*masks.numbers, -1 if masks.void is None else masks.void])
    if len(strange):
        raise DataError(
            f"{printable(masks.paths[row])} holds the number {strange[0]}, which is no class",
            remedy="check that nobody changed it, or name the number of void",
        )
    return x, scaled_mask(places[numbers], size)


def scaled_size(size: tuple[int, int] | list[int], longest: int) -> Size:
    """(height, width) scaled down so that neither is longer than this; the same where none is."""
    height, width = size
    factor = min(1.0, longest / max(height, width))
    return max(1, round(height * factor)), max(1, round(width * factor))


def scaled_mask(mask: np.ndarray, size: Size) -> np.ndarray:
    """A mask at another size, each pixel the nearest."""
    if mask.shape == tuple(size):
        return mask
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new) for old, new in zip(mask.shape, size, strict=True)
    )
    return mask[rows[:, None], columns]


def on_canvas(x: np.ndarray, y: np.ndarray, canvas: Size) -> tuple[np.ndarray, np.ndarray]:
    """An image and its mask in the middle of a canvas, or their middle where they are larger."""
    cut, sides = [], []
    for have, want in zip(y.shape, canvas, strict=True):
        first, lacking = max(0, (have - want) // 2), max(0, want - have)
        cut.append(slice(first, first + min(have, want)))
        sides.append((lacking // 2, lacking - lacking // 2))
    x, y = x[cut[0], cut[1]], y[cut[0], cut[1]]
    if any(map(any, sides)):
        x, y = np.pad(x, [*sides, (0, 0)], "symmetric"), np.pad(y, sides, constant_values=VOID)
    return x, y
