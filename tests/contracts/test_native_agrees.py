"""The native executor against NumPy: random programs, and the same bits for any number of threads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.executors.native import available, compile_native, schedule
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Program, Tensor, Trace
from chainrule.program import functions as f

pytestmark = pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")

BATCH, EXAMPLES = 4, 7

# Tame enough that no chain of them overflows, and without jumps, where the last bit would decide.
UNARY: Mapping[str, Callable[[Tensor], Tensor]] = {
    "negative": lambda x: -x,
    "absolute": abs,
    "exp": lambda x: f.exp(f.minimum(x, 1.0)),
    "expm1": lambda x: f.expm1(f.minimum(x, 1.0)),
    "log": lambda x: f.log(x * x + 1.0),
    "log1p": lambda x: f.log1p(abs(x)),
    "sqrt": lambda x: f.sqrt(x * x + 0.5),
    "sin": f.sin,
    "cos": f.cos,
    "tanh": f.tanh,
    "sigmoid": f.sigmoid,
    "softplus": f.softplus,
    "erf": f.erf,
    "gelu": f.gelu,
    "relu": f.relu,
    "held": f.stop_gradient,
    "finite": lambda x: x * f.isfinite(x).cast(x.dtype),
    "power": lambda x: (f.sin(x) + 2.0) ** f.cos(x),
    "softmax": lambda x: f.softmax(x) if x.ndim and x.shape[-1] else x,
    "centred": lambda x: x - x.mean(-1, keepdims=True) if x.ndim else x,
    "sum of all": lambda x: x.mean(),
    "sum": lambda x: x.sum(0) * 0.5 if x.ndim else x,
    "sum kept": lambda x: x.sum(-1, keepdims=True) if x.ndim else x,
    "max": lambda x: x.max(-1) if x.ndim and x.shape[-1] else x,
    "min": lambda x: x.min(0, keepdims=True) if x.ndim and x.shape[0] else x,
    "outer sums": lambda x: x.sum((0, x.ndim - 1)) if x.ndim > 1 else x,
    "flat": lambda x: x.reshape(-1),
    "rows": lambda x: x.reshape(x.shape[0], -1) if x.ndim and x.size else x,
    "turned": lambda x: x.transpose(*reversed(range(x.ndim))) if x.ndim else x,
    "swapped": lambda x: x.transpose() if x.ndim > 1 else x,
    "rolled": lambda x: x.transpose(*range(1, x.ndim), 0) if x.ndim else x,
    "every other": lambda x: x[::2] if x.ndim else x,
    "rest": lambda x: x[1:] if x.ndim else x,
    "last column": lambda x: x[..., -1] if x.ndim and x.shape[-1] else x,
    "new axis": lambda x: x[None] if x.ndim < 4 else x,
    "padded": lambda x: f.pad(x, (1,) * x.ndim, (0,) * x.ndim, (1,) * x.ndim) if x.size < 90 else x,
    "twice": lambda x: f.concatenate([x, x], 0) if x.ndim and x.size < 800 else x,
    "repeated": lambda x: f.broadcast_to(x, (2, *x.shape)) if x.ndim < 4 and x.size < 800 else x,
    "gathered": lambda x: f.gather(x, whole(x, [0, -1, 0])) if x.ndim and x.shape[0] else x,
    "gathered columns": lambda x: f.gather(x, whole(x, [-1, 0]), x.ndim - 1) if x.ndim and x.shape[-1] else x,
    "scattered": lambda x: (
        f.scatter_add(x, whole(x, [0, 0]), f.sin(pair(x)), 0) if x.ndim and x.shape[0] else x
    ),
    "squares": lambda x: f.tanh(x @ x.transpose()) if x.ndim > 1 else x,
    "squares of columns": lambda x: f.tanh(x.transpose() @ x) if x.ndim > 1 and x.shape[-1] < 60 else x,
    "size": f.root_mean_square,
    "running": lambda x: f.cumsum(x, axis=-1) * 0.1 if x.ndim else x,
    "pooled": lambda x: f.max_pool(x, 2, stride=1) if x.ndim == 3 and x.shape[1] > 1 else x,
    "averaged": lambda x: f.average_pool(x, 2, padding=[(1, 1)]) if x.ndim == 3 and x.shape[1] else x,
    "resized": lambda x: f.resize(x, (3,), "linear") if x.ndim == 3 and x.shape[1] else x,
    "looped": lambda x: (
        f.scan(fading, [x[0] * 0.5], [x], reverse=True).outputs[0] if x.ndim and x.shape[0] else x
    ),
    "random": lambda x: x * random_like(x),
    "random bytes": lambda x: x * random_bytes(x),
}
BINARY: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: f.tanh(x) * y,
    "divide": lambda x, y: x / (y * y + 1.0),
    "maximum": f.maximum,
    "minimum": f.minimum,
    "larger": lambda x, y: f.where(x > y, x, y),
    "smaller": lambda x, y: f.where(f.logical_not(x <= y), y, x),
    "between": lambda x, y: f.where(f.logical_and(x < y, y >= 0.0), y - x, x - x),
}


def whole(x: Tensor, numbers: list[int]) -> Tensor:
    places = [number % x.shape[0] if number >= 0 else number for number in numbers]
    return x.trace.constant(np.array(places, "i4"), "int32")


def fading(
    carries: list[Tensor], elements: list[Tensor], _: list[Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    """A carry that forgets half of itself at every step."""
    h = carries[0] * 0.5 + elements[0]
    return [h], [f.tanh(h) + elements[0]]


def pair(x: Tensor) -> Tensor:
    return f.concatenate([x[:1], x[:1]], 0)


def random_like(x: Tensor) -> Tensor:
    """Multiples of 2⁻²⁴ in either width, so that both draw the same."""
    bits = f.random_bits(x.trace.states["key"], x.shape, stream=7)
    return x.trace.record("shift_right", bits, x.trace.constant(8, "uint32")).cast(x.dtype) * 2.0**-24


def random_bytes(x: Tensor) -> Tensor:
    """Multiples of 2⁻⁸, moved about as bytes."""
    some = f.random_bits(x.trace.states["key"], (*x.shape, 2), stream=8).cast("uint8")
    return f.concatenate([some[..., 1:], some], x.ndim)[..., -1].cast(x.dtype) * 2.0**-8


def fits(x: Tensor, y: Tensor) -> bool:
    return all(1 in (a, b) or a == b for a, b in zip(reversed(x.shape), reversed(y.shape), strict=False))


Picks = list[tuple[str, int, int]]


@dataclass(frozen=True)
class Recipe:
    """Shapes of what is given, steps, and which value each output and update is (counted from the last)."""

    inputs: list[tuple[int, ...]]
    parameters: list[tuple[int, ...]]
    steps: Picks
    outputs: list[int]
    updates: list[int]

    def program(self, dtype: str) -> Program:
        """Record it in one float width."""
        trace = Trace()
        key = trace.state("key", (2,), "uint32")
        given = [trace.input(f"x{i}", shape, dtype) for i, shape in enumerate(self.inputs)]
        parameters = [trace.parameter(f"w{i}", shape, dtype) for i, shape in enumerate(self.parameters)]
        values = [*given, *parameters]
        for name, first, second in self.steps:
            x, y = values[-1 - first % len(values)], values[-1 - second % len(values)]
            if name in BINARY:
                new = BINARY[name](x, y if fits(x, y) else x)
            elif name == "matmul":
                new = product(x, y)
            else:
                new = UNARY[name](x)
            values.append(new if new.size < 4000 else new[:1] if new.ndim else new)
        outputs = {f"y{i}": values[-1 - at % len(values)] for i, at in enumerate(self.outputs)}
        updates = {key: key + trace.constant(np.array([1, 2]), "uint32")}
        for parameter, at in zip(parameters, self.updates, strict=False):
            alike = [value for value in values if value.shape == parameter.shape]
            updates[parameter] = alike[-1 - at % len(alike)]
        return trace.program(outputs, updates)


def product(x: Tensor, y: Tensor) -> Tensor:
    if x.ndim < 2 or y.ndim < 2:
        return x
    pairs = zip(reversed(x.shape[:-2]), reversed(y.shape[:-2]), strict=False)
    if all(1 in (a, b) or a == b for a, b in pairs):
        for right in (y, y.transpose()):
            if x.shape[-1] == right.shape[-2]:
                return f.tanh(x @ right)
    return x


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    inner = st.sampled_from([(), (1,), (3,), (2, 3), (3, 3), (0,), (150,), (2, 520)])
    inputs = [(BATCH, *shape) for shape in draw(st.lists(inner, min_size=1, max_size=2))]
    shape = st.sampled_from(
        [(), (3,), (1,), (3, 3), (3, 3), (1, 3), (2, 3), (4, 3), (4, 1), (150, 3), (520,)]
    )
    parameters = draw(st.lists(shape, min_size=1, max_size=4))
    names = st.sampled_from([*UNARY, *BINARY, *BINARY, *["matmul"] * 5])
    step = st.tuples(names, st.integers(0, 3), st.integers(0, 9))
    steps = draw(st.lists(step, min_size=1, max_size=14))
    picks = st.lists(st.integers(0, 12), min_size=1, max_size=4)
    return Recipe(inputs, parameters, steps, draw(picks), draw(picks))


def start(program: Program, seed: int) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The tree, and a chunk of EXAMPLES examples."""
    random = np.random.default_rng(seed)
    tree = {value.name: random.normal(size=value.shape).astype("f4") for value in program.parameters}
    chunk = {v.name: random.normal(size=(EXAMPLES, *v.shape[1:])).astype("f4") for v in program.inputs}
    return tree | {"key": np.array([seed, 9], "u4")}, chunk


