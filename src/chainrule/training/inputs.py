"""The examples that a model takes: whole numbers or floats, and within what its layers can look up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from chainrule.data import Arrays, as_arrays, belonging, flattened
from chainrule.data.arrays import as_trained, check_same_length, checked_x
from chainrule.errors import ChainruleError, DataError, ShapeError
from chainrule.executors import Compiled
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn.layer import Lookup, building
from chainrule.program import Program, Trace, Value
from chainrule.training.objective import Supervised, forwarded
from chainrule.training.programs import BLOCK_ROWS, Programs
from chainrule.training.recipe import Recipe
from chainrule.training.step import inputs_of


def arrays_for(
    recipe: Recipe,
    data: Any,
    *,
    columns: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Arrays:
    """The data in the dtypes that the recipe's model takes; the rest is as of `as_arrays`."""
    whole = recipe.objective.takes_whole_numbers()
    return as_arrays(data, dtype=recipe.dtype, whole=whole, columns=columns)


def check_lengths(
    programs: Programs,
    inputs: Mapping[str, np.ndarray],
    known: Mapping[str, tuple[int, ...]],
    held: Mapping[str, np.ndarray | Value],
    who: str,
) -> None:
    """Refuse examples of a structure or shape that the model can't take by the arrays that it has.

    Sequences may be longer or shorter, and images larger, where no layer minds.
    inputs: arrays by name. known: the shapes of the examples that it was trained on, by name. held: the
    model's parameters and state, by name. who: what got the examples.
    Raises ShapeError, naming the layer, or the array that would have to be another; DataError for inputs of
    another structure.
    """
    shapes = {name: array.shape[1:] for name, array in inputs.items()}
    if shapes == known:
        return
    _check_names(programs, inputs, known, who)
    others = [name for name, shape in shapes.items() if shape != known[name]]
    if not others:
        return
    name, shape = others[0], shapes[others[0]]
    called = "" if name == "x" else f"{name} with "
    what = f"{who} got {called}examples of shape {shape}; the model was trained on {known[name]}"
    remedy = "give the same columns, prepared in the same way, as in training"
    if any(len(shapes[each]) != len(known[each]) for each in others):
        raise ShapeError(what, remedy=remedy)
    try:
        program = programs.forward(Arrays(inputs), 1, raw=False)
    except ChainruleError as error:
        raise ShapeError(f"{what}, and can't take these: {error.what}", remedy=remedy) from error
    for value in (*program.parameters, *program.state):
        has = held[value.name].shape if value.name in held else None
        if has != value.shape:
            raise ShapeError(
                f"{what}, and its '{value.name}' has shape {has}, where these need {value.shape}",
                remedy=remedy,
            )


def _check_names(programs: Programs, inputs: Mapping[str, Any], known: Mapping[str, Any], who: str) -> None:
    """A model gets all inputs; what an objective of the user predicts from may be some of them."""
    supervised = isinstance(programs.recipe.objective, Supervised)
    if set(inputs) != set(known) if supervised else not set(inputs) <= set(known):
        raise DataError(
            f"{who} got {' and '.join(inputs)}; the model was trained on {' and '.join(known)}",
            remedy="give inputs in the structure in which training got them",
        )


def blocks_for(
    programs: Programs, x: Any, columns: Mapping[str, Sequence[str]]
) -> tuple[dict[str, np.ndarray], Callable[[slice], dict[str, np.ndarray]]]:
    """New inputs by name as they were given, and a function that makes some examples ready for the model.

    Those of all are never converted at once, unless the model looks up whole numbers.
    Raises as `as_arrays`, of what is wrong in one block when that is made.
    """
    recipe = programs.recipe
    if programs.whole:
        ready = dict(as_arrays((x, None), dtype=recipe.dtype, whole=True, columns=columns).named)
        return ready, lambda rows: {name: array[rows] for name, array in ready.items()}
    dtype = np.dtype(recipe.dtype)
    given = {name: checked_x(name, each, columns.get(name)) for name, each in flattened("x", x).items()}
    check_same_length(given)

    def block(rows: slice) -> dict[str, np.ndarray]:
        try:
            return {name: as_trained(name, array[rows], dtype, whole=False) for name, array in given.items()}
        except DataError:
            for name, array in given.items():  # whose error counts and places what is wrong among all
                as_trained(name, array, dtype, whole=False)
            raise

    return given, block


def check_inputs(programs: Programs, inputs: Mapping[str, np.ndarray]) -> None:
    """Refuse examples with a number that a layer would look up and not find.

    inputs: arrays by name. Looked at is every number that depends on the examples alone, be it one of them or
    computed from them. Raises DataError that names the layer and the first wrong row, counted from 0.
    """
    if not programs.whole:
        return
    rows = len(next(iter(inputs.values())))
    for start in range(0, rows, BLOCK_ROWS):
        part = {name: array[start : start + BLOCK_ROWS] for name, array in inputs.items()}
        key = ("lookups", *((name, array.shape, array.dtype) for name, array in part.items()))
        for lookup, compiled in programs.kept(key, lambda part=part: _lookups(programs.recipe, part)):
            numbers = compiled.run({}, part)["numbers"]
            wrong = np.argwhere((numbers < 0) | (numbers >= lookup.limit))
            if len(wrong):
                raise DataError(
                    f"{lookup.label}: {lookup.what} {numbers[tuple(wrong[0])]} in row {start + wrong[0][0]}; "
                    f"{lookup.source} has {lookup.limit}",
                    remedy=f"number them from 0 to {lookup.limit - 1}, or make {lookup.source} larger",
                )


def check_examples(programs: Programs, arrays: Arrays) -> Program:
    """Refuse examples that the model can't look up and targets that the objective can't take.

    Returns the forward pass of one row with the raw outputs. Raises DataError.
    """
    check_inputs(programs, arrays.inputs.named)
    program = programs.forward(arrays.inputs, 1, raw=True)
    shapes = {name: (len(arrays), *value.shape[1:]) for name, value in program.outputs.items()}
    if arrays.y is not None:
        programs.recipe.objective.check(shapes, belonging("y", arrays.named))
    return program


def _lookups(recipe: Recipe, inputs: Mapping[str, np.ndarray]) -> list[tuple[Lookup, Compiled]]:
    """What is looked up, and how it is computed; without what depends on parameters, which change."""
    trace = Trace()
    with building(trace, training=False, dtype=recipe.dtype) as built:
        shapes = {name: (array.shape, array.dtype.name) for name, array in inputs.items()}
        forwarded(recipe.objective, inputs_of(trace, recipe, shapes), built, raw=True)
    found: list[tuple[Lookup, Compiled]] = []
    for lookup in built.lookups:
        program = trace.program({"numbers": lookup.numbers})
        held = {*program.parameters, *program.state}
        if not any(value in held for step in program.steps for value in step.inputs):
            found.append((lookup, compile_numpy(replace(program, parameters=(), state=()))))
    return found
