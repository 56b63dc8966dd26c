"""Which repairs are tried: changes for the likeliest causes, ready to be trained by."""

from collections.abc import Collection, Mapping

from chainrule.doctor.causes import CAUSES
from chainrule.doctor.repairs import REPAIRS, Change, proposal_of
from chainrule.doctor.trials import Proposal
from chainrule.errors import ChainruleError
from chainrule.training.attending import Patient
from chainrule.training.state import RunState

_NEXT = 0.5
"""By so much less likely to help is the next change for the same cause."""


_FAR_LESS = 0.4
"""Of the weight of the likeliest change: what has less is not tried beside it, so that it is tried longer."""


def proposals(
    patient: Patient,
    state: RunState,
    likely: Mapping[str, float],
    *,
    better: Mapping[str, float],
    refused: Collection[str],
    anew_first: bool,
    wanted: int,
) -> list[Proposal]:
    """At most as many as are wanted: what was better at the last visit, then for the likeliest causes.

    likely: cause -> how likely it is. better: change, as a person reads it -> by how much it was better.
    refused: changes that are not tried. anew_first: whether those that start afresh come before the others.
    """
    changes: dict[str, tuple[float, str, str, Change]] = {}
    known: dict[str, list[Change]] = {}
    for cause, share in likely.items():
        for name in CAUSES[cause].repairs:
            if name not in known:
                known[name] = _changes(name, patient, state)
        every = [(name, change) for name in CAUSES[cause].repairs for change in known[name]]
        offered = [each for each in every if each[1].said not in refused]
        for place, (name, change) in enumerate(sorted(offered, key=lambda each: each[1].anew != anew_first)):
            weight = better.get(change.said, 0.0) + share / (1 + _NEXT * place)
            if weight > changes.get(change.said, (0.0,))[0]:
                changes[change.said] = (weight, name, cause, change)
    found: list[Proposal] = []
    most = max((weight for weight, *_ in changes.values()), default=0.0)
    for weight, name, cause, change in sorted(changes.values(), key=lambda each: -each[0]):
        if len(found) < wanted and weight >= _FAR_LESS * most:
            try:
                found.append(proposal_of(name, cause, change, patient, state))
            except ChainruleError:
                continue  # a network that does not fit the data once it is changed
    return found


def _changes(repair: str, patient: Patient, state: RunState) -> list[Change]:
    try:
        return [*REPAIRS[repair](patient, state)]
    except ChainruleError:
        return []  # what is measured for the change can't be, such as statistics of a single example
