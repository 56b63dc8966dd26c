"""Checks that let the network learn for a moment: by its learning rate, and one batch by heart."""

from dataclasses import replace

import numpy as np

from chainrule.data import Arrays
from chainrule.doctor.checks.inputs import mended_inputs, standardized
from chainrule.doctor.examined import Examined
from chainrule.doctor.rates import constant_rate
from chainrule.doctor.short_run import FEWEST_STEPS, MOST_STEPS, ShortRun, affordable, constant_loss
from chainrule.nn.losses.loss import VALUES
from chainrule.nn.optimizers import Transform, adam
from chainrule.nn.optimizers.descent import with_rate
from chainrule.training.findings import Finding
from chainrule.training.programs import Programs
from chainrule.training.range_test import climbed

_RANGE = (1e-6, 10.0)  # that the range test climbs through, and a tenth and ten times of the rate
_ABOVE, _BELOW = 0.5, 30.0
"""What the range test makes suspicious: a rate above half of that at which it ran away, or less than a
thirtieth of the one where it fell most. Good rates are a third to a tenth of the former (Smith 2018)."""
_BEHIND = 0.3
"""Of the loss of a constant prediction: what a rate must be behind the suggested one to be too high. Of steps
that are too long the loss keeps such a distance, however long they go on."""
_HALF = 0.5  # of what the suggested rate learns: what all planned steps must come to
_ROWS = 32
_BY_HEART, _NOT_AT_ALL = 0.5, 0.9
"""Of the loss of a constant prediction on one batch. A linear model alone tells a part of it, since there are
few examples for its weights; so who stays above the second does not learn."""
_USUAL_RATES = (0.001, 0.01)
_LONGER = 4.0
"""More than so many times the steps that were tried are planned: it is not sure then that little will be
learned, since recurrent networks, for one, may be on a plateau for long and leave it fast."""
_FASTER, _HOPELESS = 3.0, 0.1
"""Unless what all planned steps would learn, at three times the pace of those that were tried, is less than a
tenth of the loss of a constant prediction."""
_BLOCK = 100


def learning_rate(examined: Examined) -> list[Finding]:
    """A constant learning rate outside what a short range test supports, and that was tried.

    Where the test makes it suspicious, the network is trained by its own rate and by the one that the test
    suggests, for as many steps as are cheap. It is too high where the own rate stays clearly behind. It is
    too low where what it learns would, by all planned steps, not come to half of what the other
    has learned already; a rate five times below the best learns a fifth in as many steps, and all in five
    times as many. Where many more steps are planned than were tried, and something was learned, that is a
    note.
    """
    optimizer, examples = examined.recipe.optimizer, examined.examples
    rate = constant_rate(optimizer)
    if rate is None or optimizer.needs_all_examples() or examined.data.is_ragged:
        return []
    own = ShortRun(examined.programs, examples, examined.rows, examined.tree)
    steps = affordable(own.program, examined.steps)
    constant = _constant_loss(examined, examples)
    if steps < FEWEST_STEPS or constant is None:
        return []
    low, high = min(_RANGE[0], 0.1 * rate), max(_RANGE[1], 10 * rate)
    with np.errstate(all="ignore"):
        test = climbed(examined.recipe, examples, low, high, 100, examined.programs.executor)
    suggested = test.suggestion
    if suggested is None or len(test.rates) < 10:
        return []
    ran_away = test.rates[-1] if len(test.rates) < 100 else np.inf
    if suggested / _BELOW <= rate <= _ABOVE * ran_away:
        return []
    other = _with_optimizer(examined, with_rate(optimizer, suggested))
    losses = own.advance(steps) / constant
    losses_other = ShortRun(other, examples, examined.rows, examined.tree).advance(steps) / constant
    found = _judged_rate(examined, rate - suggested, losses, losses_other)
    if found is None:
        return []
    severity, word, causes = found
    ends = [_end(each) * constant for each in (losses, losses_other)]
    return [
        Finding(
            "learning_rate",
            severity,
            f"The learning rate {rate:.3g} is too {word}. After {steps:,} steps the loss is {ends[0]:.3g}, "
            f"at {suggested:.2g} it is {ends[1]:.3g}; that of a constant prediction is {constant:.3g}.",
            f"try {suggested:.2g}",
            causes=causes,
            evidence={
                "rate": rate,
                "suggested": suggested,
                "steps": steps,
                "loss": ends[0],
                "loss_suggested": ends[1],
            },
        )
    ]


