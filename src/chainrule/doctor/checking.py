"""The checks before training, all of them: `chainrule.doctor.check`."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from chainrule.calls import naming_settings
from chainrule.data import Arrays, Source
from chainrule.doctor.checks import CHECKS
from chainrule.doctor.examined import examined_of
from chainrule.executors import DEFAULT
from chainrule.nn.layer import Layer
from chainrule.nn.mixing import Mixing
from chainrule.nn.optimizers import Transform
from chainrule.nn.regularizers import Penalty
from chainrule.training.findings import SEVERITIES, Finding
from chainrule.training.fitting import split_validation
from chainrule.training.objective import Objective
from chainrule.training.recipe import Recipe
from chainrule.training.words import ELSEWHERE, ONE_PAIR, LossGiven, objective_of, optimizer_of


@naming_settings(ELSEWHERE, ONE_PAIR)
def check(
    model: Layer | Objective,
    data: Any,
    *,
    loss: LossGiven | None = None,
    optimizer: Transform | str = "adam",
    penalties: Sequence[Penalty] = (),
    epochs: int = 100,
    batch_size: int = 32,
    validation: Any = None,
    seed: int = 0,
    dtype: str = "float32",
    mixing: Mixing | None = None,
    shuffle: bool = True,
    executor: str = DEFAULT,
) -> list[Finding]:
    """What is wrong with a training, before its first step.

    Arguments are those of `chainrule.train`. Some checks look, others let the network learn for a moment: a
    batch by heart, by several learning rates, on scaled inputs. Nothing of it is kept. How long they try
    depends on the size of the network and the steps that are planned, never on the clock: a second or two for
    small networks. The same arguments give the same findings.

    Returns findings, problems first; no finding says that training will go well. What `chainrule.train` would
    refuse raises as it does there; what that would warn of is among the findings.
    """
    recipe = Recipe(
        objective=objective_of(model, loss, mixing),
        optimizer=optimizer_of(optimizer),
        penalties=penalties,  # type: ignore[arg-type] (Recipe makes the tuple)
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        dtype=dtype,
        shuffle=shuffle,
    )
    return check_recipe(recipe, *split_validation(recipe, data, validation), executor=executor)


def check_recipe(
    recipe: Recipe,
    data: Arrays | Source,
    validation: Arrays | Source | None,
    *,
    initial: Mapping[str, np.ndarray] = MappingProxyType({}),
    executor: str = DEFAULT,
) -> list[Finding]:
    """`check` for a recipe and checked arrays, or sources; arguments are those of `train_recipe`."""
    examined = examined_of(recipe, data, validation, initial=initial, executor=executor)
    found = [finding for look in CHECKS.values() for finding in look(examined)]
    return sorted(found, key=lambda each: -SEVERITIES.index(each.severity))
