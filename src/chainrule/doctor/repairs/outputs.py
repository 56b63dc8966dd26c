"""Repairs of what the network gives and what it is measured by: output activation and width, loss."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from chainrule.data import belonging
from chainrule.doctor.repairs.change import Change, with_model
from chainrule.doctor.surgery import activation_of, last_with_weights, output_mapped, with_activation
from chainrule.doctor.yardstick import class_numbers, class_weights
from chainrule.nn import (
    Activation,
    BinaryCrossEntropy,
    ClassWeighted,
    Dense,
    GaussianNegativeLogLikelihood,
    Loss,
    MeanOfMembers,
    MeanSquaredError,
    MultiOutputLoss,
    Quantile,
    SoftmaxCrossEntropy,
    glorot_uniform,
    zeros,
)
from chainrule.nn.layer import Layer
from chainrule.nn.losses.classification import (
    BinaryCrossEntropyOfProbabilities,
    CategoricalCrossEntropyOfProbabilities,
)
from chainrule.nn.losses.loss import LOGITS, PROBABILITIES, VALUES
from chainrule.training.attending import Patient
from chainrule.training.objective import Supervised
from chainrule.training.recipe import Recipe
from chainrule.training.state import RunState

_UNEVEN = 2.0
"""Times as many examples as the rarest class has: what the most frequent one has at least."""
_OF_PROBABILITIES = {
    BinaryCrossEntropyOfProbabilities: "sigmoid",
    CategoricalCrossEntropyOfProbabilities: "softmax",
}


def fit_output(patient: Patient, state: RunState) -> Iterator[Change]:
    """The output activation that the loss asks for: none, or for losses of probabilities theirs."""
    del state
    objective = patient.recipe.objective
    if not isinstance(objective, Supervised):
        return
    loss, now = objective.loss, _output_activation(objective.model)
    if loss.takes in (LOGITS, VALUES) and now not in (None, "linear"):
        recipe = with_model(patient.recipe, _linear_output)
        if recipe is not None:
            yield Change(f"no {now} at the output, for {type(loss).__name__}", recipe)
            yield Change(
                f"no {now} at the output, for {type(loss).__name__}, from the start", recipe, anew=True
            )
    wanted = _OF_PROBABILITIES.get(type(loss))
    if loss.takes == PROBABILITIES and wanted is not None and now != wanted:
        recipe = with_model(patient.recipe, lambda model: _output(model, wanted))
        if recipe is not None:
            yield Change(f"{wanted} at the output, for {type(loss).__name__}", recipe, anew=True)


def fit_loss(patient: Patient, state: RunState) -> Iterator[Change]:
    """Cross-entropy on raw outputs, one for each class, where the targets are classes; else squared error.

    One output stays one where it decides between two classes. Quantiles and variances stay what was asked
    for: a squared error would answer another question.
    """
    del state
    objective = patient.recipe.objective
    targets = belonging("y", patient.data.sample.named)
    if not isinstance(objective, Supervised) or len(targets) != 1:
        return
    now = objective.loss.of_one()
    if isinstance(now, Quantile | GaussianNegativeLogLikelihood):
        return
    (y,) = targets.values()
    loss, units = _loss_for(y, now, numbers=now.takes == VALUES)
    if type(loss) is type(now) and _output_activation(objective.model) in (None, "linear"):
        return
    recipe = _with_output(patient.recipe, loss, units)
    if recipe is not None:
        what = "output" if units == 1 else "outputs"
        yield Change(f"{type(loss).__name__} of {units} linear {what}", recipe, anew=True)


def weigh_classes(patient: Patient, state: RunState) -> Iterator[Change]:
    """Examples of rare classes weigh more in the loss, so that all classes count alike."""
    del state
    objective = patient.recipe.objective
    targets = belonging("y", patient.data.sample.named)
    if not isinstance(objective, Supervised) or len(targets) != 1 or patient.data.sample.weight is not None:
        return
    (y,) = targets.values()
    classes = class_numbers(y, 2)
    if classes is None or isinstance(objective.loss, ClassWeighted | MeanOfMembers | MultiOutputLoss):
        return
    (output,) = patient.programs.forward(patient.data.sample.inputs, 1, raw=True).outputs.values()
    weights = class_weights(classes, max(2, int(np.prod(output.shape[1:]))))
    if weights.max() < _UNEVEN * weights.min():
        return
    weighted = replace(objective, loss=ClassWeighted(objective.loss, tuple(np.round(weights, 4).tolist())))
    yield Change(
        "rare classes weighted, so that all count alike", replace(patient.recipe, objective=weighted)
    )


def _loss_for(y: np.ndarray, now: Loss, *, numbers: bool) -> tuple[Loss, int]:
    """The usual loss for these targets, and how many outputs it needs. numbers: whether they may be such."""
    width = int(np.prod(y.shape[1:]))
    classes = class_numbers(y, 1 if numbers else 2)
    if classes is not None and y.dtype.kind in "iu" and y.ndim == 1:
        if isinstance(now, BinaryCrossEntropy | BinaryCrossEntropyOfProbabilities) and classes.max() <= 1:
            return BinaryCrossEntropy(), 1
        return SoftmaxCrossEntropy(), max(2, int(y.max(initial=0)) + 1)
    if classes is not None and width > 1:
        return SoftmaxCrossEntropy(), width
    if np.isin(y, (0, 1)).all():
        return BinaryCrossEntropy(), width
    return MeanSquaredError(), width


def _with_output(recipe: Recipe, loss: Loss, units: int) -> Recipe | None:
    """The recipe with another loss and, where its last layer is dense, so many linear outputs."""
    assert isinstance(recipe.objective, Supervised)
    last = last_with_weights(recipe.objective.model)
    if not isinstance(last, Dense):
        return None

    def changed(layer: Layer) -> Layer:
        return Dense(units, None, glorot_uniform(), zeros) if layer is last else layer

    model = _linear_output(output_mapped(recipe.objective.model, changed))
    return replace(recipe, objective=replace(recipe.objective, model=model, loss=loss))


def _output_activation(model: Layer) -> str | None:
    """The name of the last activation at the output; None where there is none."""
    found: list[str] = []

    def seen(layer: Layer) -> Layer:
        function = activation_of(layer)
        if function is not None:
            found.append(function)
        return layer

    output_mapped(model, seen)
    return found[-1] if found else None


def _linear_output(model: Layer) -> Layer:
    def linear(layer: Layer) -> Layer | tuple[Layer, ...]:
        if isinstance(layer, Activation):
            return ()
        return replace(layer, activation=None) if activation_of(layer) is not None else layer

    return output_mapped(model, linear)


def _output(model: Layer, function: str) -> Layer:
    last = last_with_weights(model)
    return output_mapped(
        _linear_output(model),
        lambda layer: with_activation(layer, function) if type(layer) is type(last) else layer,
    )
