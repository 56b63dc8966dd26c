"""Listeners of training, each a function of an event. They are told in the order that `fitting` sets."""

from chainrule.training.listeners.best_weights import BestWeights
from chainrule.training.listeners.checkpoint import Checkpoint
from chainrule.training.listeners.early_stopping import EarlyStopping
from chainrule.training.listeners.notebook import NotebookLine
from chainrule.training.listeners.observing import ObservedByOptimizer
from chainrule.training.listeners.progress import ProgressBar
from chainrule.training.listeners.validation import Validation

__all__ = [
    "BestWeights",
    "Checkpoint",
    "EarlyStopping",
    "NotebookLine",
    "ObservedByOptimizer",
    "ProgressBar",
    "Validation",
]
