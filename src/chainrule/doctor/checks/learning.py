"""Checks that let the network learn for a moment: its learning rate, and whether it can learn a batch by heart."""

from dataclasses import replace

import numpy as np

from chainrule.data import Arrays
from chainrule.doctor.examined import Examined
from chainrule.doctor.rates import is_constant, rate_of
from chainrule.doctor.short_run import FEWEST_STEPS, MOST_STEPS, ShortRun, affordable, constant_loss
from chainrule.nn.optimizers import Transform, adam
from chainrule.nn.optimizers.descent import with_rate
from chainrule.training.findings import Finding
from chainrule.training.programs import Programs
from chainrule.training.range_test import climbed

_RANGE = 1e4  # times the rate, up and down: what the range test climbs through
_ABOVE, _BELOW = 0.5, 30.0
"""What the range test makes suspicious: a rate above half of that at which it ran away, or less than a
thirtieth of the one where it fell most. Good rates are a third to a tenth of the former (Smith 2018)."""
_NOTHING, _SOMETHING = 0.95, 0.8
"""Of the loss of a constant prediction: above the one nothing was learned, below the other something was."""
_HALF = 0.5  # of what the suggested rate learns: what all planned steps must come to
_ROWS = 32
_BY_HEART, _NOT_AT_ALL = 0.5, 0.9
"""Of the loss of a constant prediction on one batch. A linear model alone tells a part of it, since there are
few examples for its weights; so who stays above the second does not learn."""
_USUAL_RATES = (0.001, 0.01)
_LONGER = 10.0  # times as many steps are planned: learning a batch by heart is so much easier than the data
_BLOCK = 100


