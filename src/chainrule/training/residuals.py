"""Programs of least squares: the residuals of a block of rows, and their derivatives by all parameters."""

from dataclasses import dataclass

from chainrule.backprop import differentiate
from chainrule.errors import ConfigError
from chainrule.nn.layer import Building, building
from chainrule.program import Program, Tensor, Trace
from chainrule.program import functions as f
from chainrule.program.garbage import no_garbage_collection
from chainrule.program.over_rows import over_rows
from chainrule.training.recipe import Recipe
from chainrule.training.step import Batch, inputs_of

SCALE = "scale"
"""The input with √ of what each row weighs in the mean, (rows,)."""


@dataclass(frozen=True, eq=False)
class ResidualPrograms:
    """For blocks of `rows` rows, of which each has `width` residuals.

    squares: 'loss', Σ (scale r)². normal: also 'slope', Jᵀ r, and 'matrix', JᵀJ, of residuals times scale,
    with the parameters one after the other.
    """

    rows: int
    width: int
    squares: Program
    normal: Program


def width_of(recipe: Recipe, batch: Batch) -> int:
    """The residuals of one example. Raises ConfigError for an objective that is no sum of squares."""
    trace = Trace()
    width = _residuals(recipe, trace, _of_rows(batch, 1))[0].shape[1]
    trace.release()
    return width


@no_garbage_collection()
def residual_programs(recipe: Recipe, batch: Batch, rows: int) -> ResidualPrograms:
    """The programs for blocks of this many rows.

    Raises ConfigError for an objective that is no sum of squares, and where examples are not independent:
    with dropout, or state that training updates; ChainruleError, naming the layer, for operations that are
    not repeated over rows.
    """
    trace = Trace()
    residuals, _ = _residuals(recipe, trace, _of_rows(batch, rows))
    scaled = residuals * trace.input(SCALE, (rows,), recipe.dtype).reshape(rows, 1)
    squares = trace.program({"loss": f.dot(scaled, scaled)})
    trace.release()
    one = _one_example(recipe, batch)
    trace = Trace()
    given = [trace.input(name, *form) for name, form in _of_rows(batch, rows).inputs.items()]
    given.append(trace.input(SCALE, (rows,), recipe.dtype))
    inputs = [each.reshape(rows, 1, *each.shape[1:]) for each in given]
    held = {v.name: trace.parameter(v.name, v.shape, v.dtype) for v in one.parameters}
    held |= {v.name: trace.state(v.name, v.shape, v.dtype) for v in one.state}
    found, slopes = over_rows(one, inputs, held, rows)  # (rows, 1, width), (rows, width, parameters)
    width, count = slopes.shape[1:]
    r, jacobian = found.reshape(rows * width, 1), slopes.reshape(rows * width, count)
    turned = jacobian.transpose()
    results = {"loss": f.dot(r, r), "slope": (turned @ r).reshape(count), "matrix": turned @ jacobian}
    normal = trace.program(results)
    trace.release()
    return ResidualPrograms(rows, width, squares, normal)


def _one_example(recipe: Recipe, batch: Batch) -> Program:
    """The residuals of one example by its scale, (1, width), and their derivatives, (width, parameters)."""
    trace = Trace()
    residuals, built = _residuals(recipe, trace, _of_rows(batch, 1))
    if built.updates or built.rows:
        names = sorted({t.value.name for t in built.updates} | set(built.rows))
        raise ConfigError(
            f"{type(recipe.optimizer).__name__} needs examples that are independent of each other, and a "
            f"step also changes '{names[0]}'",
            remedy="leave out dropout and batch normalization, or choose nn.adam()",
        )
    residuals = residuals * trace.input(SCALE, (1,), recipe.dtype).reshape(1, 1)
    parameters = tuple(trace.parameters.values())
    rows = []
    for number in range(residuals.shape[1]):
        deltas = differentiate(residuals[0, number], parameters)
        rows.append(f.concatenate([deltas[p.value].reshape(1, p.size) for p in parameters], 1))
    program = trace.program({"residuals": residuals, "slopes": f.concatenate(rows, 0)})
    trace.release()
    return program


def _residuals(recipe: Recipe, trace: Trace, batch: Batch) -> tuple[Tensor, Building]:
    inputs = inputs_of(trace, recipe, batch.inputs)
    objective = recipe.objective
    with building(trace, training=True, dtype=recipe.dtype) as built, built.holding(objective.layers()):
        residuals = objective.residuals(inputs)
    if residuals is None:
        name = type(recipe.optimizer).__name__
        raise ConfigError(
            f"{name} needs a loss that is a sum of squares",
            remedy="choose mean_squared_error, or another optimizer, such as nn.ScaledConjugateGradient()",
        )
    return residuals, built


def _of_rows(batch: Batch, rows: int) -> Batch:
    """The batch with so many rows, and without weights."""
    shapes = {n: ((rows, *shape[1:]), dtype) for n, (shape, dtype) in batch.inputs.items() if n != "weight"}
    return Batch(shapes)
