"""The examples that a model takes: whole numbers or floats, and within what its layers can look up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from chainrule.data import Arrays, as_arrays
from chainrule.data.arrays import checked_x, finite_floats
from chainrule.errors import ChainruleError, DataError, ShapeError
from chainrule.executors import Compiled
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn.layer import Lookup, building
from chainrule.program import Trace, Value
from chainrule.training.programs import BLOCK_ROWS, Programs
from chainrule.training.recipe import Recipe


def arrays_for(
    recipe: Recipe,
    data: Any,
    *,
    columns: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Arrays:
    """The data in the dtypes that the recipe's model takes; the rest is as of `as_arrays`."""
    whole = recipe.model.takes_whole_numbers()
    return as_arrays(data, dtype=recipe.dtype, whole=whole, columns=columns)


def check_lengths(
    programs: Programs,
    x: np.ndarray,
    known: tuple[int, ...],
    held: Mapping[str, np.ndarray | Value],
    who: str,
) -> None:
    """Refuse examples of a shape that the model can't take by the arrays that it has.

    Sequences may be longer or shorter, and images larger, where no layer minds. known: the shape of the
    examples that it was trained on. held: the model's parameters and state, by name. who: what got the
    examples. Raises ShapeError, naming the layer, or the array that would have to be another.
    """
    shape = x.shape[1:]
    if shape == known:
        return
    what = f"{who} got examples of shape {shape}; the model was trained on {known}"
    remedy = "give the same columns, prepared in the same way, as in training"
    if len(shape) != len(known):
        raise ShapeError(what, remedy=remedy)
    try:
        program = programs.forward(Arrays.of(x), 1, raw=False)
    except ChainruleError as error:
        raise ShapeError(f"{what}, and can't take these: {error.what}", remedy=remedy) from error
    for value in (*program.parameters, *program.state):
        has = held[value.name].shape if value.name in held else None
        if has != value.shape:
            raise ShapeError(
                f"{what}, and its '{value.name}' has shape {has}, where these need {value.shape}",
                remedy=remedy,
            )


def blocks_for(
    programs: Programs, x: Any, columns: Mapping[str, Sequence[str]]
) -> tuple[np.ndarray, Callable[[slice], np.ndarray]]:
    """New examples as they were given, and a function that makes some of them ready for the model.

    Those of all are never converted at once, unless the model looks up whole numbers.
    Raises as `as_arrays`, of what is wrong in one block when that is made.
    """
    recipe = programs.recipe
    if programs.whole:
        ready = as_arrays((x, None), dtype=recipe.dtype, whole=True, columns=columns).x
        return ready, ready.__getitem__
    given, dtype = checked_x("x", x, columns.get("x")), np.dtype(recipe.dtype)

    def block(rows: slice) -> np.ndarray:
        try:
            return finite_floats(given[rows], "x", dtype)
        except DataError:
            finite_floats(given, "x", dtype)  # whose error counts and places what is wrong among all
            raise

    return given, block


def check_inputs(programs: Programs, x: np.ndarray) -> None:
    """Refuse examples with a number that a layer would look up and not find.

    Looked at is every number that depends on the examples alone, be it one of them or computed from them.
    Raises DataError that names the layer and the first wrong row, counted from 0.
    """
    if not programs.whole:
        return
    for start in range(0, len(x), BLOCK_ROWS):
        part = x[start : start + BLOCK_ROWS]
        key = ("lookups", part.shape, part.dtype)
        for lookup, compiled in programs.kept(key, lambda part=part: _lookups(programs.recipe, part)):
            numbers = compiled.run({}, {"x": part})["numbers"]
            wrong = np.argwhere((numbers < 0) | (numbers >= lookup.limit))
            if len(wrong):
                raise DataError(
                    f"{lookup.label}: {lookup.what} {numbers[tuple(wrong[0])]} in row {start + wrong[0][0]}; "
                    f"{lookup.source} has {lookup.limit}",
                    remedy=f"number them from 0 to {lookup.limit - 1}, or make {lookup.source} larger",
                )


def _lookups(recipe: Recipe, x: np.ndarray) -> list[tuple[Lookup, Compiled]]:
    """What is looked up, and how it is computed; without what depends on parameters, which change."""
    trace = Trace()
    with building(trace, training=False, dtype=recipe.dtype) as built:
        recipe.model(trace.input("x", x.shape, x.dtype.name))
    found: list[tuple[Lookup, Compiled]] = []
    for lookup in built.lookups:
        program = trace.program({"numbers": lookup.numbers})
        held = {*program.parameters, *program.state}
        if not any(value in held for step in program.steps for value in step.inputs):
            found.append((lookup, compile_numpy(replace(program, parameters=(), state=()))))
    return found
