"""The noise of gradients: how much a batch's gradient is its own, and how much is that of all examples.

McCandlish et al. 2018 (An Empirical Model of Large-Batch Training), section 2.2 and appendix A.1: the simple
noise scale, from gradients of batches of two sizes, here of a batch's two halves and of both together.
"""

from collections.abc import Iterator
from contextlib import closing
from itertools import islice

import numpy as np

from chainrule.data import Arrays
from chainrule.doctor.symptoms.course import Course
from chainrule.doctor.symptoms.suspicion import Suspicion
from chainrule.executors import Compiled
from chainrule.program import ending_in

_BATCHES = 4
_FEWEST_ROWS = 64  # of a batch that can be too large
_NEEDLESS = 0.1
"""Times its rows: where the noise scale is below, a batch of a tenth gives nearly the same gradient."""
_LEARNED = 0.3  # of the yardstick of a constant answer


def gradient_noise(course: Course) -> Iterator[Suspicion]:
    """Batches so large that smaller ones give nearly the same gradient, while much is left to learn."""
    rows = course.patient.data.rows(course.patient.recipe.batch_size)
    if rows < _FEWEST_ROWS or course.scores[-1][1] < _LEARNED * course.constant:
        return
    scale = noise_scale(course)
    if scale is not None and scale < _NEEDLESS * rows:
        yield Suspicion(
            "gradient_noise",
            f"The gradients of a batch's two halves are so alike that batches of {max(1, round(scale)):,} "
            f"examples, in place of {rows:,}, would do for this step.",
            {"batch_size_too_large": 0.6},
            evidence={"noise_scale": scale, "rows": rows},
        )


def noise_scale(course: Course) -> float | None:
    """tr Σ / |G|² in examples, with Σ the covariance of the gradient of one example and G that of all.

    At this batch size noise and gradient are alike. None where half batches can't be had or tell nothing,
    such as where the gradient is lost in its noise, or is that of rows looked up, which differ each time.
    """
    patient = course.patient
    half = patient.data.rows(patient.recipe.batch_size) // 2
    recipe = patient.recipe
    noise, signal = 0.0, 0.0
    seed = recipe.seed if recipe.shuffle else None
    with closing(patient.data.feed(2 * half, seed, course.state.epoch + 1)) as parts:
        batches = ((part.arrays, order) for part in parts if part.full for order in part.order)
        for arrays, order in islice(batches, _BATCHES):
            one, other = (
                _gradient(course, Arrays({name: array[rows] for name, array in arrays.items()}))
                for rows in np.split(order, 2)
            )
            if one is None or other is None:
                return None
            noise += half * float(((one - other) ** 2).sum()) / 2
            signal += float(one @ other)
    return noise / signal if signal > 0 and np.isfinite([noise, signal]).all() else None


def _gradient(course: Course, batch: Arrays) -> np.ndarray | None:
    """That of all parameters, in one row: (numbers,) float64; None where one of them has none as a whole."""
    programs = course.patient.programs
    program = programs.step(batch, len(batch)).program
    if not all(value in program.deltas for value in program.parameters):
        return None

    def compiled() -> Compiled:
        deltas = {value.name: program.deltas[value] for value in program.parameters}
        return programs.compile(ending_in(program, deltas))

    key = ("gradient", len(batch), *((name, array.shape[1:]) for name, array in batch.named.items()))
    with np.errstate(all="ignore"):
        found = programs.kept(key, compiled).run(dict(course.state.tree), batch.named)
    return np.concatenate([found[name].ravel() for name in sorted(found)]).astype(np.float64)
