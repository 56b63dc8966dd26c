"""Repairs of how much a network is held back: penalties, decay, dropout, smoothing, early stopping."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from chainrule.doctor.repairs.change import Change, with_model
from chainrule.doctor.surgery import activation_of, hidden_mapped, innermost, mapped
from chainrule.nn import AddWeightDecay, Dropout, GaussianNoise, SoftmaxCrossEntropy, SpatialDropout, chain
from chainrule.nn.layer import Layer
from chainrule.training.attending import Patient
from chainrule.training.objective import Supervised
from chainrule.training.state import RunState

_NOISE = (Dropout, SpatialDropout, GaussianNoise)
_DROPOUT = 0.3
_DECAY = 0.01
_SMOOTHING = 0.1
_PATIENCE = 10


def weaken_penalties(patient: Patient, state: RunState) -> Iterator[Change]:
    """No penalties, no weight decay, no dropout: each by itself."""
    recipe, changes = patient.recipe, []
    if recipe.penalties:
        changes.append(("no penalties", replace(recipe, penalties=())))
    undecayed = _without_decay(recipe.optimizer)
    if undecayed != recipe.optimizer:
        changes.append(("no weight decay", replace(recipe, optimizer=undecayed)))
    quiet = with_model(recipe, _without_noise)
    if quiet is not None:
        changes.append(("no dropout", quiet))
    for said, changed in changes:
        yield Change(said, changed)
        if state.step:
            yield Change(f"{said}, from the start", changed, anew=True)


def weight_decay(patient: Patient, state: RunState) -> Iterator[Change]:
    """Decoupled decay of the weights."""
    del state
    if _without_decay(patient.recipe.optimizer) != patient.recipe.optimizer:
        return
    *links, descent = getattr(patient.recipe.optimizer, "transforms", (patient.recipe.optimizer,))
    if links or descent != patient.recipe.optimizer:
        decayed = chain(*links, AddWeightDecay(_DECAY), descent)
        yield Change(f"weight decay of {_DECAY}", replace(patient.recipe, optimizer=decayed))


def dropout(patient: Patient, state: RunState) -> Iterator[Change]:
    """Dropout behind every hidden activation."""
    del state
    recipe = with_model(patient.recipe, _with_dropout)
    if recipe is not None:
        yield Change(f"dropout of {_DROPOUT} behind hidden layers", recipe)


def label_smoothing(patient: Patient, state: RunState) -> Iterator[Change]:
    """A share of each target spread over all classes."""
    del state
    objective = patient.recipe.objective
    if isinstance(objective, Supervised) and objective.loss == SoftmaxCrossEntropy():
        smoothed = replace(objective, loss=SoftmaxCrossEntropy(label_smoothing=_SMOOTHING))
        yield Change(f"label smoothing of {_SMOOTHING}", replace(patient.recipe, objective=smoothed))


def early_stopping(patient: Patient, state: RunState) -> Iterator[Change]:
    """The best epoch's weights are kept, and training ends where validation no longer improves."""
    del state
    recipe = patient.recipe
    stopping = replace(recipe, keep="best", patience=recipe.patience or _PATIENCE)
    if patient.held_out is not None and stopping != recipe:
        yield Change(f"early stopping with a patience of {stopping.patience} epochs", stopping)


def _without_decay(item: Any) -> Any:
    if isinstance(item, AddWeightDecay):
        return replace(item, weight_decay=0.0)
    if isinstance(item, tuple):
        return tuple(_without_decay(each) for each in item)
    if is_dataclass(item) and not isinstance(item, type):
        return replace(item, **{each.name: _without_decay(getattr(item, each.name)) for each in fields(item)})
    return item


def _without_noise(model: Layer) -> Layer:
    return mapped(model, lambda layer: () if isinstance(layer, _NOISE) else layer)


def _with_dropout(model: Layer) -> Layer:
    if any(isinstance(each, _NOISE) for each in innermost(model)):
        return model

    def followed(layer: Layer) -> Layer | Sequence[Layer]:
        return layer if activation_of(layer) in (None, "linear") else (layer, Dropout(_DROPOUT))

    return hidden_mapped(model, followed)
