"""Recipe: every setting of a run but the data, as one tree of frozen dataclasses."""

from dataclasses import dataclass
from types import FunctionType
from typing import Any

from chainrule.errors import ConfigError
from chainrule.nn import KINDS
from chainrule.nn.layer import Layer
from chainrule.nn.losses import Loss
from chainrule.nn.metrics import MEASURED
from chainrule.nn.mixing import Mixing
from chainrule.nn.optimizers import Transform, adam
from chainrule.nn.own import check_own_parts
from chainrule.nn.part import Part
from chainrule.nn.regularizers import Penalty
from chainrule.nn.settings import check_choice, check_flag
from chainrule.nn.tree import checked_classes, from_plain, to_plain
from chainrule.program import FLOATS

KEPT = ("best", "last")


@dataclass(frozen=True)
class Recipe(Part):
    """What to train and how.

    model, loss: a layer and a loss that takes its outputs. optimizer: a transform; its result is added to the
    parameters. penalties: added to the loss while training (not in the reported losses).
    epochs, batch_size: at least 1.
    seed: 0 … 2⁶⁴ - 1; decides initial weights, order of the examples and dropout.
    patience: stop after this many epochs without a lower validation loss; None never stops early.
    dtype: float32 or float64. mixing: of the examples of a batch while training, such as MixUp(); or None.
    metrics: names of nn.metrics.MEASURED, measured on the validation data after every epoch; None takes those
    that go with the loss.
    keep: 'best' or 'last': whose weights a run with validation ends with, those of the epoch with the lowest
    validation loss or of the last one. shuffle: whether every epoch visits the examples in another order.
    Raises ConfigError for a setting of the wrong type or out of range, and for a class of your own that is
    more than its fields say, or less.
    """

    model: Layer
    loss: Loss
    optimizer: Transform = adam()
    penalties: tuple[Penalty, ...] = ()
    epochs: int = 100
    batch_size: int = 32
    seed: int = 0
    patience: int | None = None
    dtype: str = "float32"
    mixing: Mixing | None = None
    metrics: tuple[str, ...] | None = None
    keep: str = "best"
    shuffle: bool = True

    def __post_init__(self) -> None:
        given = self.penalties
        object.__setattr__(self, "penalties", tuple(given) if isinstance(given, tuple | list) else (given,))
        _check_type("model", self.model, Layer, "a layer, such as Sequential([Dense(64, 'relu'), Dense(3)])")
        _check_type("loss", self.loss, Loss, "a loss, such as SoftmaxCrossEntropy()")
        _check_type("optimizer", self.optimizer, Transform, "an optimizer, such as adam(0.001)")
        for penalty in self.penalties:
            _check_type("penalties", penalty, Penalty, "a penalty, such as L2(0.0001)")
        if self.mixing is not None:
            _check_type("mixing", self.mixing, Mixing, "a mixing, such as MixUp(0.2)")
        for name in ("epochs", "batch_size", "patience"):
            value = getattr(self, name)
            if name == "patience" and value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ConfigError(f"{name} is {value!r}", remedy="give a whole number, at least 1")
        whole = isinstance(self.seed, int) and not isinstance(self.seed, bool)
        if not whole or not 0 <= self.seed < 2**64:
            raise ConfigError(f"seed is {self.seed!r}", remedy="give a whole number from 0 to 2**64 - 1")
        if not isinstance(self.dtype, str) or self.dtype not in FLOATS:
            raise ConfigError(f"dtype is {self.dtype!r}", remedy="choose float32 or float64")
        if self.metrics is not None:
            named = (self.metrics,) if isinstance(self.metrics, str) else tuple(self.metrics)
            object.__setattr__(self, "metrics", named)
            for name in named:
                check_choice("train", "metrics", name, MEASURED)
        check_choice("train", "keep", self.keep, KEPT)
        check_flag("train", "shuffle", self.shuffle)
        check_own_parts(self)

    def to_plain(self) -> dict[str, Any]:
        """Plain data for TOML and JSON."""
        return to_plain(self)

    @staticmethod
    def from_plain(plain: dict[str, Any], classes: tuple[type | FunctionType, ...] = ()) -> "Recipe":
        """The recipe that `to_plain` wrote; classes: your own that occur in it, also functions."""
        return from_plain(plain, (*KINDS, Recipe, *checked_classes(classes)), "recipe")


def _check_type(name: str, value: object, kind: type, example: str) -> None:
    if not isinstance(value, kind):
        got = value if isinstance(value, str) else type(value).__name__
        raise ConfigError(f"{name} is {got!r}", remedy=f"give {example}")
