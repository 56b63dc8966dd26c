"""The journal that the doctor keeps in the state of a training: all that it must remember, as plain data.

Entries are mappings with a 'kind': 'visit' (the yardstick at a place of the training), 'trials' (repairs that
were tried there), 'finding' (see `Finding`), 'suspected' (one that is to be tried), 'repair' (one that was
done) and 'undone' (one that was taken back).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chainrule.doctor.trials import DOUBT, Verdict
from chainrule.training.findings import FINDING, Finding, Trial


@dataclass(frozen=True, eq=False)
class Journal:
    """Reads and writes the entries of a state, which are the list itself."""

    entries: list[dict[str, Any]]

    def visited(self, step: int, score: float) -> None:
        """Write down the yardstick after so many steps of the training."""
        self.entries.append({"kind": "visit", "step": step, "score": score})

    def tried(self, step: int, verdict: Verdict) -> None:
        """Write down what repairs did."""
        gains = {each.repair: each.before - each.after for each in verdict.trials}
        sure = {each.repair: gains[each.repair] > DOUBT * each.error for each in verdict.trials}
        better = {repair: gain for repair, gain in gains.items() if sure[repair]}
        self.entries.append({"kind": "trials", "step": step, "steps": verdict.steps, "better": better})

    def found(self, finding: Finding) -> None:
        """Write down a finding."""
        self.entries.append({"kind": FINDING, **finding.to_plain()})

    def suspects(self, finding: Finding) -> None:
        """Write down what is to be tried at the visits that come."""
        self.entries.append({"kind": "suspected", "finding": finding.to_plain()})

    def repaired(
        self, step: int, epoch: int, trial: Trial, recipe: Mapping[str, Any], *, goes_on: bool = False
    ) -> None:
        """Write down that a repair was done. trial: of it. recipe: the one before, as plain data.

        goes_on: whether training goes on with the same weights by the same steps, such as for more epochs.
        """
        self.entries.append(
            {
                "kind": "repair",
                "step": step,
                "epoch": epoch,
                "repair": trial.repair,
                "goes_on": goes_on,
                "before": trial.before,
                "steps": trial.steps,
                "recipe": dict(recipe),
            }
        )

    def undone(self, step: int, at: int) -> None:
        """Write down that the last repair was taken back, and training stands at this step again.

        at: the step at which that was seen.
        """
        for each in reversed(self.entries):
            if each["kind"] == FINDING and each["action"]:
                each["action"] += f"; taken back after step {at:,}, as training was worse with it"
                break
        self.entries.append({"kind": "undone", "step": step})

    @property
    def scores(self) -> list[tuple[int, float]]:
        """(steps, yardstick) at the visits since the last repair or its undoing; steps count from there.

        Repairs with which training goes on as before do not count.
        """
        begun, found = 0, []
        for each in self.entries:
            if each["kind"] == "repair" and not each["goes_on"]:
                begun, found = each["step"], []
            elif each["kind"] == "undone":
                begun, found = 0, []
            elif each["kind"] == "visit":
                found.append((each["step"] - begun, float(each["score"])))
        return found

    @property
    def visits(self) -> list[int]:
        """The steps at which it was looked, in order."""
        return [each["step"] for each in self.entries if each["kind"] == "visit"]

    @property
    def score_since_repair(self) -> float | None:
        """The yardstick at the last visit, if there was one since the last repair."""
        for each in reversed(self.entries):
            if each["kind"] == "repair":
                return None
            if each["kind"] == "visit":
                return float(each["score"])
        return None

    @property
    def suspected(self) -> list[Finding]:
        """Findings that are to be tried; none once a repair was done."""
        if self.last_repair is not None:
            return []
        listed = [each["finding"] for each in self.entries if each["kind"] == "suspected"]
        return [Finding.from_plain(each) for each in listed]

    @property
    def trials(self) -> list[dict[str, Any]]:
        """The entries on trials."""
        return [each for each in self.entries if each["kind"] == "trials"]

    @property
    def spent(self) -> int:
        """Steps of all trials."""
        return sum(each["steps"] for each in self.trials)

    @property
    def last_repair(self) -> dict[str, Any] | None:
        """The entry on the last repair that was not undone; None where there is none."""
        for each in reversed(self.entries):
            if each["kind"] == "undone":
                return None
            if each["kind"] == "repair":
                return each
        return None

    @property
    def undone_repairs(self) -> set[str]:
        """Repairs that were taken back, as a person reads them: they are not tried again."""
        last, found = "", set()
        for each in self.entries:
            if each["kind"] == "repair":
                last = each["repair"]
            elif each["kind"] == "undone":
                found.add(last)
        return found

    @property
    def repairs(self) -> int:
        """How many were done that changed the course of training, those that were undone included."""
        return sum(each["kind"] == "repair" and not each["goes_on"] for each in self.entries)

    def first_epochs(self, now: int) -> int:
        """How many epochs training was begun with. now: how many there are."""
        first = next((each for each in self.entries if each["kind"] == "repair"), None)
        return now if first is None else int(first["recipe"]["epochs"])

    @property
    def goes_on(self) -> bool:
        """Whether training goes on beyond its planned end, or from its best epoch, by the last repair."""
        return bool(self.last_repair and self.last_repair["goes_on"])

    @property
    def is_begun(self) -> bool:
        """Whether anything was written."""
        return bool(self.entries)

    @property
    def has_problem(self) -> bool:
        """Whether a problem was found since the last repair."""
        for each in reversed(self.entries):
            if each["kind"] == "repair":
                return False
            if each["kind"] == FINDING and each["severity"] == "problem":
                return True
        return False

    def knows(self, symptom: str) -> bool:
        """Whether there is a finding of this symptom since the last repair."""
        for each in reversed(self.entries):
            if each["kind"] == "repair":
                return False
            if each["kind"] == FINDING and each["symptom"] == symptom:
                return True
        return False
