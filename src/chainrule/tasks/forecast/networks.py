"""The networks that a forecast may be learned with, by name, and the weights with which they begin."""

from collections.abc import Mapping

import numpy as np

from chainrule.data import Arrays
from chainrule.data.windows import Windows
from chainrule.nn import Layer
from chainrule.tasks.forecast.closed_form import best_ridge, moments_of
from chainrule.tasks.forecast.learning import ForecastSettings
from chainrule.tasks.forecast.network import ForecastNetwork
from chainrule.tasks.forecast.past_network import PastNetwork

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
    return PastNetwork(
        windows.lags,
        windows.horizon,
        quantiles,
        normalization={"last": "last", "trend": "mean"}.get(settings.network, "window"),
        average=MOVING_AVERAGE if settings.network == "trend" else 0,
        units=settings.units if settings.network == "residual" else 0,
        dropout=settings.dropout,
    )


def initial_of(network: Layer, training: Arrays, validation: Arrays | None) -> Mapping[str, np.ndarray]:
    """The arrays to begin with, by name: of networks of the past the linear map in closed form."""
    if not isinstance(network, PastNetwork):
        return {}
    known = [
        moments_of(network, np.asarray(part.x), np.asarray(part.y)) for part in (training, validation) if part
    ]
    weights, _ = best_ridge(known[0], known[1] if len(known) > 1 else None)
    # DLinear's two maps are alike at first: together they are the one map.
    maps = ("dense_1", "dense_2") if network.average else ("dense_1",)
    weight, bias = weights[:-1].astype(np.float32), (weights[-1] / len(maps)).astype(np.float32)
    arrays = (("weight", weight), ("bias", bias))
    return {f"past_network_1.{name}.{kind}": each for name in maps for kind, each in arrays}
