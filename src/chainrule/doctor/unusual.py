"""What is unusual in a training's settings and data: by itself no fault, but the first thing to suspect."""

from collections.abc import Iterator
from dataclasses import fields
from itertools import pairwise, takewhile
from typing import Any

import numpy as np

from chainrule.data import belonging
from chainrule.doctor.repairs.change import model_of
from chainrule.doctor.repairs.steps import highest_momentum, rate_of, usual_rates
from chainrule.doctor.repairs.weights import SQUASHING
from chainrule.doctor.surgery import activation_of, every_layer, innermost
from chainrule.nn import (
    GRU,
    LSTM,
    BatchNorm,
    Conv1D,
    Conv2D,
    Dense,
    Dropout,
    GroupNorm,
    LayerNorm,
    Rescale,
    Residual,
    SimpleRNN,
    SpatialDropout,
    Standardize,
)
from chainrule.nn.initializers import Filled, Normal, Uniform
from chainrule.nn.layer import Layer
from chainrule.nn.losses.loss import VALUES
from chainrule.training.attending import Patient
from chainrule.training.objective import Supervised

CERTAIN, _ODD, _RATHER_ODD = 0.95, 0.75, 0.5
"""How likely a cause is: so likely that it is tried before the first step, or less."""
_OUT_OF_PROPORTION = 100.0
"""Times the highest usual learning rate, or as many times less than the lowest."""
_MOMENTUM = 0.95
_USUAL_PENALTY, _STRONG_PENALTY = 1e-3, 1e-2
_LARGE, _SMALL = 10.0, 0.1
_EXAMPLES = 1000
_DROPOUT = 0.6
_NARROW = 3  # units in a hidden layer
_DEEP = 10  # layers
_SQUASHING = 3  # layers
_WITH_WEIGHTS = (Dense, Conv1D, Conv2D, SimpleRNN, LSTM, GRU)
_NORMS = (BatchNorm, LayerNorm, GroupNorm)


def unusual(patient: Patient) -> dict[str, float]:
    """Cause -> how likely it is by settings and data alone, from 0 to 1; only causes that they suggest."""
    found: dict[str, float] = {}
    for cause, likely in (*_of_steps(patient), *_of_model(patient), *_of_data(patient)):
        found[cause] = max(likely, found.get(cause, 0.0))
    return found


def _of_steps(patient: Patient) -> Iterator[tuple[str, float]]:
    recipe, examples = patient.recipe, patient.data.examples
    if highest_momentum(recipe.optimizer) > _MOMENTUM:
        yield "momentum_too_high", _ODD
    strongest = max((strength for each in recipe.penalties for strength in _numbers(each)), default=0.0)
    if strongest > _USUAL_PENALTY:
        yield "too_strong_penalty", _RATHER_ODD if strongest < _STRONG_PENALTY else _ODD
    if not recipe.shuffle:
        yield "no_shuffling", _ODD
    if examples is not None and 4 * patient.data.rows(recipe.batch_size) > examples:
        yield "batch_size_too_large", _ODD
    rate = rate_of(recipe.optimizer)
    low, _, high = usual_rates(recipe.optimizer)
    if rate is not None and rate < low:
        yield "learning_rate_too_low", CERTAIN if _OUT_OF_PROPORTION * rate < low else _ODD
    elif rate is not None and rate > high:
        yield "learning_rate_too_high", CERTAIN if rate > _OUT_OF_PROPORTION * high else _ODD


def _of_model(patient: Patient) -> Iterator[tuple[str, float]]:
    model = model_of(patient.recipe)
    if model is None:
        return
    layers = list(innermost(model))
    weighted = [layer for layer in layers if isinstance(layer, _WITH_WEIGHTS)]
    if any(isinstance(each, Dropout | SpatialDropout) and each.rate > _DROPOUT for each in layers):
        yield "too_strong_penalty", _ODD
    if any(_width(layer) <= _NARROW for layer in weighted[:-1]):
        yield "too_small_network", _ODD
    if sum(activation_of(layer) in SQUASHING for layer in layers) >= _SQUASHING:
        yield "saturating_activation", _RATHER_ODD
    helped = any(isinstance(layer, (*_NORMS, Residual)) for layer in every_layer(model))
    if len(weighted) >= _DEEP and not helped:
        yield "missing_normalization", _RATHER_ODD
    if any(isinstance(layer, SimpleRNN) and layer.activation == "relu" for layer in layers):
        yield "exploding_recurrence", _ODD
    yield from _of_initializers(layers)


def _of_data(patient: Patient) -> Iterator[tuple[str, float]]:
    """Numbers that are far from deviation 1 about 0: columns of inputs, and targets that are numbers.

    Not where the network has layers that see to it.
    """
    sample, objective = patient.data.sample, patient.recipe.objective
    if not isinstance(objective, Supervised) or objective.takes_whole_numbers():
        return
    layers = list(innermost(objective.model))
    before = takewhile(lambda layer: not isinstance(layer, _WITH_WEIGHTS), layers)
    scaled = any(isinstance(layer, (Standardize, *_NORMS)) for layer in before)
    if not scaled and any(_is_odd(x) for x in belonging("x", sample.named).values()):
        yield "unscaled_inputs", _RATHER_ODD
    scaled = any(isinstance(layer, Rescale) for layer in layers)
    values = objective.loss.takes == VALUES
    if values and not scaled and any(_is_odd(y) for y in belonging("y", sample.named).values()):
        yield "unscaled_targets", _RATHER_ODD


def _is_odd(array: np.ndarray) -> bool:
    if array.dtype.kind != "f" or not len(array):
        return False
    some = array[:: -(-len(array) // _EXAMPLES)].astype(np.float64)
    columns = some.reshape(-1, array.shape[-1]) if array.ndim > 1 else some[:, None]
    deviation = columns.std(0)
    known = deviation > 0
    if not known.any():
        return False
    largest = np.maximum(deviation, np.abs(columns.mean(0)))[known].max()
    return bool(largest > _LARGE or largest < _SMALL)


def _of_initializers(layers: list[Layer]) -> Iterator[tuple[str, float]]:
    for layer, following in pairwise([*layers, None]):
        if layer is None:
            continue
        given = _settings(layer)
        if isinstance(given.get("weight"), Filled):
            yield "symmetric_weights", _ODD
        elif isinstance(given.get("weight"), Normal | Uniform):
            yield "initial_weights_too_small", _RATHER_ODD
            yield "initial_weights_too_large", _RATHER_ODD
        bias, function = given.get("bias"), activation_of(layer)
        if function in (None, "linear") and following is not None:
            function = activation_of(following)
        if isinstance(bias, Filled) and bias.value < 0 and function == "relu":
            yield "dead_units", _ODD


def _numbers(penalty: Any) -> list[float]:
    values = (getattr(penalty, each.name) for each in fields(penalty))
    return [float(value) for value in values if isinstance(value, int | float)]


def _settings(layer: Layer) -> dict[str, Any]:
    return {each.name: getattr(layer, each.name) for each in fields(layer)}


def _width(layer: Layer) -> int:
    return layer.filters if isinstance(layer, Conv1D | Conv2D) else _settings(layer)["units"]
