"""What links of a chain promise: the path of their paper for 50 steps, and state that can be cut and resumed.

The references are written from the papers in plain NumPy and know nothing of the code under test.
"""

import json
from dataclasses import fields

import numpy as np
import pytest
from tests.contracts.classic_walks import reference_rprop
from tests.contracts.valley import NAMES, STEPS, Trained, assert_same_path, each, gradient, references, start

from chainrule.data import as_arrays
from chainrule.executors.native import available, compile_native
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import KINDS, Dense, MeanSquaredError, Sequential
from chainrule.nn.optimizers import (
    PRESETS,
    Accumulate,
    AdaptiveClip,
    ExponentialMovingAverage,
    Lookahead,
    MaxNorm,
    Momentum,
    Partition,
    Scale,
    ScaleByLearningRate,
    SharpnessAware,
    StochasticWeightAverage,
    Transform,
    adam,
    chain,
    momentum,
    rprop,
    sgd,
)
from chainrule.nn.tree import from_plain, to_plain
from chainrule.training import Batch, Recipe, Supervised, initial_tree, training_step

RATE = 0.02


def heavy_ball(point, transformed=lambda g, p: g, projected=lambda p: p):
    """Momentum of 0.8 on gradients that something has changed, then a projection."""
    v = each(point, lambda n: 0 * point[n])

    def step(p):
        nonlocal v
        g = transformed(gradient(p), p)
        v = each(p, lambda n: 0.8 * v[n] + g[n])
        return projected(each(p, lambda n: p[n] - RATE * v[n]))

    return references(point, STEPS, step)


def columns(array):
    """The length of every column of a matrix, or of a vector."""
    return np.sqrt((array**2).sum(axis=0, keepdims=True))


def clipped_unit_by_unit(limit, epsilon):
    def clip(g, p):
        clipped = {}
        for n in NAMES:
            longest = limit * np.maximum(columns(p[n]), epsilon)
            clipped[n] = np.where(columns(g[n]) > longest, g[n] * longest / columns(g[n]), g[n])
        return clipped

    return clip


def uphill(g, p):
    norm = np.sqrt(sum((g[n] ** 2).sum() for n in NAMES))
    return gradient(each(p, lambda n: p[n] + 0.07 * g[n] / norm))


def shortened(p):
    weight = p["layer.weight"]
    return p | {"layer.weight": weight * np.minimum(1, 0.9 / columns(weight))}


def gathered(point):
    """Gradient sums over three calls; the heavy ball moves at each third."""
    v, total, count = each(point, lambda n: 0 * point[n]), each(point, lambda n: 0 * point[n]), 0

    def step(p):
        nonlocal v, total, count
        g = gradient(p)
        total = each(p, lambda n: total[n] + g[n])
        count += 1
        if count % 3:
            return p
        v = each(p, lambda n: 0.8 * v[n] + total[n] / 3)
        total = each(p, lambda n: 0 * p[n])
        return each(p, lambda n: p[n] - RATE * v[n])

    return references(point, STEPS, step)


def looking_ahead(point):
    """Algorithm 1 of Zhang et al.: an inner loop of k = 4 fast steps, then one slow step, α = 0.3."""
    v, slow, count = each(point, lambda n: 0 * point[n]), dict(point), 0

    def step(p):
        nonlocal v, slow, count
        g = gradient(p)
        v = each(p, lambda n: 0.8 * v[n] + g[n])
        fast = each(p, lambda n: p[n] - RATE * v[n])
        count += 1
        if count % 4:
            return fast
        slow = each(p, lambda n: slow[n] + 0.3 * (fast[n] - slow[n]))
        return dict(slow)

    return references(point, STEPS, step)


def by_group(point):
    """The weight by the heavy ball, the bias by plain descent, half as fast."""
    v = 0.0

    def step(p):
        nonlocal v
        g = gradient(p)
        v = 0.8 * v + g["layer.weight"]
        return {
            "layer.weight": p["layer.weight"] - RATE * v,
            "layer.bias": p["layer.bias"] - RATE / 2 * g["layer.bias"],
        }

    return references(point, STEPS, step)


