"""The listener that keeps weights of the epochs: which, how many, and whose."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from tests.training.helpers import classifier, points

import chainrule
from chainrule import nn
from chainrule.data import Arrays
from chainrule.doctor import TrainingPath, loss_landscape, sharpness
from chainrule.errors import ConfigError, DataError
from chainrule.training import EpochDone, Event, train_recipe


def trained(path: TrainingPath, epochs: int, **settings) -> chainrule.Run:
    usual = {"loss": "cross_entropy", "batch_size": 25, "watch": False}
    return chainrule.train(classifier(), points(), epochs=epochs, listeners=[path], **(usual | settings))


@pytest.mark.parametrize(
    ("epochs", "kept"),
    [
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (4, [0, 2, 4]),
        (5, [0, 2, 4, 5]),
        (9, [0, 4, 8, 9]),
        (17, [0, 8, 16, 17]),
    ],
)
def test_which_epochs_are_kept(epochs: int, kept: list[int]):
    path = TrainingPath(most=4)
    trained(path, epochs)
    assert path.epochs == kept
    assert len(path.weights) == len(kept)


def test_never_more_are_in_memory_than_said():
    path, counts = TrainingPath(most=5), []
    chainrule.train(
        classifier(), points(), loss="cross_entropy", epochs=70, watch=False,
        listeners=[path, lambda event: counts.append(len(path.weights))],
    )  # fmt: skip
    assert max(counts) == 6
    assert path.epochs[0] == 0
    assert path.epochs[-1] == 70


def test_the_weights_are_those_of_the_epochs():
    path = TrainingPath()
    run = trained(path, 3, optimizer=nn.sgd(0.1))
    assert all(not name.startswith(("optimizer", "random")) for name in path.weights[0])
    for name, array in run.parameters.items():
        np.testing.assert_array_equal(path.weights[-1][name], array)
    shorter = trained(TrainingPath(), 2, optimizer=nn.sgd(0.1))
    for name, array in shorter.parameters.items():
        np.testing.assert_array_equal(path.weights[2][name], array)
        if name.endswith("weight"):
            assert (path.weights[0][name] != path.weights[1][name]).any()  # copies, not the live arrays


def test_averages_are_what_is_kept_of_an_optimizer_that_averages():
    path = TrainingPath()
    run = trained(path, 3, optimizer=nn.chain(nn.sgd(0.5), nn.ExponentialMovingAverage(0.9)))
    for name, array in run.parameters.items():
        np.testing.assert_array_equal(path.weights[-1][name], array)


def test_a_run_that_goes_on_has_one_path_and_another_run_one_of_its_own():
    path = TrainingPath()
    run = trained(path, 3)
    run.train(2, listeners=[path], progress=False)
    assert path.epochs == [0, 1, 2, 3, 4, 5]
    trained(path, 2)
    assert path.epochs == [0, 1, 2]


def test_what_comes_after_an_epoch_that_training_goes_back_to_is_forgotten():
    path, states = TrainingPath(), []

    def keep(event: Event) -> None:
        if isinstance(event, EpochDone) and event.state.epoch == 2:
            states.append(deepcopy(event.state))

    run = chainrule.train(
        classifier(), points(), loss="cross_entropy", epochs=4, watch=False, listeners=[path, keep]
    )
    assert path.epochs == [0, 1, 2, 3, 4]
    kept = path.weights[:3]
    assert run.going_on is not None
    assert isinstance(run.going_on.data, Arrays)
    train_recipe(replace(run.recipe, epochs=3), run.going_on.data, None, state=states[0], listeners=[path])
    assert path.epochs == [0, 1, 2, 3]
    assert all(one is other for one, other in zip(path.weights, kept, strict=False))


def test_it_knows_what_was_trained_on():
    path = TrainingPath()
    run = trained(path, 2)
    without = replace(run, going_on=None)
    with pytest.raises(DataError, match="no data in memory"):
        sharpness(without)
    found = loss_landscape(without, path=path, size=3)
    assert found.sharpness == sharpness(run)


@pytest.mark.parametrize("most", [2, 0, True, 4.0])
def test_too_few_are_refused(most):
    with pytest.raises(ConfigError, match="TrainingPath: most is"):
        TrainingPath(most)