def learning_rate(examined: Examined) -> list[Finding]:
    """A learning rate outside what a short range test supports, and that was tried.

    Where the test makes it suspicious, the network is trained by its own rate and by the one that the test
    suggests, for as many steps as are cheap. It is too high where the own rate learns nothing and the other
    does. It is too low where what it learns would, by all planned steps, not come to half of what the other
    has learned already; a rate five times below the best learns a fifth in as many steps, and all in five
    times as many.
    """
    recipe, examples = examined.recipe, examined.examples
    steps = MOST_STEPS if examined.steps is None else examined.steps
    rate = rate_of(recipe.optimizer, steps)
    if rate is None or recipe.optimizer.needs_all_examples() or examined.data.is_ragged:
        return []
    with np.errstate(all="ignore"):
        test = climbed(recipe, examples, rate / _RANGE, rate * _RANGE, 100, examined.programs.executor)
    if test.suggestion is None or len(test.rates) < 10:
        return []
    high = test.rates[-1] if len(test.rates) < 100 else np.inf
    if test.suggestion / _BELOW <= rate <= _ABOVE * high:
        return []
    own = ShortRun(examined.programs, examples, examined.rows, examined.tree)
    tried = affordable(own.program, examined.steps)
    constant = _constant_loss(examined, examples)
    if tried < FEWEST_STEPS or constant is None:
        return []
    other = _with_optimizer(examined, with_rate(recipe.optimizer, test.suggestion))
    losses = [run.advance(tried) for run in (own, ShortRun(other, examples, examined.rows, None))]
    own_end, other_end = (_end(each) / constant for each in losses)
    start = float(losses[0][: max(1, tried // 100)].mean()) / constant
    evidence = {
        "rate": rate,
        "suggested": test.suggestion,
        "steps": tried,
        "loss": own_end * constant,
        "loss_suggested": other_end * constant,
    }
    told = (
        f"After {tried:,} steps the loss is {own_end * constant:.3g}, with {test.suggestion:.2g} "
        f"{other_end * constant:.3g}; that of a constant prediction is {constant:.3g}."
    )
    remedy = f"try {test.suggestion:.2g}"
    if rate > test.suggestion:
        if not is_constant(recipe.optimizer) or own_end < _NOTHING or other_end > _SOMETHING:
            return []
        said = f"The learning rate {rate:.3g} is too high. {told}"
        causes = ("learning_rate_too_high", "momentum_too_high")
        return [Finding("learning_rate", "problem", said, remedy, causes=causes, evidence=evidence)]
    learned = (start - own_end) * steps / tried
    if not is_constant(recipe.optimizer) or learned >= _HALF * (start - other_end):
        return []
    said = f"The learning rate {rate:.3g} is too low. {told}"
    causes = ("learning_rate_too_low",)
    return [Finding("learning_rate", "problem", said, remedy, causes=causes, evidence=evidence)]


def memorization(examined: Examined) -> list[Finding]:
    """A network that can't learn one small batch by heart will not learn the data.

    It is trained on the same 32 examples by its own optimizer until the loss has halved, at most for as many
    steps as are cheap. Where it learns nothing at all, Adam tries at two usual rates, and then without the
    penalties: if either learns the batch, optimizer or penalties are to blame, else the network. A problem,
    unless ten times as many steps are planned as were tried.
    """
    batch = _batch(examined)
    constant = _constant_loss(examined, batch)
    if constant is None or examined.recipe.optimizer.needs_all_examples():
        return []
    own = ShortRun(examined.programs, batch, len(batch), examined.tree)
    tried = affordable(own.program, examined.steps)
    if tried < FEWEST_STEPS:
        return []
    left = _left(own, batch, constant, tried)
    if left < _NOT_AT_ALL:
        return []
    grown = not np.isfinite(left) or left > 1.5
    longer = examined.steps is None or examined.steps > _LONGER * tried
    severity = "note" if longer else "problem"
    said = f"The network learns nothing of one batch of {len(batch)} examples in {tried:,} steps"
    evidence = {"left": left, "steps": tried}
    for rate in _USUAL_RATES:
        run = ShortRun(_with_optimizer(examined, adam(rate)), batch, len(batch), None)
        by_adam = _left(run, batch, constant, tried)
        if by_adam < _BY_HEART:
            causes = ("learning_rate_too_high", "momentum_too_high") if grown else ("learning_rate_too_low",)
            said += f", and Adam at {rate:g} halves its loss."
            evidence |= {"adam": rate, "left_by_adam": by_adam}
            return [
                _memory(
                    "its optimizer or learning rate is to blame: try that", said, causes, evidence, severity
                )
            ]
    free = replace(examined.recipe, penalties=(), optimizer=adam(_USUAL_RATES[0]))
    if examined.recipe.penalties:
        run = ShortRun(Programs(free, examined.programs.executor), batch, len(batch), None)
        if _left(run, batch, constant, tried) < _BY_HEART:
            causes = ("too_strong_penalty",)
            said += ", and without the penalties it does."
            return [_memory("make the penalties weaker", said, causes, evidence, severity)]
    causes = ("dead_units", "saturating_activation", "symmetric_weights", "missing_normalization")
    remedy = "look at the network: its initial weights, activations and depth"
    return [_memory(remedy, f"{said}, by no optimizer.", causes, evidence, severity)]


def _memory(
    remedy: str, said: str, causes: tuple[str, ...], evidence: dict[str, float], severity: str
) -> Finding:
    return Finding("memorization", severity, said, remedy, causes=causes, evidence=evidence)


def _left(run: ShortRun, batch: Arrays, constant: float, steps: int) -> float:
    """What is left of the loss of a constant prediction at best, within so many steps of training.

    In training or in prediction, whichever is lower: dropout makes the one higher, running statistics that
    are not there yet the other.
    """
    best, done = np.inf, 0
    while done < steps and best > _BY_HEART:
        count = min(_BLOCK, steps - done)
        losses = run.advance(count)
        done += count
        for loss in (float(losses[-10:].mean()), run.loss(batch)):
            if np.isfinite(loss):
                best = min(best, loss / constant)
    return best


def _batch(examined: Examined) -> Arrays:
    """A few examples, drawn from all of them, none twice."""
    examples = examined.examples
    rows = np.random.default_rng(0).permutation(len(examples))[:_ROWS]
    return examples.take(np.sort(rows)).weighted(None)


def _constant_loss(examined: Examined, arrays: Arrays) -> float | None:
    """The loss of the best constant prediction; None where it is not known, or nothing can be learned."""
    if len(examined.heads) != 1:
        return None
    (head,) = examined.heads
    shape = (len(arrays), *examined.forward.outputs[head.output].shape[1:])
    found = constant_loss(head.loss, shape, arrays.named[head.target])
    return found if found is not None and found > 1e-3 else None


def _with_optimizer(examined: Examined, optimizer: Transform) -> Programs:
    return Programs(replace(examined.recipe, optimizer=optimizer), examined.programs.executor)


def _end(losses: np.ndarray) -> float:
    """The mean of the last tenth; infinite where one is not finite."""
    last = losses[-max(1, len(losses) // 10) :]
    return float(last.mean()) if np.isfinite(last).all() else float("inf")
