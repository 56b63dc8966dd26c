"""Choosing the network of a forecast by a back-test on the latest times."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from chainrule.data.series import Series
from chainrule.data.time_grid import TimeGrid
from chainrule.errors import DataError
from chainrule.tasks.forecast.backtest import pinball, seasonal_scale
from chainrule.tasks.forecast.forecast import Forecast
from chainrule.tasks.forecast.learn import fit_forecast
from chainrule.tasks.forecast.learning import BY_BACKTEST, NETWORKS, STEPS, ForecastSettings, windows_for

_FOLDS = 4
"""The most horizons that every network forecasts."""

_LEAST_SHARE = 0.5
"""Of the times, that a network learns from in the back-test."""


@dataclass(frozen=True)
class Chosen:
    """A network, and how the others compare.

    network: its name. losses: scaled pinball loss by network, the best first; empty if nothing was compared.
    horizons: that were forecast.
    """

    network: str
    losses: dict[str, float]
    horizons: int

    def told(self) -> str:
        """A sentence for a person."""
        if not self.losses:
            return f"network: {self.network}, since the series are too short to compare networks"
        others = ", ".join(f"{name} {loss:.4f}" for name, loss in self.losses.items())
        what = f"the last {self.horizons} horizons" if self.horizons > 1 else "the last horizon"
        return f"network: {self.network}, by the scaled pinball loss of a back-test on {what}: {others}"


def choose_network(settings: ForecastSettings, grid: TimeGrid, series: Sequence[Series]) -> Chosen:
    """The network with the lowest pinball loss on horizons that none of them learned from.

    Each is fitted once to the values before the last horizons, up to four of them, and forecasts one after
    the other with the values known before it. Networks that the series are too short for are left out.
    """
    last, first = max(each.end for each in series), min(each.start for each in series)
    horizon = windows_for(
        replace(settings, network=STEPS), grid, series, series[0].covariates.shape[1]
    ).horizon
    folds = min(_FOLDS, int((1 - _LEAST_SHARE) * (last - first) / horizon))
    losses = {}
    for name in NETWORKS if folds else ():
        each = replace(settings, network=name, horizon=horizon)
        try:
            forecast = fit_forecast(each, grid, [one.until(last - folds * horizon) for one in series])
            loss = _loss(forecast, series, last, folds)
        except DataError:
            continue
        if np.isfinite(loss):
            losses[name] = loss
    losses = dict(sorted(losses.items(), key=lambda pair: pair[1]))
    return Chosen(next(iter(losses), STEPS), losses, folds)


def _loss(forecast: Forecast, series: Sequence[Series], last: int, folds: int) -> float:
    """Scaled pinball loss, averaged over the horizons and series that have values then."""
    windows, losses = forecast.windows, []
    for fold in range(folds):
        begin = last - (folds - fold) * windows.horizon
        known = [each.until(begin) for each in series]
        then = forecast.going_on_from(known)
        for number, (now, whole) in enumerate(zip(known, series, strict=True)):
            ahead = slice(len(now), len(now) + windows.horizon)
            truth = whole.values[ahead]
            if now.end != begin or not np.isfinite(truth).any():
                continue
            positions = begin + np.arange(len(truth))
            told = then.predict(np.full(len(truth), number), positions, whole.covariates[ahead])
            losses.append(pinball(truth, told, then.quantiles, seasonal_scale(now.values, windows.season)))
    known_losses = [each for each in losses if np.isfinite(each)]
    return float(np.mean(known_losses)) if known_losses else float("nan")


def settled(settings: ForecastSettings, grid: TimeGrid, series: Sequence[Series]) -> ForecastSettings:
    """These settings, with the name of a network: chosen by a back-test, unless they have one."""
    if settings.network != BY_BACKTEST:
        return settings
    return replace(settings, network=choose_network(settings, grid, series).network)
