"""Where training broke down: cases whose step, layer and value are known by hand."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tests.training.helpers import Recorder, classification, line, points, regression

from chainrule import nn
from chainrule.data import as_arrays, batches, epoch_order
from chainrule.errors import TrainingError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Tensor, Trace
from chainrule.program import functions as f
from chainrule.training import Batch, Ended, RunState, loop, train_recipe, training_step
from chainrule.training.diagnose import not_finite_error
from chainrule.training.replay import Past, replayed

GROUPED = pytest.mark.parametrize("seconds", [0.0, 1e9], ids=["one step a call", "many steps a call"])


SMALLER_STEPS = (
    "try a learning rate ten times smaller ({learning_rate}), "
    "or clip the gradients by their global norm ({clip})"
)


def broken(recipe, x, y, *, watch: bool = False) -> TrainingError:
    with pytest.raises(TrainingError) as caught:
        train_recipe(recipe, as_arrays((x, y), recipe.dtype), None, watch=watch)
    return caught.value


def message(recipe, x, y) -> str:
    return broken(recipe, x, y).what


def replayed_error(past: Past) -> TrainingError:
    return not_finite_error(replayed(past), {}, epoch=1)


@GROUPED
@pytest.mark.parametrize("watch", [True, False])
def test_a_rate_that_is_far_too_large(seconds, watch, monkeypatch):
    """y = w·1 + b, t = 0: each step multiplies y by 1 - 4 · 2.5e9, about -1e10.

    y is 1, -1e10, 1e20 before steps 1, 2, 3; the square of 1e20 is beyond float32, in the loss of step 3.
    """
    monkeypatch.setattr(loop, "_SECONDS_PER_CALL", seconds)
    model = nn.Sequential([nn.Dense(1, weight=nn.ones)])
    recipe = regression(nn.sgd(2.5e9), model=model, dtype="float32", batch_size=1, epochs=2)
    error = broken(recipe, np.ones((6, 1)), np.zeros((6, 1)), watch=watch)
    assert error.what == (
        "training broke down at step 3: in layer 'loss' the forward value 'loss.multiply' became infinite, "
        "and with it the loss: the weights of layer 'dense_1' had grown from 1 to 5e+19"
    )
    assert (error.remedy, error.settings) == (SMALLER_STEPS, {"learning_rate": 2.5e8, "clip": 1.0})
    assert (error.step, error.epoch, error.layer, error.value) == (3, 1, "dense_1", "loss.multiply")


@GROUPED
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_row_of_extreme_data(seconds, seed, monkeypatch):
    """10 · 1e38 is beyond float32: in the second layer, at the step that visits row 13."""
    monkeypatch.setattr(loop, "_SECONDS_PER_CALL", seconds)
    model = nn.Sequential([nn.Flatten(), nn.Dense(3, weight=nn.constant(10.0)), nn.Dense(1)])
    recipe = regression(nn.sgd(1e-9), model=model, dtype="float32", batch_size=1, epochs=1, seed=seed)
    x = np.ones((20, 1))
    x[13] = 1e38
    step = epoch_order(20, 1, seed, 1).tolist().index(13) + 1
    error = broken(recipe, x, np.zeros((20, 1)))
    assert error.what == (
        f"training broke down at step {step}: in layer 'dense_1' the forward value 'dense_1.matmul' became "
        "infinite, and with it the loss: x is 1e+38 in row 13, column 0 (of the rows trained on), too large "
        "for the arithmetic of float32"
    )
    assert (error.remedy, error.settings) == ("scale x, or leave that row out", {})
    assert (error.step, error.layer, error.value) == (step, "dense_1", "dense_1.matmul")


def test_an_extreme_target_is_named_before_any_update_was_made():
    y = np.zeros((4, 2))
    y[2, 1] = -3e38
    error = broken(regression(model=nn.Dense(2), dtype="float32"), np.ones((4, 3)), y)
    assert "at step 1" in error.what
    assert "y is -3e+38 in row 2, column 1 (of the rows trained on), too large" in error.what
    assert error.remedy == "scale y, or leave that row out"


def test_where_weights_grew_on_data_that_nobody_scaled_both_are_told():
    x = np.ones((20, 2))
    x[:, 1] = -2e4
    recipe = regression(nn.sgd(0.1), model=nn.Sequential([nn.Dense(1)]), dtype="float32", epochs=50)
    error = broken(recipe, x, np.ones((20, 1)))
    assert (error.layer, error.settings["learning_rate"]) == ("dense_1", 0.01)
    assert "the weights of layer 'dense_1' had grown from" in error.what
    assert error.remedy.startswith(f"{SMALLER_STEPS}; and scale x: x is -2e+04 in row ")


def test_the_run_so_far_has_the_history_and_finite_weights():
    """Full batches and a smaller one; the second epoch breaks."""
    recipe = regression(nn.sgd(2.0), dtype="float32", epochs=99)
    x, y = line()
    error = broken(recipe, x, y)
    assert error.epoch > 1
    assert [record["epoch"] for record in error.history] == list(range(1, error.epoch))
    assert (error.run.stopped, error.run.best_epoch) == ("not finite", 0)
    assert all(np.isfinite(array).all() for array in error.run.parameters.values())
    assert np.isfinite(error.run.predict(x)).all()


@pytest.mark.parametrize("seconds", [0.0, 1e9])
def test_the_state_told_at_the_end_is_that_before_the_step_that_broke(seconds, monkeypatch):
    """Trained from there on with the same recipe, it breaks at once, at the same step."""
    monkeypatch.setattr(loop, "_SECONDS_PER_CALL", seconds)
    recipe, heard = regression(nn.sgd(2.0), dtype="float32", epochs=99), Recorder()
    data = as_arrays(line(), "float32")
    with pytest.raises(TrainingError) as first:
        train_recipe(recipe, data, None, listeners=[heard])
    (ended,) = heard.of(Ended)
    assert (ended.reason, ended.error) == ("not finite", first.value)
    state = ended.state
    assert state.step == first.value.step - 1 == 3 * state.epoch + state.batch
    assert all(np.isfinite(array).all() for array in state.tree.values())
    done = epoch_losses(recipe, data, heard, state)
    assert state.loss_sum == pytest.approx(done, rel=1e-5)
    with pytest.raises(TrainingError) as again:
        train_recipe(recipe, data, None, state=state)
    assert (again.value.step, again.value.value) == (first.value.step, first.value.value)


def epoch_losses(recipe, data, heard, state) -> float:
    """The sum of the losses of the unfinished epoch's full batches, from an unbroken start."""
    fresh = RunState({name: array.copy() for name, array in heard.trees[-1].items()})
    program = compile_numpy(training_step(recipe, Batch.of(data, 4)).program)
    full, _ = batches(epoch_order(10, 4, recipe.seed, state.epoch + 1), 4)
    return float(program.bind(fresh.tree).run_many(data.named, full[: state.batch])["loss"].sum())


