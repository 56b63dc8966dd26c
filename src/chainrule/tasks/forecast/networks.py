"""The networks that a forecast may be learned with, by name, and the weights with which they begin."""

from collections.abc import Mapping, Sequence

import numpy as np

from chainrule.data import Arrays
from chainrule.data.windows import Windows
from chainrule.errors import ConfigError
from chainrule.nn import Layer
from chainrule.tasks.forecast.closed_form import Moments, best_ridge, errors_of, moments_of
from chainrule.tasks.forecast.learning import BY_BACKTEST, NETWORKS, ForecastSettings
from chainrule.tasks.forecast.network import ForecastNetwork
from chainrule.tasks.forecast.past_network import PastNetwork

_SAMPLE = 2048  # windows whose errors give the first quantiles

MOVING_AVERAGE = 25
"""Steps that DLinear averages over."""


def network_for(settings: ForecastSettings, windows: Windows, series: int, quantiles: int) -> Layer:
    """The network of this name; series, quantiles: their numbers. Raises ConfigError for a bad setting."""
    if settings.ahead:
        return ForecastNetwork(
            past=windows.past,
            series=series,
            horizon=windows.horizon,
            features=windows.features,
            quantiles=quantiles,
            base=windows.base,
            units=settings.units,
            dropout=settings.dropout,
        )
    if settings.network == BY_BACKTEST:
        raise ConfigError(
            "forecast: the network is still to be chosen", remedy=f"name one of {', '.join(NETWORKS)}"
        )
    return PastNetwork(
        windows.lags,
        windows.horizon,
        quantiles,
        normalization={"last": "last", "trend": "mean"}.get(settings.network, "window"),
        average=MOVING_AVERAGE if settings.network == "trend" else 0,
        units=settings.units if settings.network == "residual" else 0,
        dropout=settings.dropout,
    )


def initial_of(
    network: Layer, training: Arrays, validation: Arrays | None, quantiles: Sequence[float]
) -> Mapping[str, np.ndarray]:
    """The arrays to begin with, by name: of networks of the past the linear map in closed form.

    Its quantiles begin at those of the errors that the map has on training windows.
    """
    if not isinstance(network, PastNetwork):
        return {}
    later = None if validation is None else _moments(network, validation)
    weights, _ = best_ridge(_moments(network, training), later)
    # DLinear's two maps are alike at first: together they are the one map.
    maps = ("weight", "trend") if network.average else ("weight",)
    initial = {f"past_network_1.{name}": weights.astype(np.float32) for name in maps}
    if network.quantiles > 1:
        random = np.random.default_rng(0)
        some = np.sort(random.permutation(len(training))[:_SAMPLE])
        errors = errors_of(network, weights, np.asarray(training.x)[some], np.asarray(training.y)[some])
        initial["past_network_1.quantiles"] = np.quantile(errors, quantiles, axis=0).T.astype(np.float32)
    return initial


def _moments(network: PastNetwork, part: Arrays) -> Moments:
    weight = None if part.weight is None else np.asarray(part.weight)
    return moments_of(network, np.asarray(part.x), np.asarray(part.y), weight)
