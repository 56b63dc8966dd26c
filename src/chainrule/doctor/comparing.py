"""Two short runs of the same network side by side: on the data as they are, and on data that were mended."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chainrule.data import Arrays
from chainrule.doctor.examined import Examined
from chainrule.doctor.short_run import FEWEST_STEPS, ShortRun, affordable, constant_loss, each_loss

_CHECKPOINTS = (
    10  # so often both runs are measured; the best of each counts, as training keeps the best epoch
)
_HELD_OUT = 0.2
_FEWEST_HELD_OUT, _MOST_HELD_OUT = 10, 1000
_MATTERS = 0.1
"""Of the loss of a constant prediction: what the mended data must be ahead by."""
_DOUBT = 3.0  # standard errors of the mean difference, paired by example: one in 700 by chance
_FARTHEST = 10.0
"""Times the loss of a constant prediction: a single example that is farther off counts as so much, so that
the means have standard errors, also where a run diverges."""
_CATCHES_UP = 4.0
"""What was learned so far counts at most so many times as what the planned steps will bring."""


@dataclass(frozen=True)
class Comparison:
    """What the data as they are, and the mended ones, let the network learn in the same number of steps.

    before, after: the share of a constant prediction's loss that is gone, on examples not trained on; below 0
    where the network is worse than a constant. steps: of both. sure: whether the mended data are ahead beyond
    doubt, by an amount that matters. catches_up: whether the data as they are might come close to the mended
    ones by the steps that are planned.
    """

    before: float
    after: float
    steps: int
    sure: bool
    catches_up: bool

    @property
    def tells_nothing(self) -> bool:
        """Whether the mended data are not ahead by an amount that matters."""
        return self.after - max(self.before, 0.0) <= _MATTERS


def compared(
    examined: Examined, mended: Arrays, undo: Callable[[np.ndarray], np.ndarray] = lambda outputs: outputs
) -> Comparison | None:
    """Train on the examples as they are and on mended ones, from the same weights, in the same order.

    mended: the same examples, row by row. undo: makes of raw outputs for them what they are in the unit of
    the given targets, by which both are measured.
    None where it can't be told: with an objective of one's own, several outputs, few examples or few steps.
    """
    if len(examined.heads) != 1 or examined.data.is_ragged:
        return None
    head, examples = examined.heads[0], examined.examples
    order = np.random.default_rng(0).permutation(len(examples))
    count = min(int(_HELD_OUT * len(examples)), _MOST_HELD_OUT)
    if count < _FEWEST_HELD_OUT:
        return None
    test, train = np.sort(order[:count]), np.sort(order[count:])
    targets = examples.named[head.target][test]
    shape = (count, *examined.forward.outputs[head.output].shape[1:])
    nothing = constant_loss(head.loss, shape, targets)
    runs = [
        ShortRun(examined.programs, arrays.take(train), examined.rows, examined.tree)
        for arrays in (examples, mended)
    ]
    steps = affordable(runs[0].program, examined.steps)
    if steps < FEWEST_STEPS or not nothing:
        return None

    def errors(run: ShortRun, arrays: Arrays, back: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        each = each_loss(head.loss, back(run.outputs(arrays)), targets) / nothing
        return np.where(np.isfinite(each), each, np.inf)

    first, before = _learned(runs[0], steps, lambda run: errors(run, examples.take(test), lambda each: each))
    _, after = _learned(runs[1], steps, lambda run: errors(run, mended.take(test), undo))
    ahead = np.minimum(before, _FARTHEST) - np.minimum(after, _FARTHEST)
    doubt = _DOUBT * float(ahead.std()) / np.sqrt(count)
    sure = float(ahead.mean()) > max(doubt, _MATTERS)
    now, then = float(before.mean()), float(after.mean())
    planned = steps if examined.steps is None else examined.steps
    later = _catches_up(float(first.mean()), now, then, planned / steps)
    return Comparison(1.0 - now, 1.0 - then, steps, bool(sure and 1.0 - then > _MATTERS), later)


def _learned(
    run: ShortRun, steps: int, errors: Callable[[ShortRun], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """The errors of every example at the start, and at the best of some checkpoints."""
    first = best = errors(run)
    for part in np.array_split(np.arange(steps), _CHECKPOINTS):
        run.advance(len(part))
        now = errors(run)
        if now.mean() < best.mean():
            best = now
    return first, best


def _catches_up(first: float, now: float, mended: float, longer: float) -> bool:
    """Whether a run gets close to the mended one if it goes on for so many times as many steps.

    first, now, mended: losses, of which 1 is that of a constant prediction. What is above 1 are outputs that
    are still on their way to where the targets are: how far off they are is the root of it, and falls evenly
    under optimizers such as Adam. What is below is learned more slowly the longer it takes.
    """
    if not np.isfinite(now):
        return False
    if now > 1.0:
        covered = 1.0 - np.sqrt((now - 1.0) / max(first - 1.0, now - 1.0)) if np.isfinite(first) else 0.0
        return bool(covered * longer >= 1.0)
    return bool((1.0 - now) * min(longer, _CATCHES_UP) > 1.0 - mended - _MATTERS)
