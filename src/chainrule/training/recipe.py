"""Recipe: all settings of a run except the data, as one tree of frozen dataclasses."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import FunctionType
from typing import Any

from chainrule.errors import ConfigError
from chainrule.nn import KINDS
from chainrule.nn.layer import Layer
from chainrule.nn.losses import Loss
from chainrule.nn.optimizers import Transform, adam
from chainrule.nn.own import check_own_parts, own_kinds
from chainrule.nn.part import Part
from chainrule.nn.regularizers import Penalty
from chainrule.nn.settings import check_choice, check_flag
from chainrule.nn.tree import checked_classes, from_plain, to_plain
from chainrule.program import FLOATS
from chainrule.training.heads import known_metrics
from chainrule.training.objective import Objective, Supervised, check_type

KEPT = ("best", "last")


@dataclass(frozen=True)
class Recipe(Part):
    """What to train and how.

    objective: what every step minimizes, such as Supervised(model, loss). optimizer: a transform, whose
    result is added to the parameters. penalties: added to the loss in training, but not to reported losses.
    epochs, batch_size: at least 1. seed: from 0 to 2⁶⁴ - 1, of initial weights, order of the examples and
    dropout. patience: stop after this many epochs without a lower validation loss; None never stops early.
    dtype: float32 or float64.
    metrics: names in nn.metrics.MEASURED, computed on the validation data after every epoch; for a model with
    several heads after the name of the head, such as 'kind_accuracy'; None chooses by the loss.
    keep: 'best' for the weights of the epoch with the lowest validation loss, 'last' for those of the last
    epoch. shuffle: every epoch visits the examples in another order.
    Raises ConfigError for a setting of the wrong type or out of range, and for a class of the user that its
    fields do not describe completely.
    """

    objective: Objective
    optimizer: Transform = adam()
    penalties: tuple[Penalty, ...] = ()
    epochs: int = 100
    batch_size: int = 32
    seed: int = 0
    patience: int | None = None
    dtype: str = "float32"
    metrics: tuple[str, ...] | None = None
    keep: str = "best"
    shuffle: bool = True

    def __post_init__(self) -> None:
        given = self.penalties
        object.__setattr__(self, "penalties", tuple(given) if isinstance(given, tuple | list) else (given,))
        check_type("objective", self.objective, Objective, "an objective, such as Supervised(model, loss)")
        check_type("optimizer", self.optimizer, Transform, "an optimizer, such as adam(0.001)")
        for penalty in self.penalties:
            check_type("penalties", penalty, Penalty, "a penalty, such as L2(0.0001)")
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
                check_choice("train", "metrics", name, known_metrics(self.objective))
        check_choice("train", "keep", self.keep, KEPT)
        check_flag("train", "shuffle", self.shuffle)
        check_own_parts(self)

    @property
    def model(self) -> Layer:
        """The model of a supervised objective. Raises ConfigError for another objective."""
        return self._supervised.model

    @property
    def loss(self) -> Loss:
        """The loss of a supervised objective. Raises ConfigError for another objective."""
        return self._supervised.loss

    @property
    def _supervised(self) -> Supervised:
        if isinstance(self.objective, Supervised):
            return self.objective
        raise ConfigError(
            f"the objective is {type(self.objective).__name__}, which has neither one model nor one loss",
            remedy="ask the objective itself, or train by Supervised(model, loss)",
        )

    def to_plain(self) -> dict[str, Any]:
        """Plain data for TOML and JSON."""
        return to_plain(self)

    @staticmethod
    def from_plain(plain: dict[str, Any], classes: tuple[type | FunctionType, ...] = ()) -> "Recipe":
        """The recipe that `to_plain` wrote. classes: your own classes and functions that occur in it."""
        return from_plain(plain, (*KINDS, Recipe, Supervised, *checked_classes(classes)), "recipe")


def amended_recipe(given: Recipe, amended: Mapping[str, Any]) -> Recipe:
    """What an amended training goes on with: the stored recipe, for at least as many epochs as are given now.

    More of them where the amendment lengthened the training, which a resumed one must not forget.

    amended: as plain data; classes of one's own in it are those in the given recipe.
    """
    stored = Recipe.from_plain(dict(amended), own_kinds(given))
    return replace(stored, epochs=max(stored.epochs, given.epochs))


def differing_settings(stored: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    """The names of settings in which two recipes, as plain data, differ.

    Settings of objectives of the same class are compared one by one. A setting that a recipe does not have,
    because it is older, has its default. Epochs and patience are left out, since a run may be extended.
    """
    usual = {each.name: each.default for each in fields(Recipe) if isinstance(each.default, bool | str)}
    one, other = usual | _flat(stored), usual | _flat(current)
    names = sorted({*one, *other} - {"epochs", "patience"})
    differing = [name for name in names if one.get(name) != other.get(name)]
    return ["objective"] if "objective" in differing else differing


def _flat(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """With the settings of the objective among the recipe's."""
    objective = dict(recipe["objective"])
    kind = objective.pop("type")
    return (
        {name: each for name, each in recipe.items() if name != "objective"} | objective | {"objective": kind}
    )
