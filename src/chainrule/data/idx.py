"""IDX files, as the MNIST database is stored in: unsigned bytes of any shape, plain or gzipped."""

import gzip
import zlib

import numpy as np

from chainrule.errors import DataError

_UNSIGNED_BYTES = 0x08
_MOST_AXES = 4


def read_idx(content: bytes, source: str) -> np.ndarray:
    """The array in an IDX file: two bytes 0, one that says the type, one for the number of axes, then their
    lengths as big-endian 32-bit numbers, then the values.

    source: what errors call it. Returns uint8, of the file's shape.
    Raises DataError for what is no such file, is cut off, or holds another type than unsigned bytes.
    """
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(
                f"{source} is compressed by gzip and damaged: {error}", remedy="copy or download it again"
            ) from None
    if len(content) < 8 or content[:2] != b"\0\0" or not 1 <= content[3] <= _MOST_AXES:
        raise DataError(f"{source} is not an IDX file", remedy="give a file in the format of MNIST")
    axes = content[3]
    start = 4 + 4 * axes
    if len(content) < start:
        raise DataError(f"{source} is not an IDX file", remedy="give a file in the format of MNIST")
    if content[2] != _UNSIGNED_BYTES:
        raise DataError(
            f"{source} holds values of the type 0x{content[2]:02x}", remedy="give unsigned bytes (0x08)"
        )
    shape = tuple(np.frombuffer(content[4:start], ">u4").astype(int).tolist())
    wanted = int(np.prod(shape, dtype=np.int64))
    if len(content) - start != wanted:
        raise DataError(
            f"{source} has {len(content) - start:,} values, and its header says {wanted:,} {shape}",
            remedy="copy or download it again",
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
