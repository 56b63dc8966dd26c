"""Explaining a forecast: not yet."""

from chainrule.backprop import Explanation
from chainrule.errors import ConfigError
from chainrule.tasks.forecast.run import ForecastRun


def explain(run: ForecastRun, row: int, source: str | None) -> Explanation:
    """Raises ConfigError: the network is not a single chain of layers, which the equations need."""
    raise ConfigError(
        "a forecast's network is too large to be read number by number",
        remedy="explain the run of a table, or look at the program of one step",
    )
