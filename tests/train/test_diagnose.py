"""Where training broke down: cases whose step, layer and value are known by hand."""

from dataclasses import dataclass

import numpy as np
import pytest
from tests.train.helpers import classification, points, regression

from chainrule import nn
from chainrule.data import as_arrays, epoch_order
from chainrule.errors import TrainingError
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f
from chainrule.train import loop, train_recipe
from chainrule.train.diagnose import Past, not_finite_error

GROUPED = pytest.mark.parametrize("seconds", [0.0, 1e9], ids=["one step a call", "many steps a call"])


def message(recipe, x, y, *, watch: bool = False) -> str:
    with pytest.raises(TrainingError) as caught:
        train_recipe(recipe, as_arrays((x, y), recipe.dtype), None, watch=watch)
    assert caught.value.remedy.startswith("try a learning rate ten times smaller")
    return caught.value.what


@GROUPED
@pytest.mark.parametrize("watch", [True, False])
def test_a_rate_that_is_far_too_large(seconds, watch, monkeypatch):
    """y = w·1 + b, t = 0: each step multiplies y by 1 - 4 · 2.5e9, about -1e10.

    y is 1, -1e10, 1e20 before steps 1, 2, 3; the square of 1e20 is beyond float32, in the loss of step 3.
    """
    monkeypatch.setattr(loop, "_SECONDS_PER_CALL", seconds)
    model = nn.Sequential([nn.Dense(1, kernel=nn.ones)])
    recipe = regression(nn.sgd(2.5e9), model=model, dtype="float32", batch_size=1, epochs=2)
    assert message(recipe, np.ones((6, 1)), np.zeros((6, 1)), watch=watch) == (
        "training broke down at step 3: in layer 'loss' the forward value 'loss.multiply' became infinite, "
        "and with it the loss"
    )


@GROUPED
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_row_of_extreme_data(seconds, seed, monkeypatch):
    """10 · 1e38 is beyond float32: in the second layer, at the step that visits row 13."""
    monkeypatch.setattr(loop, "_SECONDS_PER_CALL", seconds)
    model = nn.Sequential([nn.Flatten(), nn.Dense(3, kernel=nn.constant(10.0)), nn.Dense(1)])
    recipe = regression(nn.sgd(1e-9), model=model, dtype="float32", batch_size=1, epochs=1, seed=seed)
    x = np.ones((20, 1))
    x[13] = 1e38
    step = epoch_order(20, 1, seed, 1).tolist().index(13) + 1
    assert message(recipe, x, np.zeros((20, 1))) == (
        f"training broke down at step {step}: in layer 'dense_1' the forward value 'dense_1.matmul' became "
        "infinite, and with it the loss"
    )


def test_a_smaller_last_batch_counts_as_a_step():
    """Five examples in batches of two: row 3 is alone in the third batch for the seed that puts it last."""
    seed = next(seed for seed in range(99) if epoch_order(5, 2, seed, 1)[-1] == 3)
    x = np.ones((5, 1))
    x[3] = 1e38
    recipe = regression(
        nn.sgd(1e-9), model=nn.Dense(1, kernel=nn.constant(10.0)), dtype="float32", batch_size=2, seed=seed
    )
    assert message(recipe, x, np.zeros((5, 1))).startswith(
        "training broke down at step 3: in layer 'dense_1'"
    )


@dataclass(frozen=True)
class Root(nn.Layer):
    """√(x - 0.5): NaN below a half."""

    def __call__(self, x: Tensor) -> Tensor:
        return f.sqrt(x - 0.5)


@GROUPED
def test_nan_is_told_from_infinite_and_the_layer_by_its_path(seconds, monkeypatch):
    monkeypatch.setattr(loop, "_SECONDS_PER_CALL", seconds)
    model = nn.Sequential([nn.Residual([Root()]), nn.Dense(1)])
    x = np.ones((30, 2))
    x[8, 1] = 0.25
    step = 30 + epoch_order(30, 1, 0, 2).tolist().index(8) + 1

    recipe = regression(nn.sgd(1e-6), model=model, batch_size=1, epochs=2)
    first = epoch_order(30, 1, 0, 1).tolist().index(8) + 1
    assert message(recipe, x, np.zeros((30, 1))).startswith(
        f"training broke down at step {first}: in layer 'residual_1.root_1' the forward value "
        "'residual_1.root_1.sqrt' became NaN"
    )
    assert first < step


@GROUPED
def test_weights_that_break_are_found_at_the_step_that_breaks_them(seconds, monkeypatch):
    """The loss of the only step is 1. Its update, 1e20 · 2 · 1e30, is beyond float32; no loss shows it."""
    monkeypatch.setattr(loop, "_SECONDS_PER_CALL", seconds)
    for epochs in (1, 5):
        model = nn.Sequential([nn.Dense(1, kernel=nn.zeros)])
        recipe = regression(nn.sgd(1e20), model=model, dtype="float32", batch_size=1, epochs=epochs)
        told = message(recipe, np.full((1, 1), 1e30), np.ones((1, 1)))
        assert told.startswith("training broke down at step 1: in layer 'optimizer' the update value")
        assert told.endswith("became infinite, and with it the weights")


def test_a_penalty_that_breaks_is_named():
    recipe = classification(penalties=(nn.L2(1e38),), optimizer=nn.sgd(1e10), epochs=9)
    assert "at step 1: in layer" in message(recipe, *points(16))


def test_an_infinity_that_comes_to_nothing_is_passed_by():
    """1/x is infinite at step 2 and clipped there; √w of a negative w breaks at step 4.

    w is 2.5, 1.5, 0.5, -0.5 before steps 1 to 4.
    """
    trace = Trace()
    x, w = trace.input("x", (1,), "float64"), trace.parameter("w", (), "float64")
    with trace.at(layer="clip"):
        clipped = f.minimum(1.0 / x, 10.0).sum()
    with trace.at(layer="root"):
        loss = clipped + f.sqrt(w)
    program = trace.program({"loss": loss}, {w: w - 1.0})
    tree, chunk = {"w": np.array(2.5)}, {"x": np.array([1.0, 0.0])}
    calls = [(program, np.array(order)) for order in ([[0], [1]], [[0], [0], [0]])]
    error = not_finite_error(Past(100, tree, calls), chunk)
    assert error.what == (
        "training broke down at step 104: in layer 'root' the forward value 'root.sqrt' became NaN, "
        "and with it the loss"
    )


def test_steps_that_do_not_break_in_the_replay_are_told_without_a_layer():
    trace = Trace()
    w = trace.parameter("w", (), "float64")
    program = trace.program({"loss": w * 2.0}, {w: w - 1.0})
    past = Past(4, {"w": np.array(1.0)}, [(program, np.zeros((3, 1), int))])
    error = not_finite_error(past, {"x": np.ones(1)})
    assert error.what == "the loss or the weights are not finite after step 7"


def test_large_numbers_that_fit_are_no_breakdown():
    """The gradient is 2 (y - t) x = 2e25; its square, in the sizes that are watched, would not fit."""
    model = nn.Sequential([nn.Dense(1, kernel=nn.constant(2e-25))])
    recipe = regression(nn.sgd(1e-30), model=model, dtype="float32", epochs=1)
    run = train_recipe(recipe, as_arrays((np.full((4, 1), 1e25), np.ones((4, 1)))), None)
    assert run.history[0]["watch"]["dense_1.weight"]["gradient"] == pytest.approx(2e25, rel=1e-6)
