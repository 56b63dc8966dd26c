"""What every optimizer promises: the path of its paper, a state that keeps its form, and pure functions.

The references are written from the papers in plain NumPy, in the papers' own variables where those differ
from ours, and know nothing of the code under test.
"""

import json
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from chainrule.backprop import differentiate
from chainrule.errors import ConfigError
from chainrule.executors.numpy_ import NumpyProgram, compile_numpy
from chainrule.nn.optimizers import (
    PRESETS,
    AddDecay,
    Chain,
    ClipByGlobalNorm,
    ClipByValue,
    Descend,
    Momentum,
    ScaleByAdagrad,
    ScaleByAdam,
    ScaleByRms,
    Transform,
    adam,
    chain,
    sgd,
)
from chainrule.nn.schedules import CosineDecay, ReduceOnPlateau, StepDecay
from chainrule.nn.tree import from_plain, to_plain
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f

STEPS = 50
NAMES = ("layer.weight", "layer.bias")
Point = dict[str, np.ndarray]


def start(dtype: str = "float64") -> Point:
    weight = np.array([[0.9, -1.1, 0.3], [-0.2, 0.7, 1.4]])
    return {"layer.weight": weight.astype(dtype), "layer.bias": np.array([-0.6, 1.3], dtype)}


def recorded_loss(weight: Tensor, bias: Tensor) -> Tensor:
    """Rosenbrock's valley, one for each weight: Σ (1 - b)² + 2 Σ (w - b²)² + 0.1 Σ w⁴."""
    away = weight - (bias * bias).reshape(2, 1)
    square = weight * weight
    return f.dot(1.0 - bias, 1.0 - bias) + 2.0 * f.dot(away, away) + 0.1 * f.dot(square, square)


def gradient(point: Point) -> Point:
    """The same in closed form."""
    weight, bias = point["layer.weight"], point["layer.bias"]
    away = weight - bias[:, None] ** 2
    return {
        "layer.weight": 4 * away + 0.4 * weight**3,
        "layer.bias": -2 * (1 - bias) - 8 * bias * away.sum(axis=1),
    }


class Trained:
    """A program of loss, deltas and updates, and the tree that it changes."""

    def __init__(self, optimizer: Transform, point: Point) -> None:
        self.optimizer = optimizer
        self.first = {name: array.copy() for name, array in point.items()}
        self.tree = {name: array.copy() for name, array in point.items()}
        self.state = optimizer.init(self.first)
        self.tree |= {f"optimizer.{name}": array for name, array in self.state.items()}
        self.compiled = self._compiled()

    def _compiled(self) -> NumpyProgram:
        trace = Trace()
        parameters = {n: trace.parameter(n, a.shape, a.dtype.name) for n, a in self.first.items()}
        state = {n: trace.state(f"optimizer.{n}", a.shape, a.dtype.name) for n, a in self.state.items()}
        loss = recorded_loss(*parameters.values())
        deltas = differentiate(loss, parameters.values())
        gradients = {name: deltas[tensor.value] for name, tensor in parameters.items()}
        with trace.at(part="update"):
            updates, fresh = self.optimizer.update(gradients, state, parameters)
            assert set(updates) == set(parameters)
            assert set(fresh) == set(state)
            moved = {parameters[name]: parameters[name] + updates[name] for name in parameters}
        kept = {state[name]: fresh[name] for name in state}
        return compile_numpy(trace.program({"loss": loss}, moved | kept))

    def steps(self, count: int) -> Iterator[Point]:
        for _ in range(count):
            self.loss = float(self.compiled.run(self.tree, {})["loss"])
            yield {name: self.tree[name].copy() for name in self.first}


def references(point: Point, count: int, step: Callable[[Point], Point]) -> Iterator[Point]:
    for _ in range(count):
        point = step(point)
        yield point


def each(point: Point, function: Callable[[str], np.ndarray]) -> Point:
    return {name: function(name) for name in point}


def reference_sgd(point, *, rate, clip=lambda g: g):
    return references(
        point, STEPS, lambda p: (g := clip(gradient(p))) and each(p, lambda n: p[n] - rate * g[n])
    )


def reference_momentum(point, *, rate, decay):
    """Polyak's heavy ball: θₜ₊₁ = θₜ - η g + β (θₜ - θₜ₋₁)."""
    before = point

    def step(p):
        nonlocal before
        g, old = gradient(p), before
        before = p
        return each(p, lambda n: p[n] - rate * g[n] + decay * (p[n] - old[n]))

    return references(point, STEPS, step)


