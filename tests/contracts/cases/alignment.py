"""Cases of connectionist temporal classification: repeated labels, padding, one step, no labels, nothing."""

import numpy as np
from tests.contracts.cases.case import add, spread


def _case(
    label: str, time: int, classes: int, labels: list[list[int]], lengths: list[int], blank: int = 0
) -> None:
    longest = max((len(row) for row in labels), default=0)
    padded = np.full((len(labels), longest), 7, np.int32)  # no class: it must not be read
    for row, own in zip(padded, labels, strict=True):
        row[: len(own)] = own
    counts = np.array([len(row) for row in labels], np.int32)
    logits = spread(time, len(labels), classes)
    add("ctc_loss", label, logits, padded, np.array(lengths, np.int32), counts, blank=blank)


def _ctc() -> None:
    _case("one_label", 3, 3, [[1]], [3])
    _case("several", 4, 3, [[1, 2], [2], []], [4, 4, 4])
    _case("repeated", 4, 3, [[1, 1], [2, 2]], [4, 3])
    _case("padded", 4, 3, [[1, 2], [2, 1], [1]], [3, 2, 1])
    _case("blank_last", 3, 3, [[0, 1], [1]], [3, 2], blank=2)
    _case("one_step", 1, 3, [[1], []], [1, 1])
    _case("no_labels", 3, 2, [[], []], [3, 2])
    _case("no_examples", 3, 2, [], [])


FAMILIES = (_ctc,)
