"""What is searched for a forecast."""

from chainrule.tasks.forecast.settings import ForecastTaskSettings
from chainrule.tasks.forecast.space import FORECAST_SPACE, SEARCH


def test_the_first_trial_is_the_default() -> None:
    given = ForecastTaskSettings(horizon=7, seed=3)
    assert SEARCH.settings(FORECAST_SPACE.first(), given) == given