def reference_nesterov(point, *, rate, decay):
    """Sutskever's form: v ← μ v - η ∇(φ + μ v), φ ← φ + v; the parameters kept are φ + μ v."""
    phi, v = dict(point), each(point, lambda n: 0 * point[n])

    def step(_):
        nonlocal phi, v
        ahead = each(phi, lambda n: phi[n] + decay * v[n])
        g = gradient(ahead)
        v = each(v, lambda n: decay * v[n] - rate * g[n])
        phi = each(phi, lambda n: phi[n] + v[n])
        return each(phi, lambda n: phi[n] + decay * v[n])

    return references(point, STEPS, step)


def reference_adagrad(point, *, rate, epsilon):
    history = each(point, lambda n: np.zeros((0, *point[n].shape)))

    def step(p):
        nonlocal history
        g = gradient(p)
        history = each(p, lambda n: np.concatenate([history[n], g[n][None]]))
        return each(p, lambda n: p[n] - rate * g[n] / (epsilon + np.linalg.norm(history[n], axis=0)))

    return references(point, STEPS, step)


def reference_rmsprop(point, *, rate, decay, epsilon):
    square = each(point, lambda n: 0 * point[n])

    def step(p):
        nonlocal square
        g = gradient(p)
        square = each(p, lambda n: decay * square[n] + (1 - decay) * g[n] ** 2)
        return each(p, lambda n: p[n] - rate * g[n] / (np.sqrt(square[n]) + epsilon))

    return references(point, STEPS, step)


def reference_adamw(point, *, rate, beta1, beta2, epsilon, decay=0.0, clip=lambda g: g):
    """Algorithm 2 of Loshchilov and Hutter; without decay it is algorithm 1 of Kingma and Ba."""
    m, v, t = each(point, lambda n: 0 * point[n]), each(point, lambda n: 0 * point[n]), 0

    def step(p):
        nonlocal m, v, t
        t += 1
        g = clip(gradient(p))
        m = each(p, lambda n: beta1 * m[n] + (1 - beta1) * g[n])
        v = each(p, lambda n: beta2 * v[n] + (1 - beta2) * g[n] ** 2)
        m_hat = each(p, lambda n: m[n] / (1 - beta1**t))
        v_hat = each(p, lambda n: v[n] / (1 - beta2**t))
        shrink = {"layer.weight": decay, "layer.bias": 0.0}
        return each(p, lambda n: p[n] - rate * (m_hat[n] / (np.sqrt(v_hat[n]) + epsilon) + shrink[n] * p[n]))

    return references(point, STEPS, step)


# Settings given explicitly differ from the defaults, so that a setting that is not passed on is noticed. They
# are tame: where an optimizer overshoots a valley it multiplies rounding errors tenfold a step.
CASES = {
    "sgd": ({"learning_rate": 0.02}, lambda p: reference_sgd(p, rate=0.02)),
    "momentum": (
        {"learning_rate": 0.01, "decay": 0.8},
        lambda p: reference_momentum(p, rate=0.01, decay=0.8),
    ),
    "nesterov": (
        {"learning_rate": 0.01, "decay": 0.8},
        lambda p: reference_nesterov(p, rate=0.01, decay=0.8),
    ),
    "adagrad": (
        {"learning_rate": 0.1, "epsilon": 1e-3},
        lambda p: reference_adagrad(p, rate=0.1, epsilon=1e-3),
    ),
    "rmsprop": (
        {"learning_rate": 0.01, "decay": 0.7, "epsilon": 0.1},
        lambda p: reference_rmsprop(p, rate=0.01, decay=0.7, epsilon=0.1),
    ),
    "adam": (
        {"learning_rate": 0.05, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3},
        lambda p: reference_adamw(p, rate=0.05, beta1=0.8, beta2=0.99, epsilon=1e-3),
    ),
    "adamw": (
        {"learning_rate": 0.05, "decay": 0.2, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3},
        lambda p: reference_adamw(p, rate=0.05, beta1=0.8, beta2=0.99, epsilon=1e-3, decay=0.2),
    ),
}
DEFAULTS = {
    "sgd": lambda p: reference_sgd(p, rate=0.01),
    "momentum": lambda p: reference_momentum(p, rate=0.01, decay=0.9),
    "nesterov": lambda p: reference_nesterov(p, rate=0.01, decay=0.9),
    "adagrad": lambda p: reference_adagrad(p, rate=0.01, epsilon=1e-10),
    "rmsprop": lambda p: reference_rmsprop(p, rate=0.001, decay=0.9, epsilon=1e-8),
    "adam": lambda p: reference_adamw(p, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8),
    "adamw": lambda p: reference_adamw(p, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, decay=0.01),
}


