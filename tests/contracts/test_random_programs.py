"""Small programs made at random: their derivatives match the slopes, whatever is put together."""

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.backprop import check_direction
from chainrule.executors.numpy_ import NumpyProgram, compile_numpy
from chainrule.program import Program, Tensor
from chainrule.program import functions as f

# Smooth, and tame enough that no chain of them overflows: every value stays within a few units.
UNARY: Mapping[str, Callable[[Tensor], Tensor]] = {
    "tanh": f.tanh,
    "sin": f.sin,
    "cos": f.cos,
    "sigmoid": f.sigmoid,
    "erf": f.erf,
    "gelu": lambda x: f.gelu(f.sin(x)),
    "exp": lambda x: f.exp(f.cos(x)),
    "expm1": lambda x: f.expm1(f.sin(x)),
    "log": lambda x: f.log(x * x + 1.0),
    "log1p": lambda x: f.log1p(x * x),
    "sqrt": lambda x: f.sqrt(x * x + 0.5),
    "softplus": lambda x: f.softplus(f.tanh(x)),
    "power": lambda x: (f.sin(x) + 2.0) ** f.cos(x),
    "softmax": lambda x: f.softmax(x) if x.ndim else x,
    "negative": lambda x: -x,
    "held": lambda x: x + f.stop_gradient(x.trace.constant(0.5, x.dtype)),
}
SHAPING: Mapping[str, Callable[[Tensor], Tensor]] = {
    "flat": lambda x: x.reshape(-1),
    "turned": lambda x: x.transpose(*reversed(range(x.ndim))) if x.ndim else x,
    "summed": lambda x: x.sum(0) if x.ndim else x,
    "summed_kept": lambda x: x.sum(-1, keepdims=True) if x.ndim else x,
    "mean": lambda x: x.mean(),
    "every_other": lambda x: x[::2] if x.ndim else x,
    "last": lambda x: x[..., -1] if x.ndim else x,
    "new_axis": lambda x: x[None] if x.ndim < 3 else x,
    "padded": lambda x: f.pad(x, (1,) * x.ndim, (0,) * x.ndim, (1,) * x.ndim) if x.size < 40 else x,
    "twice": lambda x: f.concatenate([x, x], 0) if x.ndim and x.size < 40 else x,
    "repeated": lambda x: f.broadcast_to(x, (2, *x.shape)) if x.ndim < 3 and x.size < 40 else x,
    "gathered": lambda x: f.gather(x, x.trace.constant(np.zeros(2, "i4"), "int32")) if x.ndim else x,
    "squared_matrix": lambda x: f.tanh(x @ x.transpose()) if x.ndim > 1 else x,
}
BINARY: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: f.tanh(x) * y,
    "divide": lambda x, y: x / (y * y + 1.0),
    "where": lambda x, y: f.where(x.trace.constant(True, "bool"), x * y, y),
}


@lru_cache(maxsize=2)
def compiled(program: Program) -> NumpyProgram:
    return compile_numpy(program)


def run(program: Program, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    return compiled(program).run({}, inputs)


def fits(x: Tensor, y: Tensor) -> bool:
    return all(1 in (a, b) or a == b for a, b in zip(reversed(x.shape), reversed(y.shape), strict=False))


@st.composite
def recipes(draw: st.DrawFn) -> tuple[list[tuple[int, ...]], list[tuple[str, int, int]]]:
    """Shapes of the arguments, and steps: name, which value, which second value (counted from the newest)."""
    shape = st.sampled_from([(), (3,), (2, 3), (2, 1), (1, 3), (2, 2, 3)])
    shapes = draw(st.lists(shape, min_size=1, max_size=3))
    names = st.sampled_from([*UNARY, *SHAPING, *BINARY])
    step = st.tuples(names, st.integers(0, 3), st.integers(0, 6))
    return shapes, draw(st.lists(step, min_size=1, max_size=8))


def follow(steps: list[tuple[str, int, int]], arguments: tuple[Tensor, ...]) -> Tensor:
    values = list(arguments)
    for name, first, second in steps:
        x, y = values[-1 - first % len(values)], values[-1 - second % len(values)]
        if name in BINARY:
            values.append(BINARY[name](x, y if fits(x, y) else x))
        else:
            values.append((UNARY.get(name) or SHAPING[name])(x))
    return f.concatenate([value.reshape(-1) for value in values])


@settings(derandomize=True, deadline=None, max_examples=120, database=None)
@given(recipe=recipes(), order=st.sampled_from([1, 1, 2]))
def test_derivative_of_a_random_program_matches_the_slope(recipe, order: int):
    shapes, steps = recipe
    random = np.random.default_rng(0)
    arguments = [random.normal(size=shape) for shape in shapes]
    check_direction(lambda *tensors: follow(steps, tensors), arguments, run, order=order, relative=1e-6)