def test_a_smaller_last_batch_counts_as_a_step():
    """Five examples in batches of two: row 3 is alone in the third batch for the seed that puts it last."""
    seed = next(seed for seed in range(99) if epoch_order(5, 2, seed, 1)[-1] == 3)
    x = np.ones((5, 1))
    x[3] = 1e38
    recipe = regression(
        nn.sgd(1e-9), model=nn.Dense(1, weight=nn.constant(10.0)), dtype="float32", batch_size=2, seed=seed
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
    error = broken(recipe, x, np.zeros((30, 1)))
    assert error.what == (
        f"training broke down at step {first}: in layer 'residual_1.root_1' the forward value "
        "'residual_1.root_1.sqrt' became NaN, and with it the loss: sqrt of numbers from -0.25 to 0.5, first "
        "in row 8 (of the rows trained on)"
    )
    assert error.remedy == f"look at what is computed there; or {SMALLER_STEPS}"
    assert error.layer == "residual_1.root_1"
    assert first < step


@GROUPED
def test_weights_that_break_are_found_at_the_step_that_breaks_them(seconds, monkeypatch):
    """The loss of the only step is 1. Its update, 1e20 · 2 · 1e30, is beyond float32; no loss shows it."""
    monkeypatch.setattr(loop, "_SECONDS_PER_CALL", seconds)
    for epochs in (1, 5):
        model = nn.Sequential([nn.Dense(1, weight=nn.zeros)])
        recipe = regression(nn.sgd(1e20), model=model, dtype="float32", batch_size=1, epochs=epochs)
        told = message(recipe, np.full((1, 1), 1e30), np.ones((1, 1)))
        assert told.startswith("training broke down at step 1: in layer 'optimizer' the update value")
        assert "became infinite, and with it the weights: x is 1e+30 in row 0, column 0" in told


def test_a_penalty_that_breaks_is_named():
    model = nn.Sequential([nn.Dense(3, weight=nn.constant(20.0))])
    error = broken(classification(model=model, penalties=(nn.L2(1e38),)), *points(16))
    assert "at step 1: in layer 'penalty'" in error.what
    assert (error.layer, error.remedy) == ("penalty", "make the penalties weaker")


def test_an_update_that_breaks_at_the_first_step_names_the_rate():
    error = broken(classification(penalties=(nn.L2(1e37),), optimizer=nn.sgd(1e10)), *points(16))
    assert "at step 1: in layer 'optimizer' the update value" in error.what
    assert (error.remedy, error.settings) == (SMALLER_STEPS, {"learning_rate": 1e9, "clip": 1.0})


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
    calls: list[Any] = [(program, chunk, np.array(order)) for order in ([[0], [1]], [[0], [0], [0]])]
    error = replayed_error(Past(100, tree, calls=calls))
    assert error.what == (
        "training broke down at step 104: in layer 'root' the forward value 'root.sqrt' became NaN, "
        "and with it the loss: sqrt of numbers from -0.5 to -0.5"
    )


def test_steps_that_do_not_break_in_the_replay_are_told_without_a_layer():
    trace = Trace()
    w = trace.parameter("w", (), "float64")
    program = trace.program({"loss": w * 2.0}, {w: w - 1.0})
    past = Past(4, {"w": np.array(1.0)}, calls=[(program, {"x": np.ones(1)}, np.zeros((3, 1), int))])
    error = replayed_error(past)
    assert error.what == "the loss or the weights are not finite after step 7"


def test_large_numbers_that_fit_are_no_breakdown():
    """The gradient is 2 (y - t) x = 2e25; its square, in the sizes that are watched, would not fit."""
    model = nn.Sequential([nn.Dense(1, weight=nn.constant(2e-25))])
    recipe = regression(nn.sgd(1e-30), model=model, dtype="float32", epochs=1)
    run = train_recipe(recipe, as_arrays((np.full((4, 1), 1e25), np.ones((4, 1)))), None)
    assert run.history[0]["watch"]["dense_1.weight"]["gradient"] == pytest.approx(2e25, rel=1e-6)
