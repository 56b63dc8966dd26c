"""The meaning of connectionist temporal classification: every path by itself."""

import itertools
import math
from collections.abc import Callable, Mapping

import numpy as np


def _spells(path: tuple[int, ...], labels: list[int], blank: int) -> bool:
    return [name for name, _ in itertools.groupby(path) if name != blank] == labels


def _ctc_loss(
    logits: np.ndarray, labels: np.ndarray, lengths: np.ndarray, label_lengths: np.ndarray, blank: int
) -> np.ndarray:
    y = np.empty(logits.shape[1], object)
    for example in range(len(y)):
        rows = np.exp(logits[: lengths[example], example])
        rows = rows / rows.sum(1, keepdims=True)
        spelled = labels[example, : label_lengths[example]].tolist()
        paths = itertools.product(range(logits.shape[2]), repeat=len(rows))
        total = math.fsum(
            math.prod(row[i] for row, i in zip(rows, path, strict=True))
            for path in paths
            if _spells(path, spelled, blank)
        )
        y[example] = -math.log(total) if total else math.inf
    return y


ALIGNMENT: Mapping[str, Callable[..., np.ndarray]] = {"ctc_loss": _ctc_loss}
