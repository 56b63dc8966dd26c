"""What the doctor concludes: findings from suspicions and trials, and causes in their order."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from chainrule.doctor.causes import CAUSES
from chainrule.doctor.journal import Journal
from chainrule.doctor.symptoms import Suspicion
from chainrule.doctor.trials import Proposal, Verdict
from chainrule.doctor.unusual import unusual
from chainrule.training.attending import Patient
from chainrule.training.findings import Finding

_CHECKED = {"problem": 0.95, "note": 0.4}
"""How likely the first cause of a check is, by severity."""
_NAMED = 4  # causes of a finding
_NEXT = 0.5
"""By so much less a cause is thought of for its second repair, and so on."""


def suspected(journal: Journal) -> list[Suspicion]:
    """What was seen before training, until a repair was done."""
    return [
        Suspicion(
            each.symptom,
            each.said,
            {cause: _CHECKED[each.severity] / (1 + place) for place, cause in enumerate(each.causes)},
            each.layer,
            each.evidence,
        )
        for each in journal.suspected
    ]


def unusual_settings(patient: Patient) -> list[Suspicion]:
    """What the settings alone make one suspect."""
    causes = unusual(patient)
    if not causes:
        return []
    said = " ".join(CAUSES[cause].meaning for cause in causes)
    return [Suspicion("unusual_settings", f"The settings are unusual. {said}", causes)]


def finding_of(suspicion: Suspicion, severity: str, step: int) -> Finding:
    """The finding of what was seen, with the meaning of its likeliest cause as the remedy."""
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
    causes = _ranked_causes(proposals, verdict, likely_causes(suspicions))
    suspicion = max(suspicions, key=lambda each: each.causes.get(causes[0], 0.0))
    tried_in_all = f"{len(proposals)} repairs; best is" if len(proposals) > 1 else "one repair:"
    when = f"After {trial.steps} steps its" if trial.steps else "Its"
    return replace(
        finding_of(suspicion, "problem", step),
        said=f"{suspicion.said} Tried {tried_in_all} '{trial.repair}'. {when} held-out error is "
        f"{trial.after:.3g}, that of the unchanged training {trial.before:.3g} (standard error of the "
        f"difference: {trial.error:.2g}).",
        remedy=CAUSES[causes[0]].meaning,
        causes=causes,
        trials=tuple(verdict.trials[place] for place in _best_first(verdict)),
        action=f"applied: {trial.repair}" if applied else "",
    )


def unproven_of(suspicions: Sequence[Suspicion], step: int, proposal: Proposal | None = None) -> Finding:
    """The finding where nothing was learned in much of the training, and no trial proved a repair.

    proposal: what is done all the same, as there is nothing to lose; None where nothing is.
    """
    likely = likely_causes(suspicions)
    causes = sorted(likely, key=likely.__getitem__, reverse=True)
    suspicion = max(suspicions, key=lambda each: each.causes.get(causes[0], 0.0))
    return replace(
        finding_of(suspicion, "problem", step),
        said=f"{suspicion.said} After {step:,} steps the network has learned nothing, and no repair helped "
        "within the few steps that it was tried for.",
        remedy=CAUSES[causes[0]].meaning,
        causes=tuple(causes[:_NAMED]),
        action=f"applied, as there is nothing to lose: {proposal.said}" if proposal else "",
    )


def _best_first(verdict: Verdict) -> list[int]:
    """The numbers of the trials: the best, then the others that helped, then those that did not."""
    places = sorted(
        range(len(verdict.trials)),
        key=lambda place: (not verdict.trials[place].helped, verdict.ends[place]),
    )
    return sorted(places, key=lambda place: place != verdict.best)


def likely_causes(suspicions: Sequence[Suspicion]) -> dict[str, float]:
    """Cause -> how likely it is in the light of all suspicions, each by itself."""
    likely: dict[str, float] = {}
    for suspicion in suspicions:
        for cause, share in suspicion.causes.items():
            likely[cause] = 1 - (1 - likely.get(cause, 0.0)) * (1 - share)
    return likely


def _ranked_causes(
    proposals: Sequence[Proposal], verdict: Verdict, likely: Mapping[str, float]
) -> tuple[str, ...]:
    """The causes that repairs which helped are for, the likeliest first.

    A cause is as likely as suspicions make it, times what its repair gains of the best repair's gain; less
    where it is not the first repair for it. So what many repairs mend, such as weights that all of them draw
    anew, is laid to the cause that was suspected most.
    """
    assert verdict.best is not None
    most = verdict.unchanged - verdict.ends[verdict.best]
    weighed: dict[str, float] = {}
    for proposal, trial, end in zip(proposals, verdict.trials, verdict.ends, strict=True):
        if not trial.helped:
            continue
        gained = min(1.0, max(0.0, (verdict.unchanged - end) / most)) if most > 0 else 1.0
        for name, cause in CAUSES.items():
            if proposal.repair in cause.repairs and name in likely:
                weight = gained * likely[name] / (1 + _NEXT * cause.repairs.index(proposal.repair))
                weighed[name] = max(weight, weighed.get(name, 0.0))
    return tuple(sorted(weighed, key=weighed.__getitem__, reverse=True)[:_NAMED])
