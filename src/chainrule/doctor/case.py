"""A diagnosis as text for a person, as `chainrule doctor RUN` prints it."""

from collections.abc import Iterator, Sequence

from chainrule.doctor.trials import DOUBT
from chainrule.training.findings import Finding, Trial, as_sentence

_SHOWN = 5
_LITTLE = 0.01  # of the error


def told(diagnosis: Sequence[Finding]) -> str:
    """The findings, problems first, with the repairs that were tried."""
    if not diagnosis:
        return "Nothing was found wrong with this training."
    order = sorted(diagnosis, key=lambda each: each.severity != "problem")
    return "\n\n".join("\n".join(_lines(each)) for each in order)


def _lines(finding: Finding) -> Iterator[str]:
    when = "before training" if finding.step is None else f"after {finding.step:,} steps"
    yield f"{finding.severity} ({finding.symptom.replace('_', ' ')}, {when})"
    yield f"  {finding.said}"
    if finding.remedy:
        yield f"  {as_sentence(finding.remedy)}"
    best = sorted(finding.trials, key=lambda each: (not each.helped, each.after - each.before))
    for trial in best[:_SHOWN]:
        yield f"    {_trial(trial)}"
    if len(best) > _SHOWN:
        yield f"    and {len(best) - _SHOWN} more"
    if finding.action:
        yield f"  {as_sentence(finding.action)}"


def _trial(trial: Trial) -> str:
    little = trial.before - trial.after > max(DOUBT * trial.error, _LITTLE * trial.before)
    mark = "helps" if trial.helped else "a little" if little else "no help"
    change = f"{trial.before:.3g} → {trial.after:.3g} (± {trial.error:.2g}, {trial.steps} steps)"
    return f"{mark:8} {change}: {trial.repair}"
