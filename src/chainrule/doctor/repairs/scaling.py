"""Repairs of inputs and targets that are far from mean 0 and deviation 1: scaled within the network."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from chainrule.data import belonging
from chainrule.doctor.repairs.change import Change, with_model
from chainrule.doctor.repairs.steps import is_adaptive, with_rates_times
from chainrule.nn import Activation, Impute, Rescale, Sequential, Standardize, adam
from chainrule.nn.layer import Layer
from chainrule.nn.losses.loss import VALUES
from chainrule.training.attending import Patient
from chainrule.training.objective import Supervised
from chainrule.training.state import RunState

_ADAM = 0.001
_OF_QUARTILES = 1.349  # deviations of a normal distribution lie between them
_FAR = 20.0  # deviations, beyond which a number is far off
_CLIP = 4.0  # deviations
_LEAST_CELLS, _OF_THE_FAR = 5, 0.5
"""Cells that hold one number: so many, and this share of those far off, where it stands for missing ones."""
_MOST_NUMBERS = 1 << 21  # of which the scale is taken


def scale_inputs(patient: Patient, state: RunState) -> Iterator[Change]:
    """Inputs scaled by a first layer, each column or channel by itself.

    Where some are far off, clipped; and where those are one number again and again, it is taken for a missing
    cell.
    """
    del state
    inputs = belonging("x", patient.data.sample.named)
    if len(inputs) != 1 or patient.recipe.objective.takes_whole_numbers():
        return
    (x,) = inputs.values()
    if x.ndim < 2 or not np.isfinite(x).all():
        return
    x = x[:: -(-x.size // _MOST_NUMBERS)]
    recipe = with_model(patient.recipe, lambda model: _in_front(Standardize.of(x), model))
    if recipe is not None:
        yield Change("inputs standardized by the first layer", recipe, anew=True)
    columns = x.reshape(-1, x.shape[-1]).astype(np.float64)
    low, middle, high = np.quantile(columns, (0.25, 0.5, 0.75), axis=0)
    deviation = (high - low) / _OF_QUARTILES
    far = (deviation > 0) & (np.abs(columns - middle) > _FAR * deviation)
    if not far.any():
        return
    numbers, counts = np.unique(columns[far], return_counts=True)
    if counts.max() >= max(_LEAST_CELLS, _OF_THE_FAR * counts.sum()):
        imputing = Impute.of(x, code := float(numbers[counts.argmax()]))
        filled = np.where(columns == code, imputing.values, columns)
        front = Sequential((imputing, Standardize.of(filled)))
        yield _with_front(patient, front, f"the mean in place of {code:g}, a code for missing cells")
    clipping = _clipping(middle, np.where(deviation > 0, deviation, 1.0))
    yield _with_front(
        patient, clipping, f"inputs scaled by their quartiles and clipped at {_CLIP:g} deviations"
    )


def _clipping(middle: np.ndarray, deviation: np.ndarray) -> Layer:
    """Layers that bring what is far from the middle of its column nearer.

    The middle half says how much a column varies: the numbers far off do not change it.
    """
    count = len(middle)
    return Sequential(
        (
            Standardize(tuple(middle.tolist()), tuple((_CLIP * deviation).tolist())),
            Activation("hard_tanh"),
            Rescale(count * (0.0,), count * (_CLIP,)),
        )
    )


def _with_front(patient: Patient, front: Layer, said: str) -> Change:
    recipe = with_model(patient.recipe, lambda model: _in_front(front, model))
    assert recipe is not None
    return Change(said, recipe, anew=True)


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
    if recipe is None:
        return
    said = "outputs scaled to the targets' mean and deviation"
    if is_adaptive(recipe.optimizer):
        yield Change(said, recipe, anew=True)
    else:  # gradients grow with the outputs, and so does the loss
        slower = with_rates_times(recipe.optimizer, 1 / max(rescale.deviation) ** 2)
        yield Change(f"{said}, and the rate to their variance", replace(recipe, optimizer=slower), anew=True)
    adapted = replace(recipe, optimizer=adam(_ADAM))
    if recipe.optimizer != adapted.optimizer:
        yield Change(f"{said}, and Adam at {_ADAM}", adapted, anew=True)


def _in_front(first: Layer, model: Layer) -> Layer:
    layers = model.layers if isinstance(model, Sequential) else (model,)
    return Sequential((first, *layers))
