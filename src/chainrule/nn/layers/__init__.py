"""Layers, one file a family."""

from chainrule.nn.layers.containers import Residual, Sequential
from chainrule.nn.layers.dense import Dense
from chainrule.nn.layers.elementwise import Activation, Dropout, Flatten

__all__ = ["Activation", "Dense", "Dropout", "Flatten", "Residual", "Sequential"]
