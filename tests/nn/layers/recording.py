"""Layers recorded and run in NumPy."""

import numpy as np

from chainrule.executors.numpy_ import NumpyProgram, compile_numpy
from chainrule.nn import Layer, building
from chainrule.program import Trace


def compiled(layer: Layer, *shape: int, training: bool = False, dtype: str = "float64") -> NumpyProgram:
    """A program from 'x' of this shape to 'y' that updates what the layer keeps."""
    trace = Trace()
    with building(trace, training=training) as built:
        y = layer(trace.input("x", shape, dtype))
    return compile_numpy(trace.program({"y": y}, built.updates))


def output(
    layer: Layer, x: np.ndarray, tree: dict[str, np.ndarray] | None = None, *, training: bool = False
) -> np.ndarray:
    """What the layer makes of x with these parameters and state; state in `tree` is updated in place."""
    program = compiled(layer, *x.shape, training=training, dtype=x.dtype.name)
    return program.run({} if tree is None else tree, {"x": x})["y"]
