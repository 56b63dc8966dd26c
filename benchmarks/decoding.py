"""Images per second and memory: checking, decoding alone, and through the source, of a folder that it makes.

    python -m benchmarks.decoding [--images 20000] [--size 64]

The folder holds JPEG files of this size in ten classes. It is made below the system's temporary folder, and
removed at the end; --folder names one that stays.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data import ImageSource, open_images
from chainrule.data.images.decoding import decoded

CLASSES = 10


def make_folder(folder: Path, images: int, size: int) -> None:
    """JPEG files of smooth colours with some noise, about 2 KB each of 64 × 64 pixels."""
    from PIL import Image

    draw = np.random.default_rng(0)
    for number in range(CLASSES):
        (folder / str(number)).mkdir(parents=True, exist_ok=True)
    for number in range(images):
        coarse = Image.fromarray(draw.integers(0, 256, (8, 8, 3)).astype(np.uint8)).resize((size, size))
        noisy = np.asarray(coarse).astype(np.int16) + draw.integers(-20, 20, (size, size, 3))
        path = folder / str(number % CLASSES) / f"{number:06}.jpg"
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(path, quality=85)


def peak() -> float:
    """Of this process's memory so far, in MB (Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(folder: Path, size: int) -> None:
    """Print images per second of each way, and the peak of memory after it."""
    images, seconds = timed(lambda: open_images(folder))
    rows = np.arange(len(images))
    report("opened and checked", len(images), seconds)
    few = images.paths[:: max(1, len(images) // 10_000)]
    _, seconds = timed(lambda: [decoded(path, 3, (size, size)) for path in few])
    report("decoded, one thread", len(few), seconds)
    for readers in (1, 2):
        source = ImageSource(images, rows, (size, size), 3, images.class_numbers(), readers=readers)
        count, seconds = timed(lambda source=source: sum(len(chunk) for chunk in source.chunks(0, 0)))
        report(f"streamed, {readers} reading", count, seconds)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it returns, and its seconds."""
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def report(what: str, count: int, seconds: float) -> None:
    """A line of the table."""
    print(f"{what:<22}{count:>9,} images {count / seconds:>9,.0f} a second {peak():>7,.0f} MB at most")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--folder", type=Path, help="of images that are there; it stays")
    asked = parser.parse_args()
    if asked.folder is not None:
        measure(asked.folder, asked.size)
    else:
        with tempfile.TemporaryDirectory(prefix="chainrule-") as made:
            make_folder(Path(made), asked.images, asked.size)
            measure(Path(made), asked.size)