def assert_same_path(trained: Trained, expected: Iterator[Point], relative: float = 1e-12) -> None:
    for number, (ours, theirs) in enumerate(zip(trained.steps(STEPS), expected, strict=True), start=1):
        for name in NAMES:
            scale = np.abs(theirs[name]).max()
            error = np.abs(ours[name] - theirs[name]).max() / scale
            assert error <= relative, f"step {number}, {name}: relative error {error:.2g}"


def test_every_preset_has_a_reference():
    assert set(PRESETS) == set(CASES) == set(DEFAULTS)


def test_the_closed_gradient_is_that_of_the_program():
    trained = Trained(sgd(1.0), start())
    (after,) = trained.steps(1)
    for name, slope in gradient(start()).items():
        np.testing.assert_allclose(start()[name] - after[name], slope, rtol=1e-13)


@pytest.mark.parametrize("name", PRESETS)
def test_path_is_that_of_the_paper(name):
    settings, reference = CASES[name]
    assert_same_path(Trained(PRESETS[name](**settings), start()), reference(start()))


@pytest.mark.parametrize("name", PRESETS)
def test_path_with_the_default_settings(name):
    assert_same_path(Trained(PRESETS[name](), start()), DEFAULTS[name](start()))


def clipped_by_norm(limit):
    def clip(g):
        norm = np.linalg.norm(np.concatenate([g[n].ravel() for n in NAMES]))
        return each(g, lambda n: g[n] * min(1.0, limit / norm))

    return clip


def clipped_by_value(limit):
    return lambda g: each(g, lambda n: np.clip(g[n], -limit, limit))


