"""What the doctor concludes: findings from suspicions and trials, and causes in their order."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chainrule.doctor.causes import CAUSES
from chainrule.doctor.journal import Journal
from chainrule.doctor.symptoms import Suspicion
from chainrule.doctor.trials import Proposal, Verdict
from chainrule.training.findings import Finding

_CHECKED = 0.95
"""How likely the first cause of a check is."""


def suspected(journal: Journal) -> list[Suspicion]:
    """What was seen before training, until a repair was done."""
    return [
        Suspicion(
            each.symptom,
            each.said,
            {cause: _CHECKED / (1 + place) for place, cause in enumerate(each.causes)},
            each.layer,
            each.evidence,
        )
        for each in journal.suspected
    ]


def finding_of(suspicion: Suspicion, severity: str, step: int) -> Finding:
    causes = sorted(suspicion.causes, key=suspicion.causes.__getitem__, reverse=True)
    return Finding(
        suspicion.symptom,
        severity,
        suspicion.said,
        CAUSES[causes[0]].meaning if causes else "",
        suspicion.layer,
        step,
        tuple(causes),
        dict(suspicion.evidence),
    )


def problem_of(
    suspicions: Sequence[Suspicion],
    proposals: Sequence[Proposal],
    verdict: Verdict,
    step: int,
    *,
    applied: bool,
) -> Finding:
    """The finding that the best repair proves."""
    assert verdict.best is not None
    trial = verdict.trials[verdict.best]
    helped = [place for place, each in enumerate(verdict.trials) if each.helped]
    order = [verdict.best, *sorted({*helped} - {verdict.best}, key=verdict.ends.__getitem__)]
    causes = _ranked_causes([proposals[place].repair for place in order], likely_causes(suspicions))
    suspicion = max(suspicions, key=lambda each: each.causes.get(causes[0], 0.0))
    if trial.steps:
        number = f"{len(proposals)} repairs" if len(proposals) > 1 else "one repair"
        said = (
            f"Tried {number} beside the unchanged training: {trial.repair} has a held-out error of "
            f"{trial.after:.3g} after {trial.steps} steps, and {trial.before:.3g} without"
        )
    else:
        said = f"With {trial.repair} the held-out error is {trial.after:.3g}, and {trial.before:.3g} without"
    return replace(
        finding_of(suspicion, "problem", step),
        said=f"{suspicion.said} {said} (± {trial.error:.2g}).",
        remedy=CAUSES[causes[0]].meaning,
        causes=causes,
        trials=tuple(verdict.trials[place] for place in dict.fromkeys((*order, *range(len(proposals))))),
        action=f"applied: {trial.repair}" if applied else "",
    )


def likely_causes(suspicions: Sequence[Suspicion]) -> dict[str, float]:
    """Cause -> how likely it is in the light of all suspicions, each by itself."""
    likely: dict[str, float] = {}
    for suspicion in suspicions:
        for cause, share in suspicion.causes.items():
            likely[cause] = 1 - (1 - likely.get(cause, 0.0)) * (1 - share)
    return likely


def _ranked_causes(repairs: Sequence[str], likely: Mapping[str, float]) -> tuple[str, ...]:
    """The causes that repairs are for, those of the best repair first.

    Of several causes with the same repair that one comes first which is likely and whose first repair it is.
    """
    found: dict[str, None] = {}
    for repair in dict.fromkeys(repairs):
        weighed = {
            name: likely[name] / (1 + cause.repairs.index(repair))
            for name, cause in CAUSES.items()
            if repair in cause.repairs and name in likely
        }
        found |= dict.fromkeys(sorted(weighed, key=weighed.__getitem__, reverse=True)[:2])
    return tuple(found)
