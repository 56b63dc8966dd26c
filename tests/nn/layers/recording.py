"""Layers recorded and run in NumPy."""

import numpy as np

from chainrule.executors.numpy_ import NumpyProgram, compile_numpy
from chainrule.nn import Layer, building
from chainrule.nn.layer import RANDOM_KEY
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


def drawn(layer: Layer, x: np.ndarray, seed: int = 3) -> np.ndarray:
    """What the layer makes of x in training."""
    return compiled(layer, *x.shape, training=True, dtype=x.dtype.name).run(_key(seed), {"x": x})["y"]


def drawn_beside(
    layer: Layer, x: np.ndarray, beside: str, array: np.ndarray, *, training: bool = True, **options: object
) -> tuple[np.ndarray, np.ndarray]:
    """x and its 'mask' or 'boxes', as the layer moves both."""
    trace = Trace()
    tensors = [trace.input(name, a.shape, a.dtype.name) for name, a in (("x", x), (beside, array))]
    with building(trace, training=training):
        moved = layer(tensors[0], **{beside: tensors[1]}, **options)
    program = trace.program(dict(zip(("x", beside), moved, strict=True)))
    y = compile_numpy(program).run(_key(3), {"x": x, beside: array})
    return y["x"], y[beside]


def _key(seed: int) -> dict[str, np.ndarray]:
    return {RANDOM_KEY: np.array([seed, 0], np.uint32)}
