"""What the doctor repaired in a fit, and what of it stays where a later call continues."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from types import MappingProxyType

from chainrule.errors import ConfigError
from chainrule.estimators.settings import Settings
from chainrule.training import Recipe

_MADE_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "objective": ("layers", "activation", "dropout", "batch_norm"),
        "optimizer": ("solver", "learning_rate", "learning_rate_init", "weight_decay"),
        "penalties": ("alpha",),
        "batch_size": ("batch_size",),
        "patience": ("early_stopping", "n_iter_no_change"),
    }
)
"""Field of a recipe -> the parameters of an estimator that make it; no parameter makes the others."""


def repaired_fields(asked: Recipe, trained: Recipe) -> tuple[str, ...]:
    """The fields of the recipe that was asked for which the doctor changed; epochs are of one call alone."""
    names = [each.name for each in fields(Recipe) if each.name != "epochs"]
    return tuple(name for name in names if getattr(asked, name) != getattr(trained, name))


def still_repaired(
    recipe: Recipe, repaired: Sequence[str], trained: Recipe, before: Settings, now: Settings
) -> Recipe:
    """The recipe that the parameters ask for now, with what was repaired in the call before.

    A field stays as it was repaired while the parameters that make it are those of the call before.
    recipe: of the parameters now. repaired: names of fields. trained: the recipe of the call before.
    Raises ConfigError where the network was repaired, and another is asked for: its weights fit no other.
    """
    kept = {}
    for name in repaired:
        changed = now.changed(before, _MADE_OF.get(name, ()))
        if not changed:
            kept[name] = getattr(trained, name)
        elif name == "objective":
            raise ConfigError(
                f"{now.owner}: {changed[0]} was {getattr(before, changed[0])!r} and is "
                f"{getattr(now, changed[0])!r}, and the doctor has changed the network meanwhile",
                remedy="continue with the same network, or fit with warm_start=False",
            )
    if recipe.patience is None:  # nothing is held out now
        kept.pop("patience", None)
    return replace(recipe, **kept)
