"""The report of a study: the best trial, how the search went, and what mattered."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from chainrule.report import page, sections, tune_figures
from chainrule.report.numbers import duration, metric_name, metric_value, number
from chainrule.report.tune_figures import Trials, shown

_MOST_TRIALS = 10


def tune_page(
    trials: Trials,
    importances: Mapping[str, float],
    space: Mapping[str, Mapping[str, Any]],
    config: Mapping[str, Any],
    evaluation: Mapping[str, Any],
    title: str,
    *,
    target: str,
) -> str:
    """The report as one HTML page that needs no internet connection; a pure function of its arguments.

    trials: dictionaries as `tune_figures` wants them, the first of them complete. importances: by parameter,
    {} if there were too few trials. space: as Space.to_plain writes it. config, evaluation: of the
    best trial's run, as in config.toml and evaluation.json; {} where it was not trained.
    """
    complete = [trial for trial in trials if trial["state"] == "complete"]
    blocks = [
        _headline(title, target, trials, trials[0], evaluation),
        page.section("How the search went", [_course(trials)]),
        page.section("What mattered", _mattered(trials, importances, space)),
        page.section("The best trials", [_table(complete[:_MOST_TRIALS], list(space))]),
        sections.settings(config),
    ]
    return page.document(f"{title} · chainrule", [block for block in blocks if block], plots=True)


def _headline(
    title: str, target: str, trials: Trials, best: Mapping[str, Any], evaluation: Mapping[str, Any]
) -> str:
    facts = "\n".join(
        f'<div class="{kind}"><dt>{escape(name)}</dt><dd>{escape(value)}<small>{detail}</small></dd></div>'
        for kind, name, value, detail in _facts(trials, best, evaluation)
    )
    head = f'<h1>{escape(title)}</h1>\n<p class="subtitle">Tuning for <code>{escape(target)}</code></p>'
    return f'{head}\n<dl class="facts">\n{facts}\n</dl>'


def _facts(
    trials: Trials, best: Mapping[str, Any], evaluation: Mapping[str, Any]
) -> Iterator[tuple[str, str, str, str]]:
    """(style, name, value, detail as HTML) of the numbers at the top of the page."""
    yield "main", "lowest validation loss", number(best["score"]), f"trial {best['number']}"
    if evaluation.get("metrics"):  # nothing may be held out
        name = next(iter(evaluation["metrics"]))
        baseline = metric_value(name, evaluation["baseline"][name])
        detail = f'baseline {escape(baseline)} · <a href="best/report.html">report of this run</a>'
        yield "", f"its held-out {metric_name(name)}", metric_value(name, evaluation["metrics"][name]), detail
    counts = {state: sum(trial["state"] == state for trial in trials) for state in ("complete", "pruned")}
    yield (
        "",
        "trials",
        f"{sum(counts.values()):,}",
        f"{counts['complete']:,} complete · {counts['pruned']:,} pruned",
    )
    seconds = sum(trial["seconds"] or 0.0 for trial in trials)
    yield "", "time", duration(seconds), "of all trials together"


def _course(trials: Trials) -> str:
    return page.plot(
        "Score of each trial",
        tune_figures.scores(trials),
        "The line should fall and level off; if it still falls at the end, more trials may help. Pruned "
        "trials were stopped early, because others were better after the same number of epochs.",
        log_toggle=True,
    )


def _mattered(
    trials: Trials, importances: Mapping[str, float], space: Mapping[str, Mapping[str, Any]]
) -> Sequence[str]:
    if importances:
        mattered = page.plot(
            "Importance of each parameter",
            tune_figures.importances(importances),
            "How much of the ranking of the trials each parameter explains (fANOVA of the ranks, Hutter et "
            "al. 2014). With few trials it is only a rough guide.",
        )
    else:
        mattered = "<p>There are too few trials to tell which parameters mattered.</p>"
    lines = page.plot(
        "Parallel coordinates",
        tune_figures.parallel_coordinates(trials, space),
        "Each line is a trial, blue for the best. Where the blue lines run together, the value matters; drag "
        "along an axis to select the trials with these values.",
        narrowest=80 * (len(space) + 1),  # a name and its values for each axis
    )
    return [mattered, lines]


def _table(best: Trials, names: Sequence[str]) -> str:
    metrics = [name for name in best[0]["facts"] if name.startswith("validation_")][:1]
    rows = []
    for trial in best:
        cells = [str(trial["number"]), number(trial["score"])]
        for name in metrics:
            value = trial["facts"].get(name)
            cells.append("" if value is None else metric_value(name.removeprefix("validation_"), value))
        cells += [shown(trial["values"].get(name, "")) for name in names]
        rows.append([escape(cell) for cell in cells])
    header = ["trial", "validation loss", *(metric_name(name) for name in metrics)]
    return page.table([*header, *(name.replace("_", " ") for name in names)], rows, kind="numbers")