PLAIN = momentum(RATE, 0.8)
AVERAGES = {
    "exponential": chain(PLAIN, ExponentialMovingAverage(0.7)),
    "stochastic": chain(PLAIN, StochasticWeightAverage(start=10, every=4)),
}
CASES = {
    "adaptive_clip": (
        chain(AdaptiveClip(0.5, 0.1), PLAIN),
        lambda p: heavy_ball(p, clipped_unit_by_unit(0.5, 0.1)),
    ),
    "sharpness": (chain(SharpnessAware(0.07), PLAIN), lambda p: heavy_ball(p, uphill)),
    "max_norm": (chain(PLAIN, MaxNorm(0.9)), lambda p: heavy_ball(p, projected=shortened)),
    "accumulate": (Accumulate(PLAIN, 3), gathered),
    "accumulate_sharpness": (
        Accumulate(chain(SharpnessAware(0.07), PLAIN), 1),
        lambda p: heavy_ball(p, uphill),
    ),
    "lookahead": (chain(PLAIN, Lookahead(4, 0.3)), looking_ahead),
    **{
        f"rprop_{backtracking}": (
            rprop(0.05, 1.3, 0.4, 0.01, 4.0, backtracking),
            lambda p, how=backtracking: reference_rprop(
                p, first=0.05, grow=1.3, shrink=0.4, least=0.0005, most=0.2, backtracking=how
            ),
        )
        for backtracking in ("always", "if_worse")
    },
    "rprop_of_groups": (
        Accumulate(Partition((("*", rprop(0.05, 1.3, 0.4, 0.01, 4.0, "if_worse")),)), 1),
        lambda p: reference_rprop(
            p, first=0.05, grow=1.3, shrink=0.4, least=0.0005, most=0.2, backtracking="if_worse"
        ),
    ),
    "by_name": (
        chain(Partition((("*weight", Momentum(0.8)),), Scale(0.5)), ScaleByLearningRate(RATE)),
        by_group,
    ),
    "by_name_whole": (
        Partition((("*weight", PLAIN), ("layer.*", sgd(RATE / 2))), adam()),
        by_group,
    ),
    **{name: (optimizer, heavy_ball) for name, optimizer in AVERAGES.items()},
}


ELSEWHERE = {
    "ClipByGlobalNorm": "tests/contracts/test_optimizers.py walks every preset with it",
    "ClipByValue": "as ClipByGlobalNorm",
    "LevenbergMarquardt": "tests/nn/optimizers/test_least_squares.py: the steps of its paper",
    "BayesianRegularization": "tests/nn/optimizers/test_least_squares.py: scikit-learn's fixed point",
    "ScaledConjugateGradient": "tests/nn/optimizers/test_conjugate.py: the steps of its paper",
    "ConjugateGradient": "tests/nn/optimizers/test_conjugate.py: the steps of its papers",
    "LBFGS": "tests/nn/optimizers/test_quasi_newton.py: it takes the path of SciPy's",
}


def kinds_in(item) -> set[str]:
    """The names of all transforms that this one holds, and of itself."""
    if isinstance(item, tuple):
        return set().union(*map(kinds_in, item))
    if not isinstance(item, Transform):
        return set()
    return {type(item).__name__}.union(*(kinds_in(getattr(item, each.name)) for each in fields(item)))


def test_every_link_has_a_path():
    ours = {kind.__name__ for kind in KINDS if issubclass(kind, Transform)}
    walked = kinds_in(
        (*(optimizer for optimizer, _ in CASES.values()), *(make() for make in PRESETS.values()))
    )
    assert walked | set(ELSEWHERE) == ours


@pytest.mark.parametrize("name", CASES)
def test_path_is_that_of_the_paper(name):
    optimizer, reference = CASES[name]
    assert_same_path(Trained(optimizer, start()), reference(start()))


@pytest.mark.parametrize("name", CASES)
def test_state_keeps_names_shapes_and_dtypes(name):
    for dtype in ("float32", "float64"):
        trained = Trained(CASES[name][0], start(dtype))
        before = {n: (a.shape, a.dtype.name) for n, a in trained.state.items()}
        assert set(before.values()) <= {((), "int32"), ((), dtype), ((2, 3), dtype), ((2,), dtype)}
        list(trained.steps(3))
        assert {n: (a.shape, a.dtype.name) for n, a in trained.state.items()} == before
        observed = CASES[name][0].observe(trained.state, 1.0)
        if not CASES[name][0].observes():
            assert all(observed[n] is array for n, array in trained.state.items())
        assert {n: (a.shape, a.dtype.name) for n, a in observed.items()} == before
        point = trained.evaluated()
        assert {n: (a.shape, a.dtype.name) for n, a in point.items()} == {
            n: (a.shape, a.dtype.name) for n, a in trained.first.items()
        }


