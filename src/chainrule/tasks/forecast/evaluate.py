"""The evaluation of forecasts on the held-out last horizons, beside forecasts without learning."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.data.series import Series
from chainrule.tasks.forecast.backtest import NETWORK, baseline_names, fold_scores
from chainrule.tasks.forecast.forecast import Forecast

DRAWN = 6
"""The most series whose forecasts the report draws."""


def evaluate(forecast: Forecast, series: Sequence[Series], cut: int, folds: int) -> dict[str, Any]:
    """The evaluation over `folds` successive horizons from the position `cut` on, as plain data.

    forecast: trained on the values before the cut. series: with all values. The network gets the values known
    before each horizon; its weights do not change. The baseline is the seasonal naive forecast of the
    shortest season, or the naive one.
    """
    horizon = forecast.windows.horizon
    seasons = [forecast.windows.season] if forecast.windows.season > 1 else []
    scores, drawn = [], []
    for fold in range(folds):
        begin = cut + fold * horizon
        known = [each.until(begin) for each in series]
        then = forecast.going_on_from(known)
        scores += fold_scores(then, fold + 1, begin, list(zip(known, series, strict=True)), horizon, seasons)
        drawn.append(_drawn(then, known, series, begin))
    models = {}
    for name in (NETWORK, *baseline_names(seasons)):
        own = [score for score in scores if score.model == name]
        models[name] = {
            figure: _mean([getattr(score, figure) for score in own])
            for figure in ("mase", "pinball", "coverage")
        }
    chosen = f"seasonal naive {seasons[0]}" if seasons else "naive"
    return {
        "metrics": models[NETWORK],
        "baseline": models[chosen],
        "baseline_model": chosen,
        "models": models,
        "horizon": horizon,
        "quantiles": list(forecast.quantiles),
        "drawn": _joined(drawn),
    }


def guess(evaluation: Mapping[str, Any]) -> str:
    """The name of the baseline."""
    return str(evaluation.get("baseline_model", "naive"))


def _mean(figures: list[float]) -> float:
    known = [figure for figure in figures if np.isfinite(figure)]
    return float(np.mean(known)) if known else float("nan")


def _drawn(
    forecast: Forecast, known: Sequence[Series], series: Sequence[Series], begin: int
) -> list[dict[str, Any]]:
    """For the first series: the forecast of one horizon, and the values before and within it."""
    horizon, drawn = forecast.windows.horizon, []
    for number, (now, whole) in enumerate(zip(known[:DRAWN], series, strict=False)):
        if now.end != begin:
            continue
        steps = min(horizon, len(whole) - len(now))
        positions = np.arange(begin, begin + steps)
        covariates = whole.covariates[len(now) : len(now) + steps]
        quantiles = forecast.predict(np.full(steps, number), positions, covariates)
        shown = np.arange(max(0, len(now) - 3 * horizon), len(now) + steps)
        grid = forecast.windows.grid
        drawn.append(
            {
                "series": whole.name,
                "times": [grid.written(int(whole.start + index)) for index in shown],
                "values": whole.values[shown].tolist(),
                "ahead": [grid.written(int(position)) for position in positions],
                "forecasts": quantiles.tolist(),
            }
        )
    return drawn


def _joined(drawn: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """For each series: the forecasts of all horizons, and the values from the first one on."""
    joined: dict[str, dict[str, Any]] = {}
    for part in drawn:
        for each in part:
            if each["series"] not in joined:
                joined[each["series"]] = each
                continue
            whole = joined[each["series"]]
            new = [i for i, time in enumerate(each["times"]) if time not in whole["times"]]
            whole["times"] += [each["times"][i] for i in new]
            whole["values"] += [each["values"][i] for i in new]
            whole["ahead"] += each["ahead"]
            whole["forecasts"] += each["forecasts"]
    return list(joined.values())
