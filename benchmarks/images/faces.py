"""How well ten people whom training never saw are told apart: ORL faces, four disjoint choices of ten.

`make bench-images ARGS="--only faces"` measures all choices; `python -m benchmarks.images.faces` compares
CANDIDATES on the inner splits.

The recipe of a choice is selected by inner splits that its ten people have no part in: of the other thirty
people, twenty are trained on and ten are scored, each of the three tens once. CANDIDATES are what was
compared; each choice takes the one with the lowest mean (nested selection), and only then its ten are scored.
The candidates themselves were drafted on the inner splits of all choices together, seed 0.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from chainrule.tasks.faces import FACES, FaceSettings
from chainrule.tasks.faces.opening import FaceSet, open_faces
from chainrule.tasks.faces.prepare import prepare_faces
from chainrule.tasks.faces.verification import equal_error_rate, score_pairs
from chainrule.tasks.faces.views import embeddings
from chainrule.training import train_recipe

SET = "orl-faces"
TENS = 4
"""People 1 to 10, 11 to 20, 21 to 30 and 31 to 40."""
WEAK = {"degrees": 5.0, "scale": 1.08, "contrast": 0.2}
CANDIDATES: Mapping[str, FaceSettings] = {
    "large": FaceSettings(),
    "large, weakly augmented": FaceSettings(shift=2, **WEAK),
    "small, weakly augmented": FaceSettings(size=28, shift=1, **WEAK),
}
"""The sizes are 56 × 46 and 28 × 28 pixels."""
SELECTED = ("large", "large, weakly augmented", "large", "large")
"""The best of each choice of ten in `choose`, whose means of the equal error rate were, in percent:

large 5.59 5.39 5.23 3.21; large, weakly augmented 6.42 4.72 6.86 3.96; small, weakly augmented 6.59 4.95 6.16
3.96.
"""


def measure(folder: str, minutes: float, seed: int) -> dict[str, Any]:
    """Figures of one seed on each choice, by `FACES.train` with the settings selected for it.

    folder: a folder of people, or SET. minutes: not needed, since the epochs are fixed.
    """
    del minutes
    opened = open_faces(folder, None, print)
    found = [outer(opened, replace(CANDIDATES[SELECTED[ten]], seed=seed), ten) for ten in range(TENS)]
    rates = [each["equal_error_rate"] for each in found]
    return {"equal_error_rate": float(np.mean(rates)), "seed": seed, "choices": found}


def outer(opened: FaceSet, settings: FaceSettings, ten: int) -> dict[str, Any]:
    """Figures on one choice: trained on the other thirty people."""
    start = time.perf_counter()
    run = FACES.train(_held_out(opened, [ten]), settings, progress=False)
    figures = run.evaluation
    baselines = {name: each["equal_error_rate"] for name, each in figures["baselines"].items()}
    return figures["metrics"] | {"baselines": baselines, "seconds": time.perf_counter() - start}


def choose(opened: FaceSet, candidates: Iterable[str]) -> dict[str, list[float]]:
    """Candidate -> for each choice the mean equal error rate of its inner splits.

    Who is trained without two tens is scored on each of them: on one as an inner split of the other.
    """
    found = {}
    for name in candidates:
        rates: dict[int, list[float]] = {ten: [] for ten in range(TENS)}
        for pair in combinations(range(TENS), 2):
            for ten, rate in zip(pair, _inner(opened, CANDIDATES[name], pair), strict=True):
                (other,) = set(pair) - {ten}
                rates[other].append(rate)
        found[name] = [float(np.mean(rates[ten])) for ten in range(TENS)]
        print(name, np.round(100 * np.array(found[name]), 2).tolist(), flush=True)
    return found


def _inner(opened: FaceSet, settings: FaceSettings, pair: tuple[int, int]) -> list[float]:
    """The equal error rate on each of two tens, of a network that was trained on the others."""
    prepared = prepare_faces(_held_out(opened, pair), settings)
    run = train_recipe(prepared.recipe(settings), prepared.training, None, progress=False)
    images = opened.images
    rates = []
    for ten in pair:
        rows = np.flatnonzero(images.class_numbers() // 10 == ten)
        said = embeddings(run, prepared.shape, images, rows)
        rates.append(equal_error_rate(score_pairs(said, images.class_numbers()[rows]))[0])
    return rates


def _held_out(opened: FaceSet, tens: Iterable[int]) -> FaceSet:
    held = np.isin(opened.images.class_numbers() // 10, list(tens))
    return FaceSet(replace(opened.images, parts=np.where(held, "test", "train").astype("U10")))


if __name__ == "__main__":
    choose(open_faces(SET, None, print), CANDIDATES)