@pytest.mark.parametrize("name", CASES)
def test_a_run_cut_in_two_goes_on_with_the_same_bits(name):
    optimizer, _ = CASES[name]
    whole = Trained(optimizer, start())
    list(whole.steps(8))
    half = Trained(optimizer, start())
    list(half.steps(5))
    resumed = Trained(optimizer, start())
    for key, array in half.tree.items():
        resumed.tree[key][...] = array
    list(resumed.steps(3))
    assert all(resumed.tree[n].tobytes() == whole.tree[n].tobytes() for n in whole.tree)


@pytest.mark.parametrize("name", CASES)
def test_as_plain_data_and_back(name):
    optimizer, _ = CASES[name]
    assert from_plain(json.loads(json.dumps(to_plain(optimizer))), KINDS) == optimizer
    assert hash(optimizer) == hash(from_plain(to_plain(optimizer), KINDS))


def test_the_exponential_average_is_the_weighted_mean_of_the_path():
    trained = Trained(AVERAGES["exponential"], start())
    assert all(np.array_equal(trained.evaluated()[n], start()[n]) for n in NAMES)
    path = []
    for t, point in enumerate(trained.steps(STEPS), start=1):
        path.append(point)
        weights = 0.7 ** np.arange(t - 1, -1, -1)
        for n in NAMES:
            expected = np.average([p[n] for p in path], axis=0, weights=weights)
            np.testing.assert_allclose(trained.evaluated()[n], expected, rtol=1e-12, atol=1e-13)


def test_the_stochastic_average_is_the_mean_of_every_fourth_point_after_the_tenth():
    trained = Trained(AVERAGES["stochastic"], start())
    path = []
    for t, point in enumerate(trained.steps(STEPS), start=1):
        path.append(point)
        picked = [path[i - 1] for i in range(14, t + 1, 4)] or [path[min(t, 10) - 1]]
        for n in NAMES:
            expected = np.mean([p[n] for p in picked], axis=0)
            np.testing.assert_allclose(trained.evaluated()[n], expected, rtol=1e-12, atol=1e-13)


def test_averages_within_groups_and_accumulation():
    inner = chain(PLAIN, ExponentialMovingAverage(0.0))
    grouped = Trained(Partition((("*weight", chain(PLAIN, StochasticWeightAverage(100))),), inner), start())
    list(grouped.steps(3))
    assert all(np.allclose(grouped.evaluated()[n], grouped.tree[n], rtol=1e-12) for n in NAMES)
    gathering = Trained(Accumulate(chain(PLAIN, ExponentialMovingAverage(0.5)), 2), start())
    first, second, third = gathering.steps(3)
    assert all(np.array_equal(first[n], start()[n]) for n in NAMES)
    assert all(np.array_equal(second[n], third[n]) for n in NAMES)
    assert all(np.array_equal(gathering.evaluated()[n], second[n]) for n in NAMES)


LINKS: dict[str, Transform] = {name: optimizer for name, (optimizer, _) in CASES.items()}
PRESET_LINKS: dict[str, Transform] = {name: make(0.01) for name, make in PRESETS.items()}


@pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
@pytest.mark.parametrize("name", LINKS | PRESET_LINKS)
def test_the_native_executor_agrees(name):
    random = np.random.default_rng(5)
    arrays = as_arrays((random.normal(size=(12, 4)), random.normal(size=(12, 2))))
    model = Sequential([Dense(5, "tanh"), Dense(2)])
    recipe = Recipe(Supervised(model, MeanSquaredError()), optimizer=(LINKS | PRESET_LINKS)[name])
    step = training_step(recipe, Batch.of(arrays, 12))
    trees = []
    for compiled in (compile_numpy(step.program), compile_native(step.program)):
        tree = {key: array.copy() for key, array in initial_tree(recipe, step).items()}
        for _ in range(9):
            compiled.run(tree, arrays.named)
        trees.append(tree)
    for key, array in trees[0].items():
        np.testing.assert_allclose(trees[1][key], array, rtol=1e-4, atol=1e-5, err_msg=key)
