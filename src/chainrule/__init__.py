"""chainrule trains neural networks by backpropagation that it derives itself, shows, and runs on a CPU."""

from chainrule.starting import importing

with importing():
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
    from chainrule.train import Recipe, Run, load_run, train

__version__ = "0.1.0"

__all__ = [
    "ChainruleError",
    "ChainruleWarning",
    "ConfigError",
    "DTypeError",
    "DataError",
    "Recipe",
    "Run",
    "ShapeError",
    "TrainingError",
    "backprop",
    "data",
    "load_run",
    "nn",
    "program",
    "train",
]
