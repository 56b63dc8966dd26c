"""The scikit-learn interface: networks for classes, numbers and forecasts, and Rosenblatt's perceptron."""

from chainrule.estimators.classifier import NetClassifier
from chainrule.estimators.forecaster import NetForecaster
from chainrule.estimators.perceptron import PerceptronClassifier
from chainrule.estimators.regressor import NetRegressor

__all__ = ["NetClassifier", "NetForecaster", "NetRegressor", "PerceptronClassifier"]
