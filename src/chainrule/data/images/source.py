"""Images as examples for the training loop: decoded into memory, or in chunks that threads decode ahead."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from chainrule.data.ahead import check_readers, read_ahead
from chainrule.data.batching import check_place, shuffled
from chainrule.data.images.checking import threads
from chainrule.data.images.decoding import Size, check_channels, decoded, quietly
from chainrule.data.images.images import Images
from chainrule.data.images.resizing import framed, resized
from chainrule.data.source import Chunk, Field, MemorySource, Source, digest
from chainrule.errors import ConfigError, DataError

Fit = Literal["crop", "frame"]

MEMORY_BYTES = 512 << 20
"""Images that, decoded, together have at most so many bytes are kept in memory."""
CHUNK_BYTES = 16 << 20
"""Bytes of a chunk. Chunks may be small, since each epoch's order is drawn over all images."""


@dataclass(frozen=True, eq=False)
class ImageSource:
    """Images that are decoded during training: a `chainrule.data.Source`.

    Every epoch visits all images in the order of `epoch_order`, as it does for arrays in memory. So a folder
    that is sorted by class gives mixed batches, and the same ones as if its images were in memory.

    rows: the indices into `images` of the examples. size: (height, width) of the examples in pixels.
    channels: 1 or 3. y: (rows, ...) targets, or None. chunk_bytes: of a chunk, at most, unless one image is
    larger. readers: threads that decode, at least 1; readers + 1 chunks are in memory at most.
    fit: see `image_source`.
    """

    images: Images
    rows: np.ndarray
    size: Size
    channels: int
    y: np.ndarray | None
    chunk_bytes: int = CHUNK_BYTES
    readers: int = 1
    fit: Fit = "crop"

    def __post_init__(self) -> None:
        check_readers(self.readers)

    @property
    def fields(self) -> Mapping[str, Field]:
        """x: (height, width, channels) uint8; y: the targets, if there are any."""
        x = Field((*self.size, self.channels), "uint8")
        return {"x": x} if self.y is None else {"x": x, "y": Field.of(self.y)}

    @property
    def examples(self) -> int:
        """The number of images."""
        return len(self.rows)

    @property
    def chunk_rows(self) -> int:
        """Examples of a chunk; the last chunk may hold fewer."""
        return max(1, min(self.chunk_bytes // sum(f.nbytes for f in self.fields.values()), self.examples))

    def chunks(self, seed: int | None, epoch: int, start: int = 0) -> Iterator[Chunk]:
        """The chunks of an epoch, decoded ahead; see `Source.chunks`.

        Raises DataError, naming the file, for one that has vanished, or whose damage the check did not find.
        """
        return decoded_chunks(self.examples, self.chunk_rows, self.readers, self._read, (seed, epoch, start))

    def fingerprint(self) -> str:
        """A hash of the images (`Images.fingerprint`), their shape in the examples, and the targets."""
        shape = f"{self.fields} {self.examples}".encode()
        labels = b"" if self.y is None else self.y.tobytes()
        return digest(self.images.take(self.rows).fingerprint().encode(), shape, labels)

    def _read(self, number: int, order: np.ndarray) -> Chunk:
        arrays = {n: np.empty((self.chunk_rows, *f.shape), f.dtype) for n, f in self.fields.items()}
        for place, row in enumerate(self.rows[order]):
            arrays["x"][place] = one_image(self.images, int(row), self.size, self.channels, self.fit)
        if self.y is not None:
            arrays["y"][: len(order)] = self.y[order]
        return Chunk(number, arrays, np.arange(len(order), dtype=np.int64))


def decoded_chunks(
    examples: int,
    chunk_rows: int,
    readers: int,
    read: Callable[[int, np.ndarray], Chunk],
    where: tuple[int | None, int, int],
) -> Iterator[Chunk]:
    """The chunks of an epoch, whose order is drawn over all examples, read ahead by threads.

    chunk_rows: examples of a chunk. readers: threads. read: makes a chunk from its number and the numbers of
    its examples. where: seed, epoch and number of the first chunk, as in `Source.chunks`.
    """
    seed, epoch, start = where
    order = np.arange(examples)
    if seed is not None:
        check_place(seed, epoch)
        order = shuffled(examples, seed, epoch)
    jobs = (
        partial(read, number, order[number * chunk_rows : (number + 1) * chunk_rows])
        for number in range(start, -(-examples // chunk_rows))
    )
    return read_ahead(jobs, readers)


def image_source(
    images: Images,
    rows: np.ndarray,
    size: Size,
    channels: int,
    *,
    classes: Sequence[str] | None = None,
    y: np.ndarray | None = None,
    fit: Fit = "crop",
    memory_bytes: int = MEMORY_BYTES,
) -> Source:
    """A source of images as x (height, width, channels) uint8 and their class numbers as y, int64.

    rows: the indices into `images` of the examples. size: (height, width) of the examples in pixels.
    channels: 1 for grey, 3 for RGB.
    classes: y is the index into them, by default into `Images.classes`. Images without labels give no y.
    y: (rows, ...) other targets, such as boxes.
    fit: 'crop' scales an image and crops it at its centre; 'frame' scales all of it and fills the rest with
    black.
    memory_bytes: images that, decoded, together are no larger are decoded once and kept in memory; others are
    decoded in every epoch, by one thread for each processor.
    Raises DataError without rows, and as `read_image` and `Images.class_numbers` do; ConfigError for a size
    or channels out of range.
    """
    check_channels(channels)
    check_size(size)
    rows = np.asarray(rows, np.int64)
    if not len(rows):
        raise DataError(f"{images.source}: there are no images to take", remedy="give at least one")
    if y is None and images.labels is not None:
        y = images.take(rows).class_numbers(classes)
    if len(rows) * size[0] * size[1] * channels > memory_bytes:
        return ImageSource(images, rows, size, channels, y, readers=threads(), fit=fit)
    x = read_pixels(images, rows, size, channels, fit)
    return MemorySource({"x": x} if y is None else {"x": x, "y": y})


def read_pixels(images: Images, rows: np.ndarray, size: Size, channels: int, fit: Fit = "crop") -> np.ndarray:
    """The images at these indices, decoded: (rows, height, width, channels) uint8.

    size, channels, fit, errors: see `image_source`.
    """
    check_channels(channels)
    check_size(size)
    if images.pixels is not None and images.pixels.shape[1:] == (*size, channels):
        return np.ascontiguousarray(images.pixels[rows])
    pixels = np.empty((len(rows), *size, channels), np.uint8)

    def read(place: int) -> None:
        pixels[place] = one_image(images, int(rows[place]), size, channels, fit)

    with quietly(), ThreadPoolExecutor(threads()) as pool:
        for _ in pool.map(read, range(len(rows)), chunksize=64):
            pass
    return pixels


def one_image(images: Images, row: int, size: Size | None, channels: int, fit: Fit = "crop") -> np.ndarray:
    """One image, decoded: (height, width, channels) uint8; at its own size if `size` is None."""
    if images.pixels is None:
        if fit == "crop" or size is None:
            return decoded(images.paths[row], channels, size)
        pixels = decoded(images.paths[row], channels)
    else:
        pixels = images.pixels[row]
    if pixels.shape[2] == channels and size in (None, pixels.shape[:2]):
        return pixels
    from PIL import Image

    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image = image.convert("L" if channels == 1 else "RGB")
    if size is not None:
        image = resized(image, size) if fit == "crop" else framed(image, size)
    return np.asarray(image, np.uint8).reshape(image.height, image.width, channels)


def check_size(size: Size) -> None:
    """Raises ConfigError unless size is a height and a width, whole numbers of at least 1."""
    if len(size) != 2 or any(type(side) is not int or side < 1 for side in size):
        raise ConfigError(f"size is {size!r}", remedy="give (height, width) in pixels, such as (64, 64)")
