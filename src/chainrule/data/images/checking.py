"""Image files, checked before training: those that can't be decoded are left out and listed."""

import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from chainrule.data.images.decoding import Header, quietly, read_header
from chainrule.data.wording import counted
from chainrule.errors import DataError
from chainrule.paths import printable

DECODED_BYTES = 256 << 20
"""If all files together have at most so many bytes, each is decoded once to check that it is whole."""
NAMED_PATHS = 3
"""How many of the files that are left out are named."""
SMALLEST = 2
"""The least pixels of the shorter side: an image of 1 × 1 is a placeholder."""

_ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82", "GIF": b"\x3b"}
_TAIL = 4096
_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "JPEG2000": (".jp2", ".j2k", ".jpx"),
}
IMAGE_SUFFIXES = tuple(suffix for each in _SUFFIXES.values() for suffix in each)
"""The suffixes of image files, in lower case."""


@dataclass(frozen=True, eq=False)
class Checked:
    """Files whose images can be decoded.

    rows: (rows,) int64, their indices among the paths that were checked. sizes: (rows, 2) int32, height and
    width of each, upright. channels: 1 if all are grey, else 3. findings: sentences on sizes, kinds and what
    was left out. broken: for each file that was left out, what is wrong with it.
    """

    rows: np.ndarray
    sizes: np.ndarray
    channels: int
    findings: tuple[str, ...]
    broken: tuple[str, ...]


def check_files(paths: Sequence[str]) -> Checked:
    """Read the header of each file, and check that the file is whole.

    If all files together have at most `DECODED_BYTES`, each is decoded. In a larger set a JPEG, PNG or GIF
    file that ends with the mark of its format counts as whole, and only the others are decoded: this finds
    truncated files, while damage in the middle of a file is found when it is trained on.
    """
    thorough = sum(_size(path) for path in paths) <= DECODED_BYTES
    with quietly(), ThreadPoolExecutor(threads()) as pool:
        found = list(pool.map(lambda path: _check(path, thorough=thorough), paths, chunksize=64))
    rows = [row for row, each in enumerate(found) if isinstance(each, Header)]
    headers = [each for each in found if isinstance(each, Header)]
    broken = tuple(each for each in found if isinstance(each, str))
    findings = [*_told([paths[row] for row in rows], headers)]
    if broken:
        findings.append(left_out(len(broken), "that can't be used", broken))
    return Checked(
        np.array(rows, np.int64),
        np.array([header.size for header in headers], np.int32).reshape(-1, 2),
        1 if all(header.grey for header in headers) else 3,
        tuple(findings),
        broken,
    )


def left_out(count: int, what: str, examples: Sequence[str]) -> str:
    """A finding such as 'Left out: 12 images that can't be used: a; b; c; and 9 more.'

    what: the clause after 'images'. examples: one for each image; the first `NAMED_PATHS` are named.
    """
    shown = "; ".join(examples[:NAMED_PATHS])
    more = f"; and {count - NAMED_PATHS:,} more" if count > NAMED_PATHS else ""
    return f"Left out: {counted(count, 'image')} {what}: {shown}{more}."


def threads() -> int:
    """The number of threads that decode: one for each processor that this process may use."""
    if "sched_getaffinity" in os.__dict__:  # not on every system
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check(path: str, *, thorough: bool) -> Header | str:
    """The header of a file, or what is wrong with it."""
    try:
        header = read_header(path, whole=thorough)
        if min(header.size) < SMALLEST:
            return f"{printable(path)} is {_times(header.size)} pixels"
        if not thorough and not _ends_well(path, header.format):
            read_header(path, whole=True)
    except DataError as error:
        return error.what
    return header


def _ends_well(path: str, format_: str) -> bool:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (paths are text here)
        size = os.fstat(file.fileno()).st_size
        file.seek(max(0, size - _TAIL))
        tail = file.read(_TAIL)
    return format_ in _ENDS and _ENDS[format_] in tail


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 (100,000 of these must take little time)
    except OSError:
        return 0


def _told(paths: Sequence[str], headers: Sequence[Header]) -> list[str]:
    """Sentences on the sizes, on images of other kinds, and on what decoding changes."""
    if not headers:
        return []
    told = [_sizes_told([header.size for header in headers])]
    for count, what in (
        (sum(header.transparent for header in headers), "transparent: they are put on white"),
        (sum(header.deep for header in headers), "of 16 bits a channel: the upper 8 are kept"),
        (sum(header.mode == "CMYK" for header in headers), "in CMYK: they are converted to RGB"),
        (sum(header.animated for header in headers), "animated: the first frame is taken"),
        (
            sum(header.orientation > 1 for header in headers),
            "not upright: they are rotated as EXIF says",
        ),
    ):
        if count:
            told.append(f"{_some(count, len(headers))} {what}.")
    grey = sum(header.grey for header in headers)
    if 0 < grey < len(headers):
        told.append(f"{_some(grey, len(headers))} grey, the others coloured: all are read as RGB.")
    lying = [row for row, header in enumerate(headers) if _lies(paths[row], header.format)]
    if lying:
        first = lying[0]
        told.append(
            f"{_some(len(lying), len(headers))} of another format than the name says: "
            f"{printable(paths[first])} is {headers[first].format}."
        )
    return told


def _sizes_told(sizes: Sequence[tuple[int, int]]) -> str:
    counts = Counter(sizes).most_common()
    if len(counts) == 1:
        return f"{counted(len(sizes), 'image')} of {_times(counts[0][0])} pixels."
    height, width = (sorted(side) for side in zip(*sizes, strict=True))
    middle = len(sizes) // 2
    return (
        f"{counted(len(sizes), 'image')} of {len(counts):,} sizes, "
        f"from {height[0]} to {height[-1]} pixels high "
        f"and {width[0]} to {width[-1]} wide (median {_times((height[middle], width[middle]))})."
    )


def _some(count: int, of: int) -> str:
    if count == of:
        return "The image is" if of == 1 else "All images are"
    return f"{counted(count, 'image')} {'is' if count == 1 else 'are'}"


def _times(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]}"


def _lies(path: str, format_: str) -> bool:
    suffix = PurePath(path).suffix.lower()
    return suffix in IMAGE_SUFFIXES and suffix not in _SUFFIXES.get(format_, (suffix,))
