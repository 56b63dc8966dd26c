"""The report's sections on forecasts: metrics beside those of the baselines, and forecasts drawn."""

from collections.abc import Mapping
from html import escape
from typing import Any

from chainrule.report import page
from chainrule.report.numbers import metric_value
from chainrule.report.sections import held_out
from chainrule.tasks.forecast.figures import forecast_figure


def sections(evaluation: Mapping[str, Any]) -> list[str]:
    """Metrics beside the baseline, all models, and the forecasts of the held-out horizons drawn."""
    if not evaluation.get("metrics"):
        return []
    quantiles = evaluation["quantiles"]
    band = f"the band from the {quantiles[0]:g} to the {quantiles[-1]:g} quantile"
    plots = [
        page.plot(
            each["series"] or str(evaluation.get("target", "the series")),
            forecast_figure(each, quantiles),
            f"Actual values, and the forecast made before they were known: its median and {band}.",
        )
        for each in evaluation.get("drawn", ())
    ]
    guess = f"the {evaluation['baseline_model']}: the value of the same time one season before"
    if evaluation["baseline_model"] == "naive":
        guess = "the last value"
    return [held_out(evaluation, guess, [_models(evaluation), page.grid(plots)])]


def _models(evaluation: Mapping[str, Any]) -> str:
    rows = [
        [escape(name), *(escape(metric_value(figure, value)) for figure, value in figures.items())]
        for name, figures in evaluation["models"].items()
    ]
    return page.table(["model", "MASE", "scaled pinball loss", "coverage"], rows, kind="numbers")
