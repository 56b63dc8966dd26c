"""The scores as tables, in Markdown."""

from collections.abc import Mapping

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.doctor.methods import OURS, RANDOM, UNREPAIRED
from benchmarks.doctor.rules import AUTOTRAINER, DEEP_DIAGNOSIS
from benchmarks.doctor.scoring import Ratio, Score, Share

_WIDTH = 170  # where there is no terminal that says
_NAMES = {
    OURS: "chainrule's doctor",
    AUTOTRAINER: "AutoTrainer's thresholds",
    DEEP_DIAGNOSIS: "DeepDiagnosis' thresholds",
    RANDOM: "random search",
    UNREPAIRED: "no doctor",
}


def print_scores(scores: Mapping[str, Score]) -> None:
    """All rows, then what our doctor got wrong."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=_WIDTH)
    console.print(_rows(scores))
    if (ours := scores.get(OURS)) is None:
        return
    if ours.causes:
        console.print(_causes(ours.causes))
    if ours.false_alarms:
        console.print("Healthy programs with an alarm:\n")
        for name, said in ours.false_alarms:
            console.print(f"- {name}: {said}")
    if ours.worse:
        console.print("\nMade worse by a repair:\n")
        for run in ours.worse:
            console.print(f"- {run.name}, seed {run.seed}: {_number(run.before)} to {_number(run.after)}")


def _rows(scores: Mapping[str, Score]) -> Table:
    table = Table(box=box.MARKDOWN)
    table.add_column("")
    for column in (
        "faulty: detected",
        "healthy: alarm",
        "cause among first 2",
        "faulty: repaired",
        "seconds ÷ twin's",
        "made worse",
    ):
        table.add_column(column, justify="right")
    for name, score in scores.items():
        shares = (score.detected, score.alarmed, score.named, score.repaired)
        table.add_row(
            _NAMES[name],
            *map(_share, shares),
            _ratio(score.seconds),
            str(len(score.worse)) if name in (OURS, RANDOM) else "",
        )
    return table


def _causes(causes: Mapping[str, Mapping[str, int]]) -> Table:
    table = Table(box=box.MARKDOWN)
    table.add_column("planted")
    table.add_column("right", justify="right")
    table.add_column("named first instead")
    for planted, named in causes.items():
        others = ", ".join(f"{cause} {count}" for cause, count in named.items() if cause != planted)
        table.add_row(planted, f"{named.get(planted, 0)} of {sum(named.values())}", others)
    return table


def _share(share: Share | None) -> str:
    if share is None:
        return ""
    return f"{100 * share.value:.1f} % ({100 * share.low:.0f}–{100 * share.high:.0f})"


def _ratio(ratio: Ratio | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio.value:.2f} ({ratio.low:.2f}–{ratio.high:.2f}), median {ratio.middle:.2f}"


def _number(number: float | None) -> str:
    return "not finite" if number is None else f"{number:.4g}"
