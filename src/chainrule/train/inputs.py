"""The examples that a model takes: whole numbers or floats, and within what its layers can look up."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.data import Arrays, as_arrays
from chainrule.errors import ChainruleError, DataError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn.layer import Lookup, building
from chainrule.program import Trace
from chainrule.train.programs import Programs
from chainrule.train.recipe import Recipe


def arrays_for(
    recipe: Recipe,
    data: Any,
    *,
    columns: Sequence[str] | None = None,
    targets: Sequence[str] | None = None,
) -> Arrays:
    """The data in the dtypes that the recipe's model takes; the rest is as of `as_arrays`."""
    whole = recipe.model.takes_whole_numbers()
    return as_arrays(data, dtype=recipe.dtype, whole=whole, columns=columns, targets=targets)


def check_lengths(
    programs: Programs, arrays: Arrays, known: tuple[int, ...], held: Mapping[str, tuple[int, ...]], who: str
) -> None:
    """Refuse examples of a shape that the model can't take by the arrays that it has.

    Sequences may be longer or shorter, and images larger, where no layer minds. known: the shape of the
    examples that it was trained on. held: the shapes of the model's parameters and state, by name. who: what
    got the examples. Raises ShapeError, naming the layer, or the array that would have to be another.
    """
    shape = arrays.x.shape[1:]
    if shape == known:
        return
    what = f"{who} got examples of shape {shape}; the model was trained on {known}"
    remedy = "give the same columns, prepared in the same way, as in training"
    if len(shape) != len(known):
        raise ShapeError(what, remedy=remedy)
    try:
        program = programs.forward(arrays, 1, raw=False)
    except ChainruleError as error:
        raise ShapeError(f"{what}, and can't take these: {error.what}", remedy=remedy) from error
    for value in (*program.parameters, *program.state):
        if held.get(value.name) != value.shape:
            raise ShapeError(
                f"{what}, and its '{value.name}' has shape {held.get(value.name)}, where these need "
                f"{value.shape}",
                remedy=remedy,
            )


def check_inputs(recipe: Recipe, x: np.ndarray) -> None:
    """Refuse examples with a number that a layer would look up and not find.

    Looked at is every number that depends on the examples alone, be it one of them or computed from them.
    Raises DataError that names the layer and the first wrong row, counted from 0.
    """
    if not recipe.model.takes_whole_numbers():
        return
    trace = Trace()
    with building(trace, training=False, dtype=recipe.dtype) as built:
        recipe.model(trace.input("x", x.shape, x.dtype.name))
    for lookup in built.lookups:
        numbers = _computed(trace, lookup, x)
        wrong = np.argwhere((numbers < 0) | (numbers >= lookup.limit))
        if len(wrong):
            raise DataError(
                f"{lookup.label}: {lookup.what} {numbers[tuple(wrong[0])]} in row {wrong[0][0]}; "
                f"{lookup.source} has {lookup.limit}",
                remedy=f"number them from 0 to {lookup.limit - 1}, or make {lookup.source} larger",
            )


def _computed(trace: Trace, lookup: Lookup, x: np.ndarray) -> np.ndarray:
    """The numbers for all examples; none where they depend on parameters, which change."""
    program = trace.program({"numbers": lookup.numbers})
    held = {*program.parameters, *program.state}
    if any(value in held for step in program.steps for value in step.inputs):
        return np.empty((0,), np.int32)
    return compile_numpy(replace(program, parameters=(), state=())).run({}, {"x": x})["numbers"]
