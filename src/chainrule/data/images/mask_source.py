"""Images with their masks as examples for the training loop, all of one size, the canvas."""

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
"""The value, in an example's mask, of pixels that do not count, such as those beyond the image's border."""


@dataclass(frozen=True, eq=False)
class MaskSource:
    """Pairs of image and mask that are decoded during training, in the order of `ImageSource`.

    masks: the pairs; an example's number is its index. longest, canvas, channels: see `mask_source`.
    chunk_bytes: of a chunk, at most, unless one example is larger. readers: threads that decode, at least 1.
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
        """The number of pairs."""
        return len(self.masks.paths)

    @property
    def chunk_rows(self) -> int:
        """Examples of a chunk; the last chunk may hold fewer."""
        return max(1, min(self.chunk_bytes // sum(f.nbytes for f in self.fields.values()), self.examples))

    def chunks(self, seed: int | None, epoch: int, start: int = 0) -> Iterator[Chunk]:
        """The chunks of an epoch, decoded ahead; see `Source.chunks`. Raises as `read_pair` does."""
        return decoded_chunks(self.examples, self.chunk_rows, self.readers, self._read, (seed, epoch, start))

    def fingerprint(self) -> str:
        """A hash of the pairs (`Masks.fingerprint`), canvas, channels and longest."""
        return digest(self.masks.fingerprint().encode(), f"{self.fields} {self.longest}".encode())

    def _read(self, number: int, order: np.ndarray) -> Chunk:
        arrays = {n: np.empty((self.chunk_rows, *f.shape), f.dtype) for n, f in self.fields.items()}
        for place, row in enumerate(order):
            arrays["x"][place], arrays["y"][place] = self.example(int(row))
        return Chunk(number, arrays, np.arange(len(order), dtype=np.int64))

    def example(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """x and y of one example, on the canvas."""
        x, y = read_pair(self.masks, row, self.channels, self.longest)
        return on_canvas(x, y, self.canvas)


def mask_source(
    masks: Masks, canvas: Size, channels: int, *, longest: int, memory_bytes: int = MEMORY_BYTES
) -> Source:
    """A source of examples x (height, width, channels) uint8 and y (height, width) uint8.

    y holds indices into `Masks.numbers`, and `VOID` for pixels that do not count.
    canvas: (height, width) of the examples in pixels. longest: images with a longer side are scaled down to
    it. Then a smaller image is centred on the canvas and continued by reflection, where y is `VOID`; of a
    larger one the middle is cut out. channels: 1 or 3.
    memory_bytes: examples that together are no larger are decoded once and kept in memory; others are decoded
    in every epoch.
    Raises DataError without pairs and as `read_pair` does; ConfigError for a canvas or channels out of range.
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
    """An image (height, width, channels) uint8 and its mask (height, width) uint8, as `scaled_size` says.

    The mask holds indices into `Masks.numbers`, and `VOID`; scaling takes the nearest pixel. Raises DataError
    as `read_image` and `read_mask` do, and for a number in the mask that is neither a class nor void.
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
    """(height, width) scaled down so that the longer side is at most `longest`, never up."""
    height, width = size
    factor = min(1.0, longest / max(height, width))
    return max(1, round(height * factor)), max(1, round(width * factor))


def scaled_mask(mask: np.ndarray, size: Size) -> np.ndarray:
    """A mask (height, width) at another size: each pixel is the nearest one of the given mask."""
    if mask.shape == tuple(size):
        return mask
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new) for old, new in zip(mask.shape, size, strict=True)
    )
    return mask[rows[:, None], columns]


def on_canvas(x: np.ndarray, y: np.ndarray, canvas: Size) -> tuple[np.ndarray, np.ndarray]:
    """An image and its mask centred on a canvas (height, width): cut where larger, padded where smaller.

    The image is continued by reflection, the mask by `VOID`.
    """
    cut, sides = [], []
    for have, want in zip(y.shape, canvas, strict=True):
        first, lacking = max(0, (have - want) // 2), max(0, want - have)
        cut.append(slice(first, first + min(have, want)))
        sides.append((lacking // 2, lacking - lacking // 2))
    x, y = x[cut[0], cut[1]], y[cut[0], cut[1]]
    if any(map(any, sides)):
        x, y = np.pad(x, [*sides, (0, 0)], "symmetric"), np.pad(y, sides, constant_values=VOID)
    return x, y
