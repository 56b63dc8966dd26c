"""Repairs of the network: normalization, residual connections, wider and narrower layers."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from chainrule.doctor.repairs.change import Change, model_of, with_model
from chainrule.doctor.repairs.weights import units_of, usually_initialized
from chainrule.doctor.surgery import activation_of, every_layer, hidden_mapped, innermost, mapped
from chainrule.errors import TrainingError
from chainrule.nn import (
    GRU,
    LSTM,
    Activation,
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    GroupNorm,
    LayerNorm,
    Residual,
    RMSNorm,
    Sequential,
    SimpleRNN,
)
from chainrule.nn.initializers import Initializer, constant
from chainrule.nn.layer import Layer
from chainrule.training.attending import Patient
from chainrule.training.fitting import starting_tree_of
from chainrule.training.recipe import Recipe
from chainrule.training.state import RunState

_NORMS = (BatchNorm, LayerNorm, GroupNorm, RMSNorm)
_NEWER = 0.5  # momentum of running averages
_WIDER = 4
_LEAST_UNITS, _LEAST_WIDER = 4, 16


def normalize_layers(patient: Patient, state: RunState) -> Iterator[Change]:
    """Batch normalization before every hidden activation, from the start and with the function unchanged."""
    inserted = with_model(patient.recipe, _normalized)
    if inserted is None:
        return
    recipe = with_model(inserted, usually_initialized) or inserted
    yield Change("batch normalization before each activation", recipe, anew=True)
    if state.step:
        arrays = partial(_unchanging, patient, inserted, state)
        yield Change("batch normalization before each activation, as it stands", inserted, arrays=arrays)


@np.errstate(all="ignore")
def _unchanging(patient: Patient, inserted: Recipe, state: RunState) -> dict[str, np.ndarray]:
    """Statistics, scale and shift with which inserted normalizations give what they get.

    As they are first, they do so in prediction: it shows what they get. Raises TrainingError where that is
    not finite.
    """
    patient = patient.by(inserted)
    start = starting_tree_of(patient.recipe, patient.data, patient.programs)
    forked = state.fork(start, same_batches=True).state
    arrays: dict[str, np.ndarray] = {}
    for path, units in units_of(patient, forked).items():
        if f"{path}.variance" not in start:
            continue
        found = {
            "mean": units.mean,
            "variance": units.variance,
            "scale": np.sqrt(units.variance + BatchNorm().epsilon),
            "shift": units.mean,
        }
        if not all(np.isfinite(each).all() for each in found.values()):
            raise TrainingError(f"what '{path}' gets is not finite")
        arrays |= {f"{path}.{name}": each.astype(units.mean.dtype) for name, each in found.items()}
    return arrays


def _normalized(model: Layer) -> Layer:
    if any(isinstance(each, _NORMS) for each in innermost(model)):
        return model

    def split(layer: Layer) -> Layer | Sequence[Layer]:
        if isinstance(layer, Activation):
            return (BatchNorm(), layer)
        function = activation_of(layer)
        if not isinstance(layer, Dense | Conv1D | Conv2D) or function in (None, "linear"):
            return layer
        return (replace(layer, activation=None), BatchNorm(), Activation(function))

    return hidden_mapped(model, split)


def newer_statistics(patient: Patient, state: RunState) -> Iterator[Change]:
    """Running averages of batch normalization over fewer batches; or layer normalization, which has none."""
    del state

    def newer(layer: Layer) -> Layer:
        if isinstance(layer, BatchNorm) and layer.momentum > _NEWER:
            return replace(layer, momentum=_NEWER)
        return layer

    recipe = with_model(patient.recipe, lambda model: mapped(model, newer))
    if recipe is not None:
        yield Change(f"momentum {_NEWER} of the running averages of batch normalization", recipe)
    recipe = with_model(
        patient.recipe,
        lambda model: mapped(model, lambda each: LayerNorm() if isinstance(each, BatchNorm) else each),
    )
    if recipe is not None:
        yield Change("layer normalization in place of batch normalization", recipe, anew=True)


def residual_connections(patient: Patient, state: RunState) -> Iterator[Change]:
    """A connection around every hidden dense layer that is as wide as the one before it.

    From the start; and as it stands, where the connection is a linear layer whose weights are 0, so that the
    function is unchanged until they are trained (a projection shortcut: He et al. 2016).
    """
    recipe = with_model(patient.recipe, lambda model: _residual(model, None))
    if recipe is None:
        return
    anew = with_model(recipe, usually_initialized) or recipe
    yield Change("residual connections around layers of equal width", anew, anew=True)
    closed = with_model(patient.recipe, lambda model: _residual(model, constant(0.0)))
    model = model_of(patient.recipe)
    if closed is None or model is None or any(isinstance(each, Residual) for each in every_layer(model)):
        return
    if state.step:
        said = "residual connections around layers of equal width, as it stands"
        yield Change(said, closed, arrays=partial(_under_new_names, patient, closed, state))


def _residual(model: Layer, weight: Initializer | None) -> Layer:
    """weight: of the linear layers that the connections are; None where they are the input itself."""
    if not isinstance(model, Sequential):
        return model
    width, layers = None, []
    last = max((i for i, each in enumerate(model.layers) if isinstance(each, Dense)), default=0)
    for number, layer in enumerate(model.layers):
        if isinstance(layer, Dense) and number < last:
            if layer.units == width and layer.activation not in (None, "linear"):
                shortcut = None if weight is None else Dense(layer.units, weight=weight)
                layers.append(Residual((layer,), shortcut))
            else:
                layers.append(layer)
            width = layer.units
        else:
            layers.append(layer)
            width = width if isinstance(layer, Dropout | Activation | BatchNorm | LayerNorm) else None
    return Sequential(tuple(layers))


def _under_new_names(patient: Patient, closed: Recipe, state: RunState) -> dict[str, np.ndarray]:
    """What a training holds of each parameter, under the name that it has within a connection."""
    other = patient.by(closed)
    rows = patient.data.rows(patient.recipe.batch_size)
    before, after = (
        [value.name for value in each.programs.step(each.data.sample, rows).program.parameters]
        for each in (patient, other)
    )
    arrays: dict[str, np.ndarray] = {}
    carried = [name for name in after if name in before or ".shortcut." not in name]
    for old, new in zip(before, carried, strict=True):
        for name, array in state.tree.items():
            if name == old or name.endswith(f".{old}"):  # such as the optimizer's mean of its gradients
                arrays[name.removesuffix(old) + new] = array
    return arrays


def wider_layers(patient: Patient, state: RunState) -> Iterator[Change]:
    """Hidden layers four times as wide, and none of less than 16 units."""
    said = f"hidden layers {_WIDER} times as wide, of {_LEAST_WIDER} units at least"
    yield from _resized(patient, state, _WIDER, _LEAST_WIDER, said)


def smaller_layers(patient: Patient, state: RunState) -> Iterator[Change]:
    """Hidden layers a quarter as wide."""
    yield from _resized(patient, state, 1 / _WIDER, _LEAST_UNITS, "hidden layers a quarter as wide")


def _resized(patient: Patient, state: RunState, factor: float, least: int, said: str) -> Iterator[Change]:
    del state

    def resized(layer: Layer) -> Layer:
        if isinstance(layer, Dense | SimpleRNN | LSTM | GRU):
            return replace(layer, units=max(least, round(layer.units * factor)))
        if isinstance(layer, Conv1D | Conv2D) and layer.groups == 1:
            return replace(layer, filters=max(least, round(layer.filters * factor)))
        return layer

    recipe = with_model(patient.recipe, lambda model: hidden_mapped(model, resized))
    if recipe is not None:
        yield Change(said, recipe, anew=True)
