"""Whether more examples would help: a training on half of them, beside the one on all.

A learning curve with two points (Cortes et al. 1994): where the held-out error falls from half of the
examples to all of them, it will go on falling with more.
"""

from dataclasses import replace

import numpy as np

from chainrule.doctor.trials import DOUBT, Fork
from chainrule.doctor.yardstick import measuring_examples, scores
from chainrule.training.attending import Patient
from chainrule.training.findings import Finding, Trial
from chainrule.training.fitting import starting_tree_of
from chainrule.training.state import RunState
from chainrule.training.supply import supply_of

_FEWEST = 64  # examples
_CHECKPOINTS = 8
_FALLS = 0.05  # of the yardstick with half of the examples


def learning_curve(
    patient: Patient, state: RunState, lowest: dict[str, np.ndarray], steps: int
) -> Finding | None:
    """A note where half of the examples teach clearly less than all of them do.

    lowest: parameters and state of the best epoch. steps: that half of the examples are trained on for, from
    the start; the best of some places within them counts.
    None where they teach as much, and where they can't be told from all.
    """
    arrays = patient.data.in_memory
    if arrays is None or patient.held_out is None or len(arrays) < _FEWEST:
        return None
    order = np.random.Generator(np.random.Philox(key=patient.recipe.seed)).permutation(len(arrays))
    half = arrays.take(np.sort(order[: len(arrays) // 2]))
    fewer = replace(patient, data=supply_of(patient.programs, half))
    examples = measuring_examples(patient)
    fork = Fork(fewer, RunState(starting_tree_of(patient.recipe, fewer.data, patient.programs)))
    best = fork.measure(examples)
    for part in np.array_split(np.arange(steps), _CHECKPOINTS):
        fork.train(len(part) * fewer.data.rows(patient.recipe.batch_size))
        now = fork.measure(examples)
        best = now if now.mean() < best.mean() else best
    full = scores(patient, lowest, examples)
    fall = best - full
    error = float(fall.std(ddof=1) / np.sqrt(len(fall)))
    if fall.mean() <= max(DOUBT * error, _FALLS * best.mean()):
        return None
    with_half, with_all = float(best.mean()), float(full.mean())
    return Finding(
        "learning_curve",
        "note",
        f"The held-out error is {with_half:.3g} at best after training on half of the examples, and "
        f"{with_all:.3g} after training on all {len(arrays):,} (standard error of the difference: "
        f"{error:.2g}).",
        "more examples would help further, or augmentation",
        step=state.step,
        causes=("too_little_data",),
        evidence={"examples": [len(half), len(arrays)], "yardstick": [with_half, with_all]},
        trials=(
            Trial(
                "all examples in place of half", "too_little_data", steps, with_half, with_all, error, True
            ),
        ),
    )
