"""CTC against a sum over all paths; what it refuses in data."""

import math
from itertools import product

import numpy as np
import pytest

from chainrule.errors import DataError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import CTC
from chainrule.program import Trace

LABELS = np.array([[1, 2], [2, -1], [1, 1], [-1, -1]], np.int32)
LOGITS = np.random.default_rng(0).normal(size=(4, 3, 3))


def losses(loss: CTC, logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    trace = Trace()
    z, t = trace.input("z", logits.shape, "float64"), trace.input("t", labels.shape, "int32")
    return compile_numpy(trace.program({"l": loss.each(z, t)})).run({}, {"z": logits, "t": labels})["l"]


def spelled(path: tuple[int, ...], blank: int) -> list[int]:
    """The labels of a path: repetitions, then blanks taken out."""
    once = [c for t, c in enumerate(path) if t == 0 or c != path[t - 1]]
    return [c for c in once if c != blank]


def by_paths(logits: np.ndarray, labels: np.ndarray, blank: int) -> float:
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    wanted = [int(c) for c in labels if c >= 0]
    paths = product(range(p.shape[1]), repeat=len(p))
    return -math.log(
        sum(
            math.prod(p[t, c] for t, c in enumerate(path)) for path in paths if spelled(path, blank) == wanted
        )
    )


def test_it_sums_over_all_paths():
    expected = [by_paths(z, t, 0) for z, t in zip(LOGITS, LABELS, strict=True)]
    np.testing.assert_allclose(losses(CTC(), LOGITS, LABELS), expected, rtol=1e-10)


def test_any_class_may_be_the_blank():
    labels = np.array([[0, 1], [1, -1], [0, 0], [-1, -1]], np.int32)
    expected = [by_paths(z, t, 2) for z, t in zip(LOGITS, labels, strict=True)]
    np.testing.assert_allclose(losses(CTC(blank=2), LOGITS, labels), expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        ([[1, 0]], "label 1 in row 0 is 0; labels are classes from 0 to 2, but not the blank 0"),
        ([[1, 2], [3, -1]], "label 0 in row 1 is 3"),
        ([[-2, 1]], "label 0 in row 0 is -2"),
        ([[-1, 1]], "row 0 has a label after -1; put every -1 after the last label"),
        ([[1, 1, 2]], "the labels in row 0 need more than the 3 steps that the network gives"),
        ([1, 2], "targets are int64"),
        ([[0.5]], "targets are float64"),
    ],
)
def test_labels_that_can_not_be_spelled_are_refused_before_training(labels: list, match: str):
    with pytest.raises(DataError, match=match):
        CTC().check((4, 3, 3), np.array(labels))


def test_labels_that_can_be_spelled_are_taken():
    CTC().check((4, 3, 3), LABELS)


def test_shapes_that_do_not_fit_are_refused():
    trace = Trace()
    with pytest.raises(ShapeError, match="give outputs \\(batch, time, classes\\)"):
        CTC().each(trace.input("z", (4, 3)), trace.input("t", (4, 2), "int32"))
