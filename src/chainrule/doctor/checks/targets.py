"""Checks of the targets: the scale of numbers, and how frequent classes are."""

from dataclasses import replace

import numpy as np

from chainrule.doctor.comparing import compared
from chainrule.doctor.examined import Examined
from chainrule.doctor.labels import class_shares
from chainrule.nn.losses.loss import VALUES
from chainrule.program.ranges import range_of
from chainrule.training.findings import Finding
from chainrule.training.heads import Head

_LARGE, _SMALL, _OFF = 10.0, 0.1, 10.0
"""Beyond these it is tried whether scaling helps: a new network gives outputs of size 1 around 0, which
optimizers move by about the learning rate a step."""
_IMBALANCED = 10.0
_HARDLY = 0.02
"""Of the examples: so few belong to all classes but one, that saying always that one is right for 98 %."""


def target_scale(examined: Examined) -> list[Finding]:
    """Targets that are large, tiny, or far from 0 for their spread.

    The network is trained on the targets as they are and on standardized ones for as many steps as are cheap;
    it is a problem where those are clearly better on examples that were not trained on, and too far ahead to
    be caught up with in the steps that are planned: once the outputs are where the targets are, the rest is
    learned as well. Where that can't be tried, it is a note.
    """
    return [found for head in examined.heads for found in _target_scale(examined, head)]


def _target_scale(examined: Examined, head: Head) -> list[Finding]:
    y, whose = examined.targets(head), examined.whose(head)
    outputs = range_of(examined.forward, examined.forward.outputs[head.output])
    bounded = np.isfinite(outputs.low) or np.isfinite(outputs.high)  # of which another check tells
    if head.loss.of_one().takes != VALUES or y.dtype.kind not in "fiu" or bounded:
        return []
    t = y.astype(np.float64)
    mean, deviation = t.mean(0), t.std(0)
    size, spread = float(np.sqrt((t * t).mean(0)).max()), float(deviation.max())
    off = float(np.abs(mean).max())
    if spread == 0 or (spread >= _SMALL and size <= _LARGE and off <= _OFF * spread):
        return []
    scale = np.where(deviation > 0, deviation, 1.0)
    scaled = ((t - mean) / scale).astype(examined.recipe.dtype)

    def undone(outputs: np.ndarray) -> np.ndarray:
        flat = outputs.reshape(len(outputs), -1) * scale.reshape(-1) + mean.reshape(-1)
        return flat.reshape(outputs.shape)

    mended = replace(examined.examples, named={**examined.examples.named, head.target: scaled})
    result = compared(examined, mended, undone)
    said = f"{whose[0].upper()}{whose[1:]} have mean {t.mean():.3g} and standard deviation {t.std():.3g}."
    evidence = {"mean": float(t.mean()), "deviation": float(t.std())}
    if result is not None:
        if result.tells_nothing:
            return []
        evidence |= {"learned": result.before, "learned_mended": result.after, "steps": result.steps}
        said += (
            f" Tried for {result.steps:,} steps, the network lowers the held-out loss by "
            f"{max(result.before, 0):.0%} of that of a constant prediction, and by {result.after:.0%} with "
            "standardized targets."
        )
    return [
        Finding(
            "target_scale",
            "problem" if result is not None and result.sure and not result.catches_up else "note",
            said,
            "standardize them, and undo it in what is predicted",
            causes=("unscaled_targets", "learning_rate_too_low"),
            evidence=evidence,
        )
    ]


def class_balance(examined: Examined) -> list[Finding]:
    """Classes that are rare, by the weights of the examples.

    A note where one class has ten times the examples of another. A problem where all classes but one have
    less than 2 % together: to always say that one is then right for more than 98 %.
    """
    found = []
    for head in examined.heads:
        shares = class_shares(examined, head)
        if shares is None or len(shares) < 2:
            continue
        shares = shares[shares > 0]
        low, high = float(shares.min()), float(shares.max())
        if len(shares) < 2 or high < _IMBALANCED * low:
            continue
        found.append(
            Finding(
                "class_balance",
                "problem" if 1.0 - high < _HARDLY else "note",
                f"The rarest class of {examined.whose(head)} has {low:.2%} of the examples, the most "
                f"frequent one {high:.1%}.",
                "let the examples of rare classes count more, by sample weights",
                causes=("class_imbalance",),
                evidence={"rarest": low, "most_frequent": high, "classes": len(shares)},
            )
        )
    return found
