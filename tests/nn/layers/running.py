"""Layers of sequences recorded with several inputs, and run in NumPy."""

from collections.abc import Callable, Mapping

import numpy as np

from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import building
from chainrule.program import Tensor, Trace

RANDOM = np.random.default_rng(21)


def recorded(call: Callable[..., Tensor], **inputs: np.ndarray) -> tuple[Trace, Tensor]:
    """The trace, and what `call` makes of the inputs in prediction."""
    trace = Trace()
    tensors = {name: trace.input(name, a.shape, a.dtype.name) for name, a in inputs.items()}
    with building(trace, training=False, dtype="float64"):
        return trace, call(**tensors)


def run(call: Callable[..., Tensor], tree: Mapping[str, np.ndarray], **inputs: np.ndarray) -> np.ndarray:
    """What `call` gives for the inputs in prediction, with these parameters."""
    trace, y = recorded(call, **inputs)
    return compile_numpy(trace.program({"y": y})).run(dict(tree), inputs)["y"]


def parameters(call: Callable[..., Tensor], **inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Random parameters of the shapes that the call asks for."""
    trace, _ = recorded(call, **inputs)
    return {name: RANDOM.normal(size=tensor.shape) for name, tensor in trace.parameters.items()}
