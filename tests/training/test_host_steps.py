"""Steps of least squares: their Jacobian against complex steps, their blocks, and what is refused."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from chainrule import nn, train
from chainrule.data import Chunk, Field, as_arrays
from chainrule.errors import ChainruleError, ConfigError
from chainrule.executors.native import available
from chainrule.training import Programs, Recipe, Supervised, host_steps, starting_tree
from chainrule.training.host_steps import Blocks, HostStep

RANDOM = np.random.default_rng(4)
X, Y = RANDOM.normal(size=(23, 3)), RANDOM.normal(size=(23, 2))
WEIGHT = RANDOM.uniform(0, 3, size=23)
MODEL = nn.Sequential([nn.Dense(4, "tanh"), nn.Dense(2)])
NAMES = ("dense_1.weight", "dense_1.bias", "dense_2.weight", "dense_2.bias")


def settings(**given):
    return {"loss": "mean_squared_error", "batch_size": 1000, "dtype": "float64", "progress": False} | given


def residuals(flat, x, y, scale):
    """Of MODEL, in plain NumPy; complex numbers pass through."""
    w1, b1, w2, b2 = np.split(flat, np.cumsum([12, 4, 8]))
    outputs = np.tanh(x @ w1.reshape(3, 4) + b1) @ w2.reshape(4, 2) + b2
    return (scale[:, None] * (outputs - y)).ravel() / np.sqrt(2)


def jacobian(flat, x, y, scale):
    """By complex steps, exact to rounding (Squire and Trapp 1998)."""
    steps = 1e-30j * np.eye(len(flat))
    return np.stack([residuals(flat + step, x, y, scale).imag / 1e-30 for step in steps], 1)


def blocks_of(model, data, penalties=(), loss=None, dtype="float64"):
    arrays = as_arrays(data, dtype) if dtype != "float32" else as_arrays(data)
    recipe = Recipe(
        Supervised(model, loss or nn.MeanSquaredError()),
        nn.LevenbergMarquardt(),
        penalties,
        batch_size=len(arrays),
        dtype=dtype,
    )
    programs = Programs(recipe, "numpy")
    compiled = programs.training(arrays, len(arrays))
    assert isinstance(compiled, HostStep)
    return Blocks(compiled, starting_tree(recipe, arrays, programs), arrays.named), compiled


@pytest.mark.parametrize("most_bytes", [1 << 23, 3000])
@pytest.mark.parametrize("weighted", [False, True])
def test_normal_equations_are_those_of_complex_steps(most_bytes, weighted, monkeypatch):
    monkeypatch.setattr(host_steps, "_BLOCK_BYTES", most_bytes)
    data = (X, Y, WEIGHT) if weighted else (X, Y)
    problem, step = blocks_of(MODEL, data)
    assert (step.rows < 23) == (most_bytes == 3000)
    scale = np.sqrt(WEIGHT / WEIGHT.sum()) if weighted else np.full(23, 23**-0.5)
    r, j = residuals(problem.start, X, Y, scale), jacobian(problem.start, X, Y, scale)
    normal = problem.normal(problem.start)
    assert normal.loss == pytest.approx(r @ r, rel=1e-13)
    assert problem.loss(problem.start) == pytest.approx(r @ r, rel=1e-13)
    np.testing.assert_allclose(normal.slope, j.T @ r, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(normal.matrix, j.T @ j, rtol=1e-11, atol=1e-14)
    assert problem.residuals == (round(2 * WEIGHT.sum()) if weighted else 46)


@pytest.mark.parametrize(
    ("model", "loss"),
    [
        (nn.Sequential([nn.Dense(3, "gelu"), nn.LayerNorm(), nn.Dense(2)]), nn.MeanSquaredError()),
        (nn.Sequential([nn.Residual([nn.Dense(3, "relu")]), nn.Dense(2)]), nn.HalfSquaredError()),
        (
            nn.Sequential([nn.Members(2), nn.EnsembleDense(2, weights="own")]),
            nn.MeanOfMembers(nn.MeanSquaredError()),
        ),
    ],
)
def test_the_slope_is_half_the_gradient_of_the_loss(model, loss):
    problem, step = blocks_of(model, (X, Y), loss=loss)
    normal = problem.normal(problem.start)
    for place in range(0, len(problem.start), 3):
        away = np.zeros_like(problem.start)
        away[place] = 1e-6
        slope = (problem.loss(problem.start + away) - problem.loss(problem.start - away)) / 2e-6
        assert 2 * normal.slope[place] == pytest.approx(slope, rel=1e-6, abs=1e-9)
    tree = problem._tree | problem.named(problem.start)
    said = step.recorded.run(dict(tree), as_arrays((X, Y), "float64").named)["loss"]
    assert normal.loss == pytest.approx(float(said), rel=1e-12)


def test_a_run_goes_on_with_the_same_bits_and_keeps_records():
    whole = train(MODEL, (X, Y), optimizer=nn.LevenbergMarquardt(), epochs=9, **settings())
    half = train(MODEL, (X, Y), optimizer=nn.LevenbergMarquardt(), epochs=4, **settings())
    further = half.train(5)
    for name, array in whole.parameters.items():
        assert array.tobytes() == further.parameters[name].tobytes()
    losses = [record["loss"] for record in whole.history]
    assert losses == sorted(losses, reverse=True)
    assert whole.history[0]["watch"]["optimizer"]["damping"] in (1e-4, 1e-3, 1e-2)
    assert whole.history[0]["watch"]["dense_1"]["activation"] > 0


@pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
def test_both_executors_walk_the_same_way():
    given = settings(dtype="float32", optimizer=nn.LevenbergMarquardt(), epochs=6)
    one, other = (train(MODEL, (X, Y), executor=executor, **given) for executor in ("native", "numpy"))
    assert one.history[-1]["loss"] == pytest.approx(other.history[-1]["loss"], rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"loss": "huber"},
            "LevenbergMarquardt needs a loss that is a sum of squares; choose mean_squared_error, or another "
            "optimizer, such as nn.ScaledConjugateGradient()",
        ),
        (
            {"penalties": (nn.L1(0.1),)},
            "LevenbergMarquardt does not take the penalty L1; leave it out, or give an nn.L2, whose squares "
            "join those of the loss",
        ),
        (
            {"optimizer": nn.BayesianRegularization(), "penalties": (nn.L2(0.1),)},
            "BayesianRegularization does not take the penalty L2; leave it out: it chooses its own",
        ),
        (
            {"batch_size": 10},
            "the optimizer needs all 23 examples in every step, and batch_size is 10; take them all "
            "(batch_size=23), or choose another optimizer, such as adam()",
        ),
        (
            {"optimizer": nn.chain(nn.LevenbergMarquardt(), nn.sgd())},
            "LevenbergMarquardt is a whole optimizer, and stands within another; give "
            "nn.LevenbergMarquardt() by itself",
        ),
        ({"mixing": nn.MixUp(0.2)}, "LevenbergMarquardt needs a loss that is a sum of squares"),
    ],
)
def test_what_does_not_suit_is_refused_in_a_line(changes, message):
    model = nn.Sequential([nn.Dense(2)])
    given = settings(optimizer=nn.LevenbergMarquardt()) | changes
    with pytest.raises(ConfigError) as caught:
        train(model, (X, Y), epochs=2, **given)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_dropout_and_convolution_are_refused_by_name():
    given = settings(optimizer=nn.LevenbergMarquardt(), epochs=2)
    with pytest.raises(ConfigError, match="needs examples that are independent of each other"):
        train(nn.Sequential([nn.Dense(3), nn.Dropout(0.5), nn.Dense(2)]), (X, Y), **given)
    model = nn.Sequential([nn.Conv1D(2, 2), nn.Flatten(), nn.Dense(2)])
    with pytest.raises(ChainruleError, match=r"^conv1d_1: convolution is not repeated over rows"):
        train(model, (X[:, :, None], Y), executor="numpy", **given)


@dataclass(frozen=True, eq=False)
class Held:
    """A source of 23 examples in chunks of so many, which hold a row that is none."""

    size: int
    fields: ClassVar = {"x": Field((3,), "float64"), "y": Field((2,), "float64")}
    examples = 23

    def chunks(self, seed, epoch, start=0):
        for number, first in enumerate(range(0, 23, self.size)):
            few = {"x": X[first : first + self.size], "y": Y[first : first + self.size]}
            held = {name: np.concatenate([array, array[:1] + 100]) for name, array in few.items()}
            if number >= start:
                yield Chunk(number, held, np.arange(len(few["x"]))[::-1])

    def fingerprint(self):
        return "held"


def test_a_source_in_one_chunk_gives_the_bits_of_arrays():
    given = settings(optimizer=nn.LevenbergMarquardt(), epochs=5, keep="last")
    whole, sourced = train(MODEL, (X, Y), **given), train(MODEL, Held(23), **given)
    for name, array in whole.parameters.items():
        assert array.tobytes() == sourced.parameters[name].tobytes()
    with pytest.raises(ConfigError, match="and these come in chunks"):
        train(MODEL, Held(12), **given)


def test_more_parameters_than_memory_say_how_much(monkeypatch):
    monkeypatch.setattr(host_steps, "_free_memory", lambda: 20_000)
    with pytest.raises(ConfigError) as caught:
        train(nn.Dense(10), (X, np.repeat(Y, 5, 1)), **settings(optimizer=nn.LevenbergMarquardt()))
    assert str(caught.value) == (
        "LevenbergMarquardt needs 37.5 KiB for the normal equations of 40 parameters, and 19.5 KiB of memory "
        "are free; use fewer units, or nn.ScaledConjugateGradient(), which needs some vectors alone"
    )