def widened(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: a.astype("f8") if a.dtype == np.float32 else a.copy() for name, a in arrays.items()}


def copied(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: array.copy() for name, array in arrays.items()}


def assert_agree(found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], exact: Mapping) -> None:
    """Within 1e-5 of the largest number, or of what rounding costs NumPy itself in float32."""
    assert set(found) == set(expected)
    for name, array in expected.items():
        assert (found[name].shape, found[name].dtype) == (array.shape, array.dtype)
        if array.dtype == np.uint32:
            np.testing.assert_array_equal(found[name], array)
        elif array.size:
            assert np.isfinite(array).all()
            allowed = 1e-5 * max(1.0, float(np.abs(array).max())) + 10 * np.abs(array - exact[name]).max()
            np.testing.assert_allclose(found[name], array, rtol=1e-5, atol=allowed, err_msg=name)


ORDER = np.array([[0, 6, 3, 3], [-1, 2, 1, 0]])


@settings(derandomize=True, deadline=None, max_examples=250, database=None)
@given(recipe=recipes(), seed=st.integers(0, 99))
def test_random_programs_agree_with_numpy(recipe: Recipe, seed: int):
    narrow, wide = recipe.program("float32"), recipe.program("float64")
    compiled, reference, exact = compile_native(narrow), compile_numpy(narrow), compile_numpy(wide)
    tree, chunk = start(narrow, seed)
    one, other, third = copied(tree), copied(tree), widened(tree)
    inputs = {name: array[:BATCH] for name, array in chunk.items()}
    exact_outputs = exact.run(third, widened(inputs))
    assert_agree(compiled.run(one, inputs), reference.run(other, inputs), exact_outputs)
    assert_agree(one, other, third)
    exact_outputs = exact.bind(third).run_many(widened(chunk), ORDER)
    assert_agree(
        compiled.bind(one).run_many(chunk, ORDER), reference.bind(other).run_many(chunk, ORDER), exact_outputs
    )
    assert_agree(one, other, third)


@settings(derandomize=True, deadline=None, max_examples=120, database=None)
@given(recipe=recipes(), seed=st.integers(0, 99), most=st.integers(2, 5))
def test_random_programs_in_chunks_have_the_same_bits(recipe: Recipe, seed: int, most: int):
    program = recipe.program("float32")
    tree, chunk = start(program, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "SMALL_FLOPS", 0)
        patch.setattr(schedule, "chunk_count", lambda extent: max(1, min(most, extent)))
        results = []
        for threads in (1, 2, 4):
            own = copied(tree)
            outputs = compile_native(program, threads).bind(own).run_many(chunk, ORDER)
            results.append(outputs | {f"tree {name}": array for name, array in own.items()})
        wide = widened(tree)
        exact = compile_numpy(recipe.program("float64")).bind(wide).run_many(widened(chunk), ORDER)
    for other in results[1:]:
        for name, array in results[0].items():
            assert array.tobytes() == other[name].tobytes(), name
    own = copied(tree)
    expected = compile_numpy(program).bind(own).run_many(chunk, ORDER)
    assert_agree({name: results[0][name] for name in expected}, expected, exact)
    assert_agree({name: results[0][f"tree {name}"] for name in own}, own, wide)