@pytest.mark.parametrize(
    ("first", "clip"),
    [(ClipByGlobalNorm(0.5), clipped_by_norm(0.5)), (ClipByValue(0.3), clipped_by_value(0.3))],
)
def test_path_with_clipped_gradients(first, clip):
    settings = {"rate": 0.05, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    assert_same_path(Trained(chain(first, sgd(0.05)), start()), reference_sgd(start(), rate=0.05, clip=clip))
    assert_same_path(
        Trained(chain(first, adam(0.05)), start()), reference_adamw(start(), **settings, clip=clip)
    )


@pytest.mark.parametrize("name", PRESETS)
def test_state_keeps_names_shapes_and_dtypes(name):
    for dtype in ("float32", "float64"):
        trained = Trained(PRESETS[name](0.01), start(dtype))
        before = {n: (a.shape, a.dtype.name) for n, a in trained.state.items()}
        assert set(before.values()) <= {((), "int32"), ((), dtype), ((2, 3), dtype), ((2,), dtype)}
        for _ in trained.steps(3):
            pass
        assert {n: (a.shape, a.dtype.name) for n, a in trained.state.items()} == before
        # One step's count and the rate just used are there for the loop to show.
        steps = [a for n, a in trained.state.items() if n.endswith(".step")]
        rates = [a for n, a in trained.state.items() if n.endswith(".learning_rate")]
        assert steps
        assert all(int(a) == 3 for a in steps)
        assert [float(a) for a in rates] == [pytest.approx(0.01)]


@pytest.mark.parametrize("name", PRESETS)
def test_float32_follows_float64(name):
    settings, _ = CASES[name]
    single = list(Trained(PRESETS[name](**settings), start("float32")).steps(STEPS))[-1]
    double = list(Trained(PRESETS[name](**settings), start()).steps(STEPS))[-1]
    for each_name in NAMES:
        assert single[each_name].dtype == np.float32
        np.testing.assert_allclose(single[each_name], double[each_name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", PRESETS)
def test_the_loss_falls(name):
    trained = Trained(PRESETS[name](0.01), start())
    losses = [trained.loss for _ in trained.steps(STEPS)]
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("name", PRESETS)
def test_recording_and_running_twice_gives_the_same_bits(name):
    optimizer = PRESETS[name](0.01)
    first, second = (list(Trained(optimizer, start()).steps(5))[-1] for _ in range(2))
    assert all(first[n].tobytes() == second[n].tobytes() for n in NAMES)
    assert optimizer == PRESETS[name](0.01)
    assert hash(optimizer) == hash(PRESETS[name](0.01))


@pytest.mark.parametrize("name", PRESETS)
def test_a_run_cut_in_two_goes_on_with_the_same_bits(name):
    optimizer = PRESETS[name](StepDecay(0.01, every=3))
    whole = list(Trained(optimizer, start()).steps(8))[-1]
    half = Trained(optimizer, start())
    list(half.steps(4))
    resumed = Trained(optimizer, start())
    for key, array in half.tree.items():
        resumed.tree[key][...] = array
    after = list(resumed.steps(4))[-1]
    assert all(after[n].tobytes() == whole[n].tobytes() for n in NAMES)


@pytest.mark.parametrize("name", PRESETS)
def test_a_zero_gradient_moves_nothing_but_by_decay(name):
    trace = Trace()
    optimizer = PRESETS[name](0.1)
    state = optimizer.init({"layer.bias": np.ones(2)})
    tensors = {n: trace.state(n, a.shape, a.dtype.name) for n, a in state.items()}
    bias = trace.parameter("layer.bias", (2,), "float64")
    updates, _ = optimizer.update({"layer.bias": f.zeros_like(bias)}, tensors, {"layer.bias": bias})
    compiled = compile_numpy(trace.program({"update": updates["layer.bias"]}))
    assert (compiled.run({**state, "layer.bias": np.ones(2)}, {})["update"] == 0).all()


@pytest.mark.parametrize("name", PRESETS)
def test_parameters_without_elements_are_no_trouble(name):
    trace = Trace()
    optimizer = chain(ClipByGlobalNorm(1.0), PRESETS[name](0.1))
    parameters = {"a.weight": np.zeros((0, 3), np.float32), "b.weight": np.ones((2, 2), np.float32)}
    state = optimizer.init(parameters)
    recorded = {n: trace.parameter(n, a.shape, a.dtype.name) for n, a in parameters.items()}
    tensors = {n: trace.state(n, a.shape, a.dtype.name) for n, a in state.items()}
    updates, fresh = optimizer.update(recorded, tensors, recorded)
    compiled = compile_numpy(trace.program(updates, {tensors[n]: fresh[n] for n in tensors}))
    outputs = compiled.run({**parameters, **state}, {})
    assert outputs["a.weight"].shape == (0, 3)
    assert (outputs["b.weight"] < 0).all()


@pytest.mark.parametrize("name", PRESETS)
def test_a_schedule_sets_the_rate_of_every_step(name):
    trained = Trained(PRESETS[name](CosineDecay(0.02, steps=8, warmup_steps=2)), start("float32"))
    seen = []
    for _ in trained.steps(5):
        (rate,) = [a for n, a in trained.state.items() if n.endswith(".learning_rate")]
        seen.append(float(rate))
    expected = [0.02 / 3, 0.04 / 3, *(0.01 * (1 + np.cos(np.pi * t / 8)) for t in range(3))]
    assert seen == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", PRESETS)
def test_a_plateau_lowers_the_rate(name):
    optimizer = PRESETS[name](ReduceOnPlateau(0.02, factor=0.5, patience=1))
    trained = Trained(optimizer, start())
    for monitored in (1.0, 2.0, 3.0):
        list(trained.steps(1))
        observed = optimizer.observe(trained.state, monitored)
        assert set(observed) == set(trained.state)
        for key, array in observed.items():
            assert (array.shape, array.dtype) == (trained.state[key].shape, trained.state[key].dtype)
            trained.state[key][...] = array
    list(trained.steps(1))
    (rate,) = [a for n, a in trained.state.items() if n.endswith(".learning_rate")]
    assert float(rate) == 0.005


@pytest.mark.parametrize("name", PRESETS)
def test_as_plain_data_and_back(name):
    kinds = (Chain, Momentum, ScaleByAdagrad, ScaleByRms, ScaleByAdam, AddDecay, Descend, CosineDecay)
    for rate in (0.02, CosineDecay(0.02, steps=8, restarts=2)):
        optimizer = PRESETS[name](rate)
        assert from_plain(json.loads(json.dumps(to_plain(optimizer))), kinds) == optimizer


@pytest.mark.parametrize("rate", [0, -0.1, float("nan"), float("inf"), "fast", None, True])
@pytest.mark.parametrize("name", PRESETS)
def test_a_learning_rate_out_of_range_names_the_preset(name, rate):
    wanted = "it must be above 0" if rate in (0, -0.1) else "it must be a finite number above 0"
    with pytest.raises(ConfigError) as caught:
        PRESETS[name](rate)
    assert str(caught.value) == f"{name}: learning_rate is {rate!r}; {wanted}"
