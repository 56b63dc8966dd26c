"""The landscape: losses where the weights are known, the path on it, plain data, refusals."""

import json

import numpy as np
import pytest
from tests.training.helpers import classifier, line, points

import chainrule
from chainrule import nn
from chainrule.data.plain_json import json_text, numbers_again
from chainrule.doctor import Landscape, TrainingPath, loss_landscape, sharpness
from chainrule.errors import ConfigError, DataError

X, Y = points(60)
SMALL = {"loss": "cross_entropy", "watch": False}


@pytest.fixture(scope="module")
def heard() -> tuple[chainrule.Run, TrainingPath]:
    path = TrainingPath()
    model = nn.Sequential([nn.Dense(6), nn.BatchNorm(), nn.Activation("relu"), nn.Dense(3)])
    run = chainrule.train(model, (X, Y), epochs=6, listeners=[path], **SMALL)
    return run, path


def loss_with(run: chainrule.Run, weights: dict[str, np.ndarray]) -> float:
    """As a run with these weights says it."""
    moved = chainrule.Run(run.recipe, run.parameters | weights, [], "epochs", 0, run.batch)
    return moved.evaluate((X, Y))["loss"]


def test_the_centre_is_the_run(heard):
    run, path = heard
    for each in (None, path):
        landscape = loss_landscape(run, path=each, size=5)
        i, j = np.abs(landscape.first).argmin(), np.abs(landscape.second).argmin()
        assert landscape.sharpness == sharpness(run)
        if each is None:
            assert landscape.first[i] == landscape.second[j] == 0
            assert landscape.losses[j, i] == pytest.approx(run.evaluate((X, Y))["loss"], rel=1e-6)


def test_random_directions_have_the_losses_of_their_weights(heard):
    """One filter after the other, worked out again from the seed's directions."""
    from chainrule.doctor.landscape.directions import random_plane

    run, _ = heard
    landscape = loss_landscape(run, size=3, reach=0.5, seed=7)
    np.testing.assert_array_equal(landscape.first, [-0.5, 0, 0.5])
    trained = {n: a for n, a in run.parameters.items() if not n.endswith(("mean", "variance"))}
    plane = random_plane(trained, 7)
    for j, b in enumerate(landscape.second):
        for i, a in enumerate(landscape.first):
            assert landscape.losses[j, i] == pytest.approx(loss_with(run, plane.at(a, b)), rel=1e-6)
    assert landscape.losses.shape == (3, 3)
    assert landscape.path is None


def test_a_quadratic_bowl_is_one():
    """One linear layer: along any line the loss is a parabola, so its second differences are all the same."""
    x, t = line(50)
    path = TrainingPath()
    run = chainrule.train(
        nn.Dense(1), (x, t), loss="mean_squared_error", optimizer=nn.sgd(0.1), epochs=5, dtype="float64",
        watch=False, listeners=[path],
    )  # fmt: skip
    for given in (path, None):
        losses = loss_landscape(run, path=given, size=7).losses
        for axis in (0, 1):
            bends = np.diff(losses, 2, axis=axis)
            np.testing.assert_allclose(bends, bends.flat[0], rtol=1e-6)
            assert bends.flat[0] > 0


def test_the_path_starts_where_training_did_and_ends_at_the_run(heard):
    run, path = heard
    landscape = loss_landscape(run, path=path, size=5)
    found = landscape.path
    assert found is not None
    assert found.epochs == (0, 1, 2, 3, 4, 5, 6)
    np.testing.assert_allclose(found.places[-1], 0, atol=1e-6)  # without validation the last epoch is the run
    assert 0.5 < found.kept <= 1
    for weights, loss in zip(path.weights, found.losses, strict=True):
        assert loss == pytest.approx(loss_with(run, dict(weights)), rel=1e-6)
    for places, shown in zip(found.places.T, (landscape.first, landscape.second), strict=True):
        assert shown[0] < places.min() <= places.max() < shown[-1]


def test_the_run_may_be_an_epoch_amid_the_path():
    """With validation the run has the weights of its best epoch; that is the centre, and no other point."""
    path = TrainingPath()
    random = np.random.default_rng(0)
    noise = random.normal(size=(30, 4)), random.integers(0, 3, 30)  # so that the best epoch is an early one
    run = chainrule.train(
        classifier(0.0),
        (X, Y),
        epochs=12,
        optimizer=nn.adam(0.05),
        validation=noise,
        listeners=[path],
        **SMALL,
    )
    assert 0 < run.best_epoch < 12
    found = loss_landscape(run, path=path, size=3).path
    assert found is not None
    lengths = np.linalg.norm(found.places, axis=1)
    assert found.epochs[lengths.argmin()] == run.best_epoch
    assert lengths[found.epochs.index(run.best_epoch)] < 1e-5 < lengths[-1]


def test_plain_data_comes_back(heard):
    run, path = heard
    for given in (None, path):
        landscape = loss_landscape(run, path=given, size=4)
        landscape.losses[1, 2] = np.inf
        again = Landscape.from_plain(numbers_again(json.loads(json_text(landscape.to_plain()))))
        landscape.losses[1, 2] = np.nan
        np.testing.assert_array_equal(again.losses, landscape.losses)
        np.testing.assert_array_equal(again.first, landscape.first)
        assert again.sharpness == landscape.sharpness
        assert (again.path is None) == (landscape.path is None)
        if landscape.path is not None:
            assert again.path is not None
            assert again.path.epochs == landscape.path.epochs
            np.testing.assert_array_equal(again.path.places, landscape.path.places)
            np.testing.assert_array_equal(again.path.losses, landscape.path.losses)


def test_the_same_seed_gives_the_same_landscape(heard):
    run, path = heard
    for given in (None, path):
        one, other = (loss_landscape(run, path=given, size=3) for _ in range(2))
        np.testing.assert_array_equal(one.losses, other.losses)
        np.testing.assert_array_equal(one.first, other.first)


def test_what_is_refused(heard):
    run, path = heard
    for size in (2, 3.0, True):
        with pytest.raises(ConfigError, match="size is"):
            loss_landscape(run, size=size)  # type: ignore[arg-type]
    for reach in (0, -1, float("inf"), "far"):
        with pytest.raises(ConfigError, match="reach is"):
            loss_landscape(run, reach=reach)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="too few weights"):
        loss_landscape(run, path=TrainingPath())
    other = chainrule.train(nn.Dense(3), (X, Y), epochs=1, **SMALL)
    with pytest.raises(DataError, match="the path is of another network than the run"):
        loss_landscape(other, path=path)
