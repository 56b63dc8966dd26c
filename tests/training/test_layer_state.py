"""State of layers through all of training: started, moved by every step, validated, kept, stored, resumed."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from tests.training.helpers import Recorder, assert_same_run, of_model, points, same_arrays, stop_after

from chainrule import Run, load_run, nn, train
from chainrule.data import as_arrays, epoch_order
from chainrule.errors import ShapeError, TrainingError
from chainrule.executors.native import compile_native
from chainrule.program import Tensor
from chainrule.program import functions as f
from chainrule.training import (
    Batch,
    Recipe,
    Started,
    initial_tree,
    learning_rate_range_test,
    loop,
    train_recipe,
    training_step,
)

MODEL = nn.Sequential([nn.BatchNorm(0.8), nn.Dense(6, "tanh"), nn.BatchNorm(0.5), nn.Dense(3)])
STATE = [f"batch_norm_{i}.{name}" for i in (1, 2) for name in ("mean", "variance")]


def recipe(**settings) -> Recipe:
    usual = {"model": MODEL, "optimizer": nn.adam(0.02), "epochs": 6, "batch_size": 16}
    return of_model(loss=nn.SoftmaxCrossEntropy(), **(usual | settings))


def run_recipe(
    recipe: Recipe, path: Path | None = None, *listeners, validated: bool = True, executor="native"
) -> Run:
    held_out = as_arrays(points(30, seed=7), recipe.dtype) if validated else None
    data = as_arrays(points(), recipe.dtype)
    return train_recipe(
        recipe, data, held_out, checkpoint=path, listeners=listeners, executor=executor, watch=False
    )


def moved(start: tuple[np.ndarray, np.ndarray], x: np.ndarray, momentum: float):
    """Running mean and variance after a batch, by the equations."""
    mean, variance = start
    return (
        momentum * mean + (1 - momentum) * x.mean(0),
        momentum * variance + (1 - momentum) * x.var(0, ddof=1),
    )


@pytest.mark.parametrize("executor", ["numpy", "native"])
def test_statistics_start_at_0_and_1_and_every_batch_moves_them(executor: str):
    """The first layer sees the data alone, so that its statistics are known."""
    settings = recipe(epochs=2)
    x = points()[0]
    expected = np.zeros(4), np.ones(4)
    for epoch in (1, 2):
        order = epoch_order(50, 16, settings.seed, epoch)
        for first in range(0, 50, 16):
            expected = moved(expected, x[order[first : first + 16]], 0.8)
    run = run_recipe(settings, validated=False, executor=executor)
    np.testing.assert_allclose(run.parameters["batch_norm_1.mean"], expected[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(run.parameters["batch_norm_1.variance"], expected[1], rtol=1e-5)


def test_many_steps_in_one_call_move_the_state_as_one_by_one():
    arrays = as_arrays(points())
    step = training_step(recipe(), Batch.of(arrays, 10))
    compiled = compile_native(step.program)
    order = np.random.default_rng(0).integers(0, 50, (30, 10)).astype(np.int32)
    together, alone = (initial_tree(recipe(), step) for _ in range(2))
    compiled.bind(together).run_many(arrays.named, order)
    for row in order:
        compiled.run(alone, {name: array[row] for name, array in arrays.named.items()})
    assert same_arrays(together, alone)
    assert not np.allclose(together["batch_norm_2.mean"], 0)


def test_the_state_is_a_leaf_of_the_tree_that_no_optimizer_and_no_penalty_knows():
    settings = recipe(optimizer=nn.momentum(0.1), penalties=(nn.L2(0.1, on="*"),))
    step = training_step(settings, Batch.of(as_arrays(points()), 16))
    tree = initial_tree(settings, step)
    assert {name for name in tree if name.endswith(("mean", "variance"))} == set(STATE)
    assert [tree[name].tolist() for name in STATE[:2]] == [[0.0] * 4, [1.0] * 4]
    assert not {value.name for value in step.program.parameters} & set(STATE)
    without = training_step(replace(settings, penalties=()), Batch.of(as_arrays(points()), 16))
    assert {v.name for v in without.program.state} == {v.name for v in step.program.state}


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_run_goes_on_to_the_bits_of_the_unbroken_one(validated, dtype, tmp_path):
    settings, whole, rest = recipe(dtype=dtype), Recorder(), Recorder()
    unbroken = run_recipe(settings, None, whole, validated=validated)
    run_recipe(settings, tmp_path / "state", stop_after(2), validated=validated)
    assert_same_run(run_recipe(settings, tmp_path / "state", rest, validated=validated), unbroken)
    for tree, expected in zip(rest.trees, whole.trees[2:], strict=True):
        assert same_arrays(tree, expected)
    assert set(STATE) < set(unbroken.parameters)


def test_the_best_epoch_keeps_its_statistics():
    recorder = Recorder()
    run = run_recipe(recipe(optimizer=nn.adam(0.2), epochs=20), None, recorder)
    assert run.best_epoch < 20
    best = recorder.trees[run.best_epoch - 1]
    assert same_arrays(run.parameters, {name: best[name] for name in run.parameters})
    last = recorder.trees[-1]
    assert not np.array_equal(best["batch_norm_2.variance"], last["batch_norm_2.variance"])


def test_a_stored_run_predicts_by_the_running_statistics(tmp_path):
    run = run_recipe(recipe(dtype="float64"))
    back = load_run(run.save(tmp_path / "run"))
    assert same_arrays(back.parameters, run.parameters)
    x = points(9, seed=3)[0]
    assert back.outputs(x).tobytes() == run.outputs(x).tobytes()

    def normalized(x: np.ndarray, number: int) -> np.ndarray:
        mean, variance, scale, shift = (
            run.parameters[f"batch_norm_{number}.{name}"] for name in ("mean", "variance", "scale", "shift")
        )
        return (x - mean) / np.sqrt(variance + 1e-5) * scale + shift

    def dense(x: np.ndarray, number: int) -> np.ndarray:
        return x @ run.parameters[f"dense_{number}.weight"] + run.parameters[f"dense_{number}.bias"]

    expected = dense(normalized(np.tanh(dense(normalized(x, 1), 1)), 2), 2)
    np.testing.assert_allclose(run.outputs(x), expected, rtol=1e-10)
    # One by one as together: no statistics of the batch.
    np.testing.assert_allclose(np.concatenate([run.outputs(row[None]) for row in x]), expected, rtol=1e-10)


def test_validation_reads_the_statistics_and_leaves_them_alone():
    seen, unseen = Recorder(), Recorder()
    run_recipe(recipe(), None, seen)
    run_recipe(recipe(), None, unseen, validated=False)
    for tree, expected in zip(seen.trees, unseen.trees, strict=True):
        assert same_arrays(tree, expected)


def test_averages_are_of_parameters_alone():
    recorder = Recorder()
    optimizer = nn.chain(nn.adam(0.05), nn.ExponentialMovingAverage(0.9))
    run = run_recipe(recipe(optimizer=optimizer), None, recorder, validated=False)
    last = recorder.trees[-1]
    assert not np.allclose(run.parameters["batch_norm_2.scale"], last["batch_norm_2.scale"], rtol=1e-4)
    assert same_arrays({name: run.parameters[name] for name in STATE}, {name: last[name] for name in STATE})


def test_a_second_look_at_the_batch_moves_the_statistics_once():
    """Sharpness-aware minimization records the model twice; the first layer sees the data both times."""
    sharp = nn.chain(nn.SharpnessAware(0.05), nn.sgd(0.1))
    once, twice = (
        run_recipe(recipe(optimizer=optimizer, epochs=1), validated=False)
        for optimizer in (nn.sgd(0.1), sharp)
    )
    for name in STATE[:2]:
        np.testing.assert_allclose(twice.parameters[name], once.parameters[name], rtol=1e-6)


FEW_LEFT = [
    (33, 32, [17, 16]),
    (50, 7, [7] * 6 + [4, 4]),
    (5, 2, [2, 3]),
    (3, 2, [3]),
    (201, 200, [101, 100]),
]


@pytest.mark.parametrize("executor", ["numpy", "native"])
@pytest.mark.parametrize(("examples", "batch_size", "sizes"), FEW_LEFT)
def test_a_single_example_left_over_shares_the_rows_of_the_batch_before(
    examples, batch_size, sizes, executor
):
    """The first layer's statistics, and the epoch's loss, from batches of these sizes, by the equations."""
    x, y = points(examples)
    few = recipe(
        model=nn.Sequential([nn.BatchNorm(0.8)]), optimizer=nn.sgd(1e-30), batch_size=batch_size, epochs=2
    )
    recorder = Recorder()
    with pytest.warns(UserWarning, match=r"the last batches of an epoch have .* rows instead"):
        run = train_recipe(few, as_arrays((x, y % 3)), None, listeners=[recorder], executor=executor)
    statistics = np.zeros(4), np.ones(4)
    for epoch in (1, 2):
        order, start, total = epoch_order(examples, batch_size, few.seed, epoch), 0, 0.0
        for size in sizes:
            rows = order[start : start + size]
            statistics = moved(statistics, x[rows], 0.8)
            z = (x[rows] - x[rows].mean(0)) / np.sqrt(x[rows].var(0) + 1e-5)
            total += (np.log(np.exp(z).sum(1)) - z[np.arange(size), y[rows]]).sum()
            start += size
        assert start == examples
        assert run.history[epoch - 1]["loss"] == pytest.approx(total / examples, rel=1e-5)
        assert run.history[epoch - 1]["step"] == epoch * len(sizes)
        assert run.history[epoch - 1]["watch"].keys() >= {"batch_norm_1"}
    np.testing.assert_allclose(run.parameters["batch_norm_1.mean"], statistics[0], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(run.parameters["batch_norm_1.variance"], statistics[1], rtol=1e-4)
    assert recorder.of(Started)[0].steps_per_epoch == len(sizes)


def test_it_is_said_once_what_became_of_the_last_batches():
    x, y = points(33)
    with pytest.warns(UserWarning) as told:  # noqa: PT030 (compared whole, below)
        train(MODEL, (x, y), loss=nn.SoftmaxCrossEntropy(), epochs=2, progress=False)
    assert [str(each.message) for each in told] == [
        "BatchNorm 'batch_norm_1' got x of shape (1, 4), 1 of each channel; training needs 2; the last "
        "batches of an epoch have 17 and 16 rows instead"
    ]
    assert told[0].filename == __file__


def test_a_share_for_validation_is_no_luck():
    """Of 41 examples 33 are trained on."""
    x, y = points(41)
    with pytest.warns(UserWarning, match="have 17 and 16 rows instead"):
        run = train(MODEL, (x, y), loss=nn.SoftmaxCrossEntropy(), epochs=2, validation=0.2, progress=False)
    assert len(run.history) == 2
    assert len(learning_rate_range_test(MODEL, (x[:33], y[:33]), loss=nn.SoftmaxCrossEntropy()).rates) > 1


def test_a_run_with_shared_batches_goes_on_to_the_bits_of_the_unbroken_one(tmp_path):
    few = recipe(batch_size=7)
    with pytest.warns(UserWarning, match="4 and 4 rows"):
        unbroken = run_recipe(few)
    for listener in (stop_after(2), stop_after(9)):
        with pytest.warns(UserWarning, match="4 and 4 rows"):
            last = run_recipe(few, tmp_path / "state", listener)
    assert_same_run(last, unbroken)


def test_networks_that_take_the_last_batch_keep_it():
    """Bit by bit as with any layer that does not care."""
    runs = [
        train_recipe(recipe(model=model, batch_size=7), as_arrays(points()), None)
        for model in (nn.Sequential([nn.Dense(3)]), nn.Sequential([AtLeast(1), nn.Dense(3)]))
    ]
    assert_same_run(runs[0], replace(runs[1], history=runs[0].history))
    assert [record["loss"] for record in runs[0].history] == [record["loss"] for record in runs[1].history]
    with pytest.warns(UserWarning, match="4 and 4 rows"):
        shared = train_recipe(
            recipe(model=nn.Sequential([AtLeast(2), nn.Dense(3)]), batch_size=7), as_arrays(points()), None
        )
    assert shared.history[-1]["loss"] != runs[0].history[-1]["loss"]


def test_a_layer_that_refuses_every_division_is_told_before_the_first_step():
    recorder = Recorder()
    model = nn.Sequential([AtLeast(7, most=7), nn.Dense(3)])
    with pytest.raises(ShapeError, match=r"^AtLeast 'at_least_1' got 1 rows"):
        run_recipe(recipe(model=model, batch_size=7), None, recorder, validated=False)  # 50 = 7 · 7 + 1
    with pytest.raises(ShapeError, match="give it batches of 2 examples or more"):
        run_recipe(recipe(batch_size=1), None, recorder, validated=False)
    assert recorder.events == []


@dataclass(frozen=True)
class AtLeast(nn.Layer):
    """The identity, for so many rows while training."""

    least: int
    most: int = 1000

    def __call__(self, x: Tensor) -> Tensor:
        if self.training and not self.least <= x.shape[0] <= self.most:
            raise ShapeError(f"{x.trace.label} got {x.shape[0]} rows")
        return x


@dataclass(frozen=True)
class Largest(nn.Layer):
    """The identity; it keeps the square of the largest element so far, which may be beyond float32."""

    def __call__(self, x: Tensor) -> Tensor:
        largest = self.state("largest", (), nn.zeros, x.dtype)
        if self.training:
            self.update_state("largest", f.maximum(largest, (x * x).max()))
        return x


@pytest.mark.parametrize("seconds", [0.0, 1e9], ids=["one step a call", "many steps a call"])
def test_state_that_becomes_infinite_is_found_with_its_layer(seconds, monkeypatch):
    monkeypatch.setattr(loop, "_SECONDS_PER_CALL", seconds)
    settings = recipe(model=nn.Sequential([Largest(), nn.Activation("tanh"), nn.Dense(3)]), batch_size=1)
    x, y = points(20)
    x[13] = 1e30
    step = epoch_order(20, 1, settings.seed, 1).tolist().index(13) + 1
    with pytest.raises(TrainingError, match=rf"broke down at step {step}: in layer 'largest_1'"):
        train_recipe(settings, as_arrays((x, y)), None)


def test_a_layer_of_your_own_keeps_what_it_saw():
    run = run_recipe(recipe(model=nn.Sequential([Largest(), nn.Dense(3)])), validated=False)
    np.testing.assert_allclose(run.parameters["largest_1.largest"], (points()[0] ** 2).max(), rtol=1e-6)
