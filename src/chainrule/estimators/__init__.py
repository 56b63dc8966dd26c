"""The scikit-learn interface: networks as classifiers and regressors, and Rosenblatt's perceptron."""

from chainrule.estimators.classifier import NetClassifier
from chainrule.estimators.perceptron import PerceptronClassifier
from chainrule.estimators.regressor import NetRegressor

__all__ = ["NetClassifier", "NetRegressor", "PerceptronClassifier"]
