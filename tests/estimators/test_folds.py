"""Folds that say for how many epochs all rows are trained on."""

import math
import signal
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.metrics import log_loss, mean_squared_error
from tests.estimators.helpers import blobs, mixed, slope
from tests.training.helpers import changed

from chainrule import nn
from chainrule.data import Arrays
from chainrule.estimators import NetClassifier, NetRegressor
from chainrule.estimators.folds import folds_of, loss_of_predictions, train_by_folds
from chainrule.executors.contract import HostSession
from chainrule.executors.native import compile_native
from chainrule.training import EpochDone, Event, Programs, Recipe, Supervised, train_recipe

RECIPE = Recipe(
    Supervised(nn.Sequential([nn.Dense(32, "tanh"), nn.Dense(1)]), nn.MeanSquaredError()),
    nn.chain(nn.adam(0.005), nn.ExponentialMovingAverage(0.9)),
    epochs=40,
    batch_size=16,
    seed=5,
)


def noisy(rows: int = 46) -> Arrays:
    """So much noise that a network soon learns it by heart."""
    random = np.random.default_rng(2)
    x = random.normal(size=(rows, 5)).astype(np.float32)
    return Arrays.of(x, (x[:, :1] + random.normal(size=(rows, 1))).astype(np.float32))


def by_folds(recipe: Recipe, arrays: Arrays, patience: float, **settings: Any) -> Any:
    programs = Programs(recipe, settings.pop("executor", "native"))
    settings = {"listeners": [], "progress": False} | settings
    return train_by_folds(recipe, arrays, programs, patience=patience, **settings)


@pytest.mark.parametrize("rows", [99, 100, 101])
def test_folds_are_of_one_length_and_deal_out_classes_evenly(rows):
    y = np.random.default_rng(0).integers(0, 4, rows).astype(np.int32)
    folds = folds_of(Arrays.of(np.zeros((rows, 1), np.float32), y), seed=3)
    held = np.concatenate([fold for _, fold in folds])
    assert [len(fold) for _, fold in folds] == [33, 33, 33]
    assert len(np.unique(held)) == 99
    for rest, fold in folds:
        assert np.array_equal(np.sort(np.r_[rest, fold]), np.arange(rows))
    counts = np.array([np.bincount(y[fold], minlength=4) for _, fold in folds])
    assert np.ptp(counts, axis=0).max() <= 1
    again, other = (folds_of(Arrays.of(np.zeros((rows, 1)), y), seed=seed) for seed in (3, 4))
    assert np.array_equal(again[0][1], folds[0][1])
    assert not np.array_equal(other[0][1], folds[0][1])


def test_folds_that_leave_one_row_over_train_a_network_that_refuses_one():
    """Of 50 rows they train on 34, in batches of 33, or of 17 and 17."""
    model = nn.Sequential([nn.Dense(4), nn.BatchNorm(), nn.Dense(1)])
    run, _ = by_folds(changed(RECIPE, model=model, batch_size=33, epochs=3), noisy(50), math.inf)
    assert [record["step"] for record in run.history] == [2, 4, 6][: len(run.history)]


@pytest.mark.parametrize("patience", [3, 8, math.inf])
def test_all_rows_are_trained_on_for_the_epochs_that_were_best_on_average(patience):
    """Against networks trained one by one, each from beginning to end."""
    arrays = noisy()
    run, state = by_folds(RECIPE, arrays, patience)
    losses = []
    for rest, fold in folds_of(arrays, RECIPE.seed):
        alone = train_recipe(RECIPE, arrays.take(rest), arrays.take(fold), watch=False, progress=False)
        losses.append([record["validation_loss"] for record in alone.history])
    means = np.mean(losses, axis=0)
    best = 1 + int(means.argmin())
    assert 3 < best < 30  # else nothing was tested
    assert (state.epoch, run.best_epoch, run.stopped) == (best, best, "early stopping")
    told = [record["validation_loss"] for record in run.history]
    np.testing.assert_allclose(told, means[:best], rtol=1e-6)
    alone = train_recipe(replace(RECIPE, epochs=best), arrays, None, watch=False, progress=False)
    for name, array in alone.parameters.items():
        assert np.array_equal(run.parameters[name], array)
    assert [record["loss"] for record in run.history] == [record["loss"] for record in alone.history]


