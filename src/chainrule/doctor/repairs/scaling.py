"""Repairs of inputs and targets that are far from mean 0 and deviation 1: scaled within the network."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from chainrule.data import belonging
from chainrule.doctor.repairs.change import Change, with_model
from chainrule.nn import Rescale, Sequential, Standardize, adam
from chainrule.nn.layer import Layer
from chainrule.nn.losses.loss import VALUES
from chainrule.training.attending import Patient
from chainrule.training.objective import Supervised
from chainrule.training.state import RunState

_ADAM = 0.001


def scale_inputs(patient: Patient, state: RunState) -> Iterator[Change]:
    """Inputs standardized by a first layer, each column or channel by its own mean and deviation."""
    del state
    inputs = belonging("x", patient.data.sample.named)
    if len(inputs) != 1 or patient.recipe.objective.takes_whole_numbers():
        return
    (x,) = inputs.values()
    if x.ndim < 2 or not np.isfinite(x).all():
        return
    recipe = with_model(patient.recipe, lambda model: _in_front(Standardize.of(x), model))
    if recipe is not None:
        yield Change("inputs standardized by the first layer", recipe, anew=True)


def scale_targets(patient: Patient, state: RunState) -> Iterator[Change]:
    """Outputs in units of the targets' deviation about their mean: the network gives numbers about 1."""
    del state
    objective = patient.recipe.objective
    targets = belonging("y", patient.data.sample.named)
    if not isinstance(objective, Supervised) or objective.loss.takes != VALUES or len(targets) != 1:
        return
    (y,) = targets.values()
    if y.dtype.kind != "f" or y.ndim < 2:
        return
    rescale = Rescale.to(y)
    recipe = with_model(patient.recipe, lambda model: Sequential((model, rescale)))
    if recipe is not None:
        yield Change("outputs scaled to the targets' mean and deviation", recipe, anew=True)
        adapted = replace(recipe, optimizer=adam(_ADAM))
        if recipe.optimizer != adapted.optimizer:
            yield Change(
                f"outputs scaled to the targets' mean and deviation, and Adam at {_ADAM}", adapted, anew=True
            )


def _in_front(first: Layer, model: Layer) -> Layer:
    layers = model.layers if isinstance(model, Sequential) else (model,)
    return Sequential((first, *layers))
