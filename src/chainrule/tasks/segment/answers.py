"""Predictions of a run on masks for other images."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from chainrule.backprop import Explanation
from chainrule.data.files import write_aside
from chainrule.data.images import open_images
from chainrule.errors import ConfigError
from chainrule.tasks.segment.answering import answers
from chainrule.tasks.segment.objects import objects_of
from chainrule.tasks.segment.palette import png_of
from chainrule.tasks.segment.run import SegmentRun
from chainrule.tasks.task import Predictions, Say


def predict(masks_run: SegmentRun, source: str | None, say: Say) -> Predictions:
    """A mask for each image of a folder, a file of arrays, or a single file, and the share of each class.

    Columns: 'image', its path or number; 'share_<class>', the share of the pixels, for each class; 'objects',
    their number, if the run counts objects. `draw` writes the masks as PNG files, with the class numbers of
    the training masks. Raises ConfigError without a source, DataError as `open_images` does.
    """
    import pandas as pd

    if source is None:
        raise ConfigError(
            "there are no images to predict", remedy="name a folder of images, or an image file"
        )
    images = open_images(source, labelled=False)
    for finding in images.findings:
        if finding.startswith("Left out"):
            say(finding)
    shape = masks_run.shape
    shares = np.zeros((len(images), len(shape.classes)), np.float64)
    objects = np.zeros(len(images), np.int64)
    masks: dict[int, bytes] = {}
    for row, _, places in answers(masks_run.run, shape, images, range(len(images))):
        shares[row] = np.bincount(places.ravel(), minlength=len(shape.classes)) / places.size
        if shape.objects:
            objects[row] = objects_of(places).max()
        masks[row] = png_of(places, shape.numbers)
    columns = {"image": list(images.paths) if images.paths else list(range(len(images)))}
    named = {f"share_{name}": shares[:, number] for number, name in enumerate(shape.classes)}
    frame = pd.DataFrame(columns | named | ({"objects": objects} if shape.objects else {}))
    names = _names(images.paths, source) if images.paths else [f"{row}.png" for row in range(len(images))]
    return Predictions(
        frame, draw=lambda folder: _write(folder, {n: masks[row] for row, n in enumerate(names)})
    )


def _write(folder: Path, masks: Mapping[str, bytes]) -> int:
    for name, content in masks.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_aside(folder / name, content)
    return len(masks)


def _names(paths: tuple[str, ...], source: str) -> list[str]:
    """The names of the masks: paths below the source ending in .png; equal ones keep their suffix, too."""
    root = Path(source)
    inside = [Path(path).relative_to(root) if root.is_dir() else Path(Path(path).name) for path in paths]
    plain = [str(path.with_suffix(".png")) for path in inside]
    return [
        name if plain.count(name) == 1 else f"{path}.png" for name, path in zip(plain, inside, strict=True)
    ]


def explain(masks_run: SegmentRun, row: int, source: str | None) -> Explanation:
    """Raises ConfigError: a step of this network has too many numbers to read."""
    count = sum(array.size for array in masks_run.run.parameters.values())
    raise ConfigError(
        f"a step of this network has {count:,} weights, too many to read",
        remedy="look at its program, or explain the run of a table, such as digits",
    )