@pytest.mark.parametrize("kind", ["classes", "yes or no", "labels", "numbers"])
def test_the_loss_is_of_the_mean_of_the_members(kind):
    """Against the same weights, whose members are taken apart by hand, and scikit-learn's figures."""
    x, y = blobs(60, classes=2 if kind == "yes or no" else 3)
    targets = {"labels": np.eye(3, dtype=np.int32)[y], "numbers": slope(60)[1][:, None]}.get(kind, y)
    losses = {"classes": nn.SoftmaxCrossEntropy(), "numbers": nn.MeanSquaredError()}
    loss = nn.MeanOfMembers(losses.get(kind, nn.BinaryCrossEntropy()))
    outputs = {"yes or no": 1, "numbers": 1}.get(kind, 3)
    network = nn.Sequential([nn.Members(4), nn.Dense(8, "relu"), nn.EnsembleDense(outputs, weights="own")])
    weight = np.random.default_rng(1).random(60).astype(np.float32)
    floats = targets.astype(np.float32 if kind == "numbers" else np.int32)
    arrays = Arrays.of(x.astype(np.float32), floats, weight)
    run = train_recipe(Recipe(Supervised(network, loss), epochs=3), arrays, None, watch=False, progress=False)
    members = run.outputs(arrays.x).astype(np.float64)  # (rows, members, outputs)
    if kind == "numbers":
        expected = mean_squared_error(targets, members.mean(1), sample_weight=weight)
    elif kind == "classes":
        expected = log_loss(y, softmax(members, axis=2).mean(1), sample_weight=weight)
    else:
        likely = expit(members).mean(1)
        columns = targets.reshape(60, -1).T
        expected = np.mean(
            [log_loss(t, p, sample_weight=weight) for t, p in zip(columns, likely.T, strict=True)]
        )
    assert loss_of_predictions(loss, run.predict(arrays.x), arrays) == pytest.approx(expected, rel=1e-5)
    assert loss_of_predictions(nn.MeanOfMembers(nn.Huber()), run.predict(arrays.x), arrays) is None


def test_patience_spares_the_epochs_after(named_executor):
    counted = []

    def counting(program: Any) -> Any:
        compiled = compile_native(program)
        bind = compiled.bind

        def counted_bind(tree: Any) -> Any:
            session = bind(tree)

            def run_many(_: Any, arrays: Any, order: Any) -> Any:
                counted.append(order.size)
                return session.run_many(arrays, order)

            return HostSession(tree, run_many)

        compiled.bind = counted_bind
        return compiled

    arrays = noisy(48)  # folds leave two batches of 16
    run, _ = by_folds(RECIPE, arrays, 4, executor=named_executor(counting))
    for_folds = sum(counted) / 32 - run.best_epoch * 48 / 32
    assert 3 * (run.best_epoch + 4) <= for_folds < 3 * (run.best_epoch + 8)


def test_at_most_the_epochs_there_may_be():
    run, state = by_folds(replace(RECIPE, epochs=3), noisy(), 8)
    assert (state.epoch, run.stopped) == (3, "epochs")


def test_weights_of_rows_count_in_the_folds_too():
    arrays = noisy()
    weight = np.where(np.arange(len(arrays)) < 30, 1.0, 1e-6).astype(np.float32)
    weighted, _ = by_folds(replace(RECIPE, epochs=2), arrays.weighted(weight), math.inf)
    plain, _ = by_folds(replace(RECIPE, epochs=2), arrays, math.inf)
    assert weighted.history[0]["validation_loss"] != plain.history[0]["validation_loss"]


