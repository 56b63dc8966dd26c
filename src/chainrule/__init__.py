"""chainrule trains neural networks by backpropagation that it derives itself, shows, and runs on a CPU."""

from importlib import import_module
from types import ModuleType

from chainrule.starting import begin_quietly

begin_quietly()

from chainrule import backprop, data, nn, program
from chainrule.errors import (
    ChainruleError,
    ChainruleWarning,
    ConfigError,
    DataError,
    DTypeError,
    ShapeError,
    TrainingError,
)
from chainrule.training import (
    PROBES,
    Objective,
    Probe,
    Recipe,
    Recorded,
    Run,
    Supervised,
    load_run,
    train,
)

__version__ = "0.1.0"

_ON_DEMAND = ("control", "doctor", "estimators", "report", "tasks", "tune")
"""Packages that import pandas, scikit-learn, plotly or Optuna: they are imported when first asked for."""

__all__ = [
    "PROBES",
    "ChainruleError",
    "ChainruleWarning",
    "ConfigError",
    "DTypeError",
    "DataError",
    "Objective",
    "Probe",
    "Recipe",
    "Recorded",
    "Run",
    "ShapeError",
    "Supervised",
    "TrainingError",
    "backprop",
    "data",
    "load_run",
    "nn",
    "program",
    "train",
]


def __getattr__(name: str) -> ModuleType:
    if name in _ON_DEMAND:
        return import_module(f"chainrule.{name}")
    raise AttributeError(f"module 'chainrule' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ON_DEMAND})
