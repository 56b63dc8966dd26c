"""Changing layers within a model: every repair of a model goes through here."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from itertools import count
from typing import Any

from chainrule.nn import Activation, Conv1D, Conv2D, Dense, Sequential
from chainrule.nn.layer import Layer
from chainrule.nn.part import is_ours
from chainrule.training.objective import Supervised
from chainrule.training.recipe import Recipe

LayerChange = Callable[[Layer], "Layer | Sequence[Layer]"]
"""What becomes of a layer: itself, another, or several in its place."""

WITH_ACTIVATION = (Dense, Conv1D, Conv2D)
"""Layers with weights that may end in an activation."""


def mapped(layer: Layer, change: LayerChange) -> Layer:
    """The model with every innermost layer changed; layers that hold layers stay as they are around them.

    Several in the place of one stand in the sequence that it stood in, or in one of their own.
    """
    done = _mapped(layer, change)
    return done if isinstance(done, Layer) else Sequential(tuple(done))


def _mapped(layer: Layer, change: LayerChange) -> "Layer | Sequence[Layer]":
    held = _held(layer)
    if not held:
        return change(layer)
    changed: dict[str, Any] = {}
    for name, value in held.items():
        if isinstance(value, Layer):
            changed[name] = mapped(value, change)
        else:
            together: list[Layer] = []
            for each in value:
                done = _mapped(each, change)
                together += [done] if isinstance(done, Layer) else done
            changed[name] = tuple(together)
    return replace(layer, **changed)


def _held(layer: Layer) -> dict[str, Any]:
    """The fields that are layers, or sequences of layers."""
    values = {each.name: getattr(layer, each.name) for each in fields(layer)}
    return {name: value for name, value in values.items() if _is_layers(value)}


def _is_layers(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return bool(value) and all(isinstance(each, Layer) for each in value)
    return isinstance(value, Layer)


def innermost(layer: Any) -> Iterator[Layer]:
    """The layers that hold no others, in the order of the fields."""
    for each in layer if isinstance(layer, tuple | list) else (layer,):
        held = _held(each)
        if not held:
            yield each
        for inner in held.values():
            yield from innermost(inner)


def every_layer(layer: Layer) -> Iterator[Layer]:
    """The layer, and all that it holds."""
    yield layer
    for held in _held(layer).values():
        for each in held if isinstance(held, tuple | list) else (held,):
            yield from every_layer(each)


def own_parts(recipe: Recipe) -> list[str]:
    """The names of the user's own classes, which no repair can look into: layers, or the objective."""
    objective = recipe.objective
    kinds: list[type] = [type(objective)]
    if isinstance(objective, Supervised):
        kinds = [*dict.fromkeys(map(type, innermost(objective.model)))]
    return [kind.__name__ for kind in kinds if not is_ours(kind)]


def activation_of(layer: Layer) -> str | None:
    """The name of the activation that a layer is or ends in; None where it has none."""
    if isinstance(layer, Activation):
        return layer.function
    if isinstance(layer, WITH_ACTIVATION):
        return layer.activation
    return None


def with_activation(layer: Layer, name: str) -> Layer:
    """The same layer with another activation in the place of its own."""
    if isinstance(layer, Activation):
        return replace(layer, function=name)
    if isinstance(layer, WITH_ACTIVATION):
        return replace(layer, activation=name)
    return layer


def last_with_weights(model: Layer) -> Layer | None:
    """The last of the innermost layers that has weights and may end in an activation."""
    found = [each for each in innermost(model) if isinstance(each, WITH_ACTIVATION)]
    return found[-1] if found else None


def hidden_mapped(model: Layer, change: LayerChange) -> Layer:
    """The model with its innermost layers changed, but for the last one with weights and what follows it."""
    return _one_side_mapped(model, change, hidden=True)


def output_mapped(model: Layer, change: LayerChange) -> Layer:
    """The model with the last layer with weights and what follows it changed."""
    return _one_side_mapped(model, change, hidden=False)


def _one_side_mapped(model: Layer, change: LayerChange, *, hidden: bool) -> Layer:
    layers, last = list(innermost(model)), last_with_weights(model)
    place = max((number for number, each in enumerate(layers) if each is last), default=len(layers))
    numbers = count()

    def changed(layer: Layer) -> "Layer | Sequence[Layer]":
        return change(layer) if (next(numbers) < place) == hidden else layer

    return mapped(model, changed)
