"""The pictures in the report of boxes, as arrays by name.

found_0, found_1, …: held-out images with true and found boxes. missed, invented: objects with their
surroundings, in the order of the evaluation. augmented: training images after augmentation, with their boxes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.data.images.source import one_image
from chainrule.nn import building
from chainrule.nn.layer import RANDOM_KEY
from chainrule.program import Trace
from chainrule.tasks.detect.drawing import TRUTH, colour_of, drawn, reduced, surroundings
from chainrule.tasks.detect.found import Objects
from chainrule.tasks.detect.objective import Detection
from chainrule.tasks.detect.prepare import PreparedBoxes
from chainrule.tasks.images_shown import DRAWS, spread
from chainrule.training import Run

_FOUND = 8
_LONGEST = 420
_SIDE = 112
_SEEN = 4


def pictures_of(
    run: Run, prepared: PreparedBoxes, evaluation: Mapping[str, Any], said: Sequence[Objects]
) -> dict[str, np.ndarray]:
    """All pictures of the report, uint8."""
    rows = prepared.rows["test"]
    arrays = {
        f"found_{number}": _with_boxes(
            prepared, int(rows[place]), said[place].likely(evaluation["threshold"])
        )
        for number, place in enumerate(spread(len(rows), _FOUND).tolist())
    }
    for name in ("missed", "invented"):
        if evaluation[name]:
            arrays[name] = np.stack([_closely(prepared, each, name) for each in evaluation[name]])
    return arrays | {"augmented": _augmented(run, prepared)}


def _with_boxes(prepared: PreparedBoxes, row: int, found: Objects) -> np.ndarray:
    pixels, factor = reduced(prepared.images, row, _LONGEST)
    boxes = prepared.subject.boxes
    seen = drawn(pixels, boxes.corners[row] * factor, [TRUTH] * len(boxes.corners[row]), width=1)
    return drawn(seen, found.boxes * factor, [colour_of(number) for number in found.numbers.tolist()])


def _closely(prepared: PreparedBoxes, each: Mapping[str, Any], name: str) -> np.ndarray:
    pixels = one_image(prepared.images, each["row"], None, prepared.images.channels)
    cut, box = surroundings(pixels, np.array(each["box"]), _SIDE)
    colour = TRUTH if name == "missed" else colour_of(prepared.shape.classes.index(each["class"]))
    return drawn(cut, box[None], [colour])


def _augmented(run: Run, prepared: PreparedBoxes) -> np.ndarray:
    """Some images, each unchanged and in five draws of the augmentation, with their boxes."""
    rows = prepared.rows["train"][spread(len(prepared.rows["train"]), _SEEN)].repeat(DRAWS)
    x, y = prepared.read(rows), prepared.targets(rows)
    moved, boxes = _moved(run, x, y)
    seen = np.clip(np.round(moved), 0, 255).astype(np.uint8)
    seen[::DRAWS], boxes[::DRAWS] = x[::DRAWS], y[::DRAWS]
    step = -(-max(x.shape[1:3]) // _LONGEST)
    return np.stack(
        [
            drawn(image, each[:, :4], [colour_of(int(number)) for number in each[:, 4]])[::step, ::step]
            for image, each in zip(seen, (b[b[:, 4] >= 0] for b in boxes), strict=True)
        ]
    )


def _moved(run: Run, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images and boxes after the augmentation of the run."""
    objective, trace = run.recipe.objective, Trace()
    assert isinstance(objective, Detection)  # as in every run of this task
    with building(trace, training=True, dtype=run.recipe.dtype):
        tensors = trace.input("x", x.shape, run.recipe.dtype), trace.input("y", y.shape, "float32")
        moved, boxes = objective.moves(tensors[0], boxes=tensors[1])
        for layer in objective.before():
            moved = layer(moved)
    program = trace.program({"x": moved, "y": boxes})
    tree = {RANDOM_KEY: np.array([run.recipe.seed, 0], np.uint32)} if program.state else {}
    found = run.programs.compile(program).run(tree, {"x": x.astype(run.recipe.dtype), "y": y})
    return found["x"], found["y"].copy()
