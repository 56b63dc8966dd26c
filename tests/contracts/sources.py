"""A source of every kind, over the same examples, for the contract suite."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data import (
    ImageSource,
    MemorySource,
    Source,
    examples,
    mapped,
    npy_shards,
    open_images,
    parquet_shards,
)

EXAMPLES = 1003
CHUNK_BYTES = 4096


def known(count: int = EXAMPLES) -> dict[str, np.ndarray]:
    """Examples that tell who they are: the first number of x is the example's own."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(count, 5)).astype(np.float32)
    x[:, 0] = np.arange(count)
    image = draw.integers(0, 256, (count, 2, 3)).astype(np.uint8)
    return {"x.left": x, "x.right": image, "y": np.arange(count) % 3}


def known_images() -> dict[str, np.ndarray]:
    """Grey images whose first two pixels are the example's own number."""
    x = np.random.default_rng(0).integers(0, 256, (EXAMPLES, 2, 3, 1)).astype(np.uint8)
    x[:, 0, 0, 0], x[:, 0, 1, 0] = np.divmod(np.arange(EXAMPLES), 256)
    return {"x": x, "y": np.arange(EXAMPLES) % 3}


@dataclass(frozen=True)
class Case:
    """How to make a source of these arrays in a folder, read by so many threads.

    reads: whether the number of threads can be chosen. whole: whether its one chunk is all examples.
    known: the arrays. who: the numbers of examples, by which they tell who they are.
    """

    make: Callable[[Path, Mapping[str, np.ndarray], int], Source]
    reads: bool = True
    whole: bool = False
    known: Callable[[], dict[str, np.ndarray]] = known
    who: Callable[[Mapping[str, np.ndarray]], np.ndarray] = lambda arrays: arrays["x.left"][:, 0].astype(int)


def _npy(folder: Path, arrays: Mapping[str, np.ndarray], readers: int) -> Source:
    count = len(arrays["y"])
    for number, rows in enumerate(np.array_split(np.arange(count), 4)):
        shard = folder / "npy" / f"{number:03}"
        shard.mkdir(parents=True, exist_ok=True)
        for name, array in arrays.items():
            np.save(shard / f"{name}.npy", array[rows])
    return npy_shards(folder / "npy", chunk_bytes=CHUNK_BYTES, readers=readers)


def _npy_files(folder: Path, arrays: Mapping[str, np.ndarray], readers: int) -> Source:
    for name, array in arrays.items():
        np.save(folder / f"{name}-0.npy", array[:700])
        np.save(
            folder / f"{name}-1.npy", np.asfortranarray(array[700:]).astype(array.dtype.newbyteorder(">"))
        )
    files = {name: str(folder / f"{name}-*.npy") for name in arrays}
    return npy_shards(files, chunk_bytes=CHUNK_BYTES, readers=readers)


def _mapped(folder: Path, arrays: Mapping[str, np.ndarray], readers: int) -> Source:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    maps = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in arrays}
    x = {"left": maps["x.left"], "right": maps["x.right"]}
    return mapped(x, maps["y"], chunk_bytes=CHUNK_BYTES, readers=readers)


def _parquet(folder: Path, arrays: Mapping[str, np.ndarray], readers: int) -> Source:
    import pyarrow
    from pyarrow import parquet

    left, right = arrays["x.left"], arrays["x.right"]
    columns = {f"c{number}": pyarrow.array(left[:, number]) for number in range(left.shape[1])}
    flat = pyarrow.array(right.reshape(-1))
    columns["image"] = pyarrow.FixedSizeListArray.from_arrays(flat, int(np.prod(right.shape[1:])))
    columns["label"] = pyarrow.array(arrays["y"])
    table = pyarrow.table(columns)
    parquet.write_table(table.slice(0, 600), folder / "a.parquet", row_group_size=40)
    parquet.write_table(table.slice(600), folder / "b.parquet", row_group_size=70)
    x = {"left": [f"c{number}" for number in range(left.shape[1])], "right": "image"}
    return parquet_shards(folder, x=x, y="label", chunk_bytes=CHUNK_BYTES, readers=readers)


def _examples(folder: Path, arrays: Mapping[str, np.ndarray], readers: int) -> Source:
    def one_by_one() -> Iterator[Any]:
        for left, right, y in zip(*arrays.values(), strict=True):
            yield {"x": {"left": left, "right": right}, "y": y}

    return examples(one_by_one, chunk_bytes=CHUNK_BYTES)


def _list_of_examples(folder: Path, arrays: Mapping[str, np.ndarray], readers: int) -> Source:
    listed = [({"left": left, "right": right}, y) for left, right, y in zip(*arrays.values(), strict=True)]
    return examples(listed, length=len(listed), chunk_bytes=CHUNK_BYTES)


def _image_files(folder: Path, arrays: Mapping[str, np.ndarray], readers: int) -> Source:
    """In folders of classes, which an epoch must not visit one after the other."""
    from PIL import Image

    for number, (x, y) in enumerate(zip(arrays["x"], arrays["y"], strict=True)):
        (folder / "images" / str(y)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(x[..., 0]).save(folder / "images" / str(y) / f"{number:04}.png")
    images = open_images(folder / "images")
    rows = np.argsort([Path(path).stem for path in images.paths])
    y = images.class_numbers()[rows]
    return ImageSource(images, rows, (2, 3), 1, y, chunk_bytes=CHUNK_BYTES, readers=readers)


def _image_array(folder: Path, arrays: Mapping[str, np.ndarray], readers: int) -> Source:
    images = open_images((arrays["x"], arrays["y"]))
    rows = np.arange(len(images))
    return ImageSource(images, rows, (2, 3), 1, images.class_numbers(), CHUNK_BYTES, readers)


def _who_images(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    first = arrays["x"].astype(int)
    return first[:, 0, 0, 0] * 256 + first[:, 0, 1, 0]


CASES = {
    "memory": Case(lambda folder, arrays, readers: MemorySource(dict(arrays)), reads=False, whole=True),
    "npy folder": Case(_npy),
    "npy files": Case(_npy_files),
    "mapped": Case(_mapped),
    "parquet": Case(_parquet),
    "function of examples": Case(_examples, reads=False),
    "list of examples": Case(_list_of_examples, reads=False),
    "image files": Case(_image_files, known=known_images, who=_who_images),
    "image array": Case(_image_array, known=known_images, who=_who_images),
}