def _judged_rate(
    examined: Examined, above: float, losses: np.ndarray, others: np.ndarray
) -> tuple[str, str, tuple[str, ...]] | None:
    """Severity, 'high' or 'low', and causes; None where the rate does no harm.

    above: how far it is above the suggested one. losses, others: of the two, in units of the loss of a
    constant prediction.
    """
    own_end, other_end, steps = _end(losses), _end(others), len(losses)
    if above > 0:
        causes = ("learning_rate_too_high", "momentum_too_high")
        return ("problem", "high", causes) if own_end - other_end >= _BEHIND else None
    start = float(losses[: max(1, steps // 100)].mean())
    longer = (examined.steps or MOST_STEPS) / steps
    if (start - own_end) * longer >= _HALF * (start - other_end):
        return None
    severity = "problem" if _is_sure(start - own_end, steps, examined.steps) else "note"
    few = examined.data.examples is not None and 4 * examined.rows >= examined.data.examples
    causes = ("learning_rate_too_low", *(("batch_size_too_large",) if few else ()), "too_few_epochs")
    return severity, "low", causes


def memorization(examined: Examined) -> list[Finding]:
    """A network that can't learn one small batch by heart will not learn the data.

    It is trained on the same 32 examples by its own optimizer until the loss has halved, at most for as many
    steps as are cheap. Where it learns nothing at all, it is tried what does: standardized inputs or targets,
    Adam at two usual rates, no penalties. That is named; where nothing does, the network is to blame. A
    problem, unless many more steps are planned than were tried and the loss has begun to fall.
    """
    batch = _batch(examined)
    constant = _constant_loss(examined, batch)
    if constant is None or examined.recipe.optimizer.needs_all_examples():
        return []
    own = ShortRun(examined.programs, batch, len(batch), examined.tree)
    steps = affordable(own.program, examined.steps)
    if steps < FEWEST_STEPS:
        return []
    start = own.loss(batch) / constant
    left = _left(own, batch, constant, steps)
    if left < max(_NOT_AT_ALL, _BY_HEART * start):  # a start with large weights is a long way off
        return []
    causes, told, remedy = _what_learns(examined, batch, steps, rises=not left <= start)
    return [
        Finding(
            "memorization",
            "problem" if _is_sure(start - left, steps, examined.steps) else "note",
            f"The network learns nothing of one batch of {len(batch)} examples in {steps:,} steps; {told}.",
            remedy,
            causes=causes,
            evidence={"left": left, "steps": steps},
        )
    ]


def _is_sure(learned: float, tried: int, planned: int | None) -> bool:
    """Whether the planned steps will not do what those that were tried have not."""
    if planned is None:
        return False
    return planned <= _LONGER * tried or _FASTER * learned * planned / tried < _HOPELESS


def _what_learns(
    examined: Examined, batch: Arrays, steps: int, *, rises: bool
) -> tuple[tuple[str, ...], str, str]:
    """The causes that are left when others are tried, what has learned the batch, as a clause, and a remedy.

    rises: whether the loss was not even below that of the start.
    """

    def learns(programs: Programs, arrays: Arrays | None) -> bool:
        constant = None if arrays is None else _constant_loss(examined, arrays)
        if arrays is None or constant is None:
            return False
        run = ShortRun(programs, arrays, len(arrays), examined.tree)
        return _left(run, arrays, constant, steps) < _BY_HEART

    if learns(examined.programs, mended_inputs(examined, batch, standardized)):
        return ("unscaled_inputs",), "with standardized inputs it does", "standardize the inputs"
    if learns(examined.programs, _scaled_targets(examined, batch)):
        return ("unscaled_targets",), "with standardized targets it does", "standardize the targets"
    for rate in _USUAL_RATES:
        if learns(_with_optimizer(examined, adam(rate)), batch):
            high = ("learning_rate_too_high", "momentum_too_high")
            causes = high if rises else ("learning_rate_too_low",)
            return causes, f"by Adam at {rate:g} it does", "use that, or another learning rate"
    if examined.recipe.penalties:
        free = replace(examined.recipe, penalties=(), optimizer=adam(_USUAL_RATES[0]))
        if learns(Programs(free, examined.programs.executor), batch):
            return ("too_strong_penalty",), "without the penalties it does", "make the penalties weaker"
    causes = ("dead_units", "saturating_activation", "symmetric_weights", "missing_normalization")
    return causes, "no optimizer does", "look at its initial weights, activations and depth"


def _scaled_targets(examined: Examined, batch: Arrays) -> Arrays | None:
    (head,) = examined.heads
    y = batch.named[head.target]
    if head.loss.of_one().takes != VALUES or y.dtype.kind != "f":
        return None
    columns = standardized(y.reshape(len(y), -1).astype(np.float64))
    return replace(batch, named={**batch.named, head.target: columns.astype(y.dtype).reshape(y.shape)})


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
    return constant_loss(head.loss, shape, arrays.named[head.target])


def _with_optimizer(examined: Examined, optimizer: Transform) -> Programs:
    return Programs(replace(examined.recipe, optimizer=optimizer), examined.programs.executor)


def _end(losses: np.ndarray) -> float:
    """The mean of the last tenth; infinite where one is not finite."""
    last = losses[-max(1, len(losses) // 10) :]
    return float(last.mean()) if np.isfinite(last).all() else float("inf")
