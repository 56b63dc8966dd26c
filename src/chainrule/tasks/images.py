"""Shared by the tasks on images: how they are split and read, what a network says of them, new images.

The task on sounds splits its sounds in the same way, and asks its networks likewise.
"""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from chainrule.backprop import Explanation
from chainrule.data import split_indices
from chainrule.data.files import write_aside
from chainrule.data.images import Images, open_images, read_pixels
from chainrule.data.images.images import Part
from chainrule.errors import ConfigError
from chainrule.paths import printable
from chainrule.tasks.task import Say, TaskRun
from chainrule.training import Run
from chainrule.training.programs import ESTIMATED_ROWS

LARGEST = 64
"""The most pixels of a side of training images, unless the settings give their size."""
SMALLEST = 4
"""The fewest pixels of a side, so that convolutions are possible."""
_SAMPLED_BYTES = 16 << 20


def usual_size(images: Images) -> tuple[int, int]:
    """(height, width) to train in: that of all images if they are equal and small; else a square."""
    (height, width), alike = images.sizes[0].tolist(), (images.sizes == images.sizes[0]).all()
    if alike and min(height, width) >= SMALLEST and max(height, width) <= LARGEST:
        return height, width
    side = min(max(int(images.sizes.min()), SMALLEST), LARGEST)
    return side, side


def sample_of(images: Images, rows: np.ndarray, size: tuple[int, int], channels: int) -> np.ndarray:
    """Some of the images, at equal distances, at most 16 MiB: (images, height, width, channels) uint8."""
    most = max(_SAMPLED_BYTES // (size[0] * size[1] * channels), 1)
    return read_pixels(images, rows[:: -(-len(rows) // most)], size, channels)


class InParts(Protocol):
    """Examples of which a source says to which part they belong, such as images or sounds."""

    def rows(self, part: Part | Literal[""]) -> np.ndarray:
        """(rows,) int64, the indices of the examples of a part; '' for those that belong to none."""
        ...


def split_in_parts(
    examples: InParts, test: float, validation: float, seed: int, labels: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """The indices of the examples of each part: 'train', 'validation' (perhaps empty), 'test'.

    Parts that the source gives stay as they are. Else test and validation are shares of the examples, drawn
    by the seed; validation 0: none. labels: (examples,) class numbers, whose shares are about equal in the
    parts.
    """
    parts: tuple[Part, ...] = ("train", "validation", "test")
    given = {part: examples.rows(part) for part in parts}
    rest = np.concatenate([given["train"], examples.rows("")])
    if not len(given["test"]):
        rest, given["test"] = _split(rest, test, seed, labels)
    if not len(given["validation"]) and validation:
        left = 1.0 if len(examples.rows("test")) else 1 - test
        rest, given["validation"] = _split(rest, validation / left, seed, labels)
    return {"train": rest, "validation": given["validation"], "test": given["test"]}


def _split(
    rows: np.ndarray, share: float, seed: int, labels: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    if len(rows) < 2:
        return rows, rows[:0]
    rest, part = split_indices(len(rows), share, seed, None if labels is None else labels[rows])
    return rows[rest], rows[part]


def counted_parts(rows: Mapping[str, np.ndarray]) -> str:
    """The number of examples of each part, for a sentence."""
    train, validation, test = (len(rows[part]) for part in ("train", "validation", "test"))
    return f"{train:,} to train on, {validation:,} to validate, {test:,} held out"


def outputs_of(run: Run, examples: np.ndarray, *, raw: bool) -> np.ndarray:
    """What the network of a run says of examples; that of one does not depend on the others, to the bit.

    examples: along the first axis, such as images (images, height, width, channels), or waves. raw: the
    outputs of the network instead of its predictions.
    """
    x = np.ascontiguousarray(examples)
    outputs = run.programs.outputs(
        run.parameters, len(x), lambda part: {"x": x[part]}, raw=raw, least=ESTIMATED_ROWS
    )
    assert isinstance(outputs, np.ndarray)  # the networks of these tasks have one output
    return outputs


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def open_new_images(source: str | None, say: Say) -> Images:
    """Images to predict: those of a folder, a file of arrays, or a single file.

    say: called with sentences on images that were left out. Raises ConfigError without a source, DataError as
    `open_images` does.
    """
    if source is None:
        raise ConfigError(
            "there are no images to predict", remedy="name a folder of images, or an image file"
        )
    images = open_images(source, labelled=False)
    for sentence in images.left_out:
        say(sentence)
    return images


def explain(task_run: TaskRun, row: int, source: str | None) -> Explanation:
    """Raises ConfigError: a step of a network for images has too many numbers to read."""
    count = sum(array.size for array in task_run.run.parameters.values())
    raise ConfigError(
        f"a step of this network has {count:,} weights, too many to read",
        remedy="look at its program, or explain the run of a table, such as digits",
    )


def drawn_names(images: Images) -> list[str]:
    """The names of pictures drawn of images, no two alike: their own below the source, ending in .png."""
    root = Path(images.source)
    inside = [
        Path(path).relative_to(root) if root.is_dir() else Path(Path(path).name) for path in images.paths
    ]
    names = [str(path.with_suffix(".png")) for path in inside]
    if not inside:
        return [f"{row}.png" for row in range(len(images))]
    for longer in (
        [f"{path}.png" for path in inside],
        [f"{path}-{row}.png" for row, path in enumerate(inside)],
    ):
        counts = Counter(names)
        names = [name if counts[name] == 1 else long for name, long in zip(names, longer, strict=True)]
    return names


def check_drawn(folder: Path, names: Iterable[str], images: Images) -> None:
    """ConfigError where a picture of one of these names in a folder would be written over an image."""
    given = {os.path.realpath(path) for path in images.paths}
    for name in names:
        if os.path.realpath(folder / name) in given:
            raise ConfigError(
                f"{printable(str(folder / name))} is one of the images, and would be written over",
                remedy="draw into another folder",
            )


def write_drawn(folder: Path, name: str, content: bytes) -> None:
    """Write a drawn picture; name: its path below the folder, which is created."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    write_aside(folder / name, content)
