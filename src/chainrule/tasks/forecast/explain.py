"""Explaining a forecast: not yet."""

from chainrule.backprop import Explanation
from chainrule.errors import ConfigError
from chainrule.tasks.forecast.run import ForecastRun


def explain(run: ForecastRun, row: int, source: str | None) -> Explanation:
    """Refused: its network has no single chain of layers that a page of numbers could follow."""
    raise ConfigError(
        "a forecast's network is too large to be read number by number",
        remedy="explain the run of a table, or look at the program of one step",
    )
