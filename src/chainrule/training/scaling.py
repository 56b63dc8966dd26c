"""Weights scaled on data before training: layer-sequential unit variance."""

from collections.abc import Mapping

import numpy as np

from chainrule.errors import DataError
from chainrule.executors import Compile
from chainrule.nn.initializers import LayerSequentialUnitVariance
from chainrule.program import Program, Value, ending_in
from chainrule.training.step import TrainingStep

_MOVING = ("reshape", "transpose", "broadcast_to", "slice")  # the same numbers elsewhere


def scales(step: TrainingStep) -> bool:
    """Whether some weights ask for it."""
    return any(isinstance(each, LayerSequentialUnitVariance) for each in step.initializers.values())


def scale_to_unit_variance(
    step: TrainingStep,
    tree: dict[str, np.ndarray],
    batch: Mapping[str, np.ndarray],
    compiled: Compile,
) -> None:
    """Divide the weights that ask for it by the deviation of their products on this batch, in place.

    In the order in which the forward pass meets them, so that each sees the scaled weights before it.
    batch: the inputs of the step's program. compiled: makes programs ready to run.
    Raises DataError where the products do not vary.
    """
    asked = {
        name: each
        for name, each in step.initializers.items()
        if isinstance(each, LayerSequentialUnitVariance)
    }
    for value, product in _products(step.program, asked) if asked else ():
        program = ending_in(step.program, {"product": product})
        products = compiled(program).run({name: array.copy() for name, array in tree.items()}, batch)
        deviation = float(products["product"].std(dtype=np.float64))
        if not np.isfinite(deviation) or deviation == 0:
            raise DataError(
                f"lsuv: the product of the first batch with '{value.name}' has deviation {deviation:g}",
                remedy="give it data that vary, or initialize this weight by he_normal()",
            )
        tree[value.name] *= asked[value.name].gain / deviation


def _products(program: Program, names: Mapping[str, object]) -> list[tuple[Value, Value]]:
    """(weight, its first product) in the order of the products."""
    origin = {value: value for value in program.parameters if value.name in names}
    found: dict[Value, Value] = {}
    for step in program.steps:
        for weight in [origin[value] for value in step.inputs if value in origin]:
            if step.operation in _MOVING:
                origin[step.output] = weight
            else:
                found.setdefault(weight, step.output)
    return list(found.items())