def test_listeners_hear_of_the_last_training_and_of_what_the_folds_said():
    records = []

    def hear(event: Event) -> None:
        if isinstance(event, EpochDone):
            records.append(dict(event.record))
            if event.record["epoch"] == 2:
                event.stop("enough")

    run, _ = by_folds(RECIPE, noisy(), 8, listeners=[hear])
    assert [record["epoch"] for record in records] == [1, 2]
    assert all("validation_loss" in record for record in records)
    assert (run.stopped, run.best_epoch) == ("enough", 2)


def test_interrupted_in_a_fold_it_gives_what_was_learned(named_executor):
    once = [signal.SIGINT]

    def interrupting(program: Any) -> Any:
        if once:
            signal.raise_signal(once.pop())
        return compile_native(program)

    run, state = by_folds(RECIPE, noisy(), 8, executor=named_executor(interrupting))
    assert run.stopped == "interrupted"
    assert np.isfinite(run.predict(noisy().x)).all()
    assert state.epoch == len(run.history)


@pytest.mark.parametrize(
    ("settings", "rows", "held_out"),
    [
        ({}, 29, ""),
        ({}, 30, "folds"),
        ({}, 999, "folds"),
        ({}, 1000, "part"),
        ({"early_stopping": True}, 200, "part"),
        ({"early_stopping": False}, 200, ""),
        ({"solver": "rmsprop"}, 200, "part"),
        ({"solver": "rmsprop"}, 99, ""),
        ({"learning_rate": "cosine"}, 200, "part"),
        ({"learning_rate_init": 0.01}, 200, "folds"),
        ({"layers": (4,)}, 200, ""),
    ],
    ids=str,
)
def test_few_rows_of_the_default_network_are_held_out_in_folds(settings, rows, held_out):
    x, y = slope(rows)
    net = NetRegressor(max_iter=2, random_state=0, **settings).fit(x, y)
    recipe = net.run_.recipe
    optimizer: Any = recipe.optimizer
    averages = isinstance(optimizer.transforms[-1], nn.ExponentialMovingAverage)
    assert averages == (held_out == "folds")
    assert (recipe.patience is not None) == (held_out == "part")
    assert (net.validation_scores_ is not None) == bool(held_out)
    if averages:
        rate = settings.get("learning_rate_init", 0.008)
        assert optimizer == nn.chain(nn.adamw(rate, weight_decay=0.01), nn.ExponentialMovingAverage(0.97))
        assert len(net.validation_scores_ or ()) == net.n_iter_ == net.run_.best_epoch


def test_classes_labels_and_mixed_columns_are_fitted_by_folds():
    x, y = blobs(150)
    net = NetClassifier(random_state=0).fit(x, y)
    assert net.run_.stopped == "early stopping"
    assert net.score(x, y) > 0.8
    assert max(net.validation_scores_ or ()) > 0.8
    labels = np.eye(3, dtype=int)[y]
    assert NetClassifier(max_iter=20, random_state=0).fit(x, labels).predict(x).shape == (150, 3)
    frame, towns = mixed()
    assert NetClassifier(max_iter=20, random_state=0).fit(frame, towns).score(frame, towns) > 0.9


def test_what_follows_goes_on_from_the_averages(tmp_path):
    x, y = slope(120)
    net = NetRegressor(max_iter=5, random_state=0).fit(x, y)
    said = net.predict(x)
    again = NetRegressor.load(net.save(tmp_path / "net"))
    assert again.predict(x).tolist() == said.tolist()
    for each in (net, again):
        each.set_params(learning_rate_init=1e-12).partial_fit(x, y)
        np.testing.assert_allclose(each.predict(x), said, rtol=1e-4, atol=1e-4)
        assert each.n_iter_ == 1
    net.set_params(warm_start=True, max_iter=2).fit(x, y)  # rows that were trained on would say too little
    assert net.run_.recipe.patience is not None
    np.testing.assert_allclose(net.predict(x), said, rtol=1e-4, atol=1e-4)


def test_the_same_number_gives_the_same_bits_in_folds():
    x, y = slope(120)
    nets = [NetRegressor(max_iter=4, random_state=seed).fit(x, y) for seed in (1, 1, 2)]
    one, again, other = (net.predict(x).tolist() for net in nets)
    assert one == again != other
