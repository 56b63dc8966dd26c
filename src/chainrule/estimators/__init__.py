"""The scikit-learn interface: estimators that train chainrule's networks."""

from chainrule.estimators.forecaster import NetForecaster

__all__ = ["NetForecaster"]
