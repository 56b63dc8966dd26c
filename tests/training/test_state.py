"""What of a state fits another recipe."""

from dataclasses import replace

import numpy as np
import pytest
from tests.training.helpers import changed, classification, points, same_arrays, stop_after

from chainrule import nn
from chainrule.data import as_arrays
from chainrule.training import Programs, RunState, starting_tree, train_recipe

BASE = classification(optimizer=nn.adam(0.02), epochs=4, patience=None)
MODEL = nn.Sequential([nn.Dense(8, "relu"), nn.Dense(3)])
DATA = as_arrays(points())


def started(recipe) -> dict[str, np.ndarray]:
    return starting_tree(recipe, DATA, Programs(recipe, "native"))


def trained(recipe, epochs: int) -> RunState:
    state = RunState(started(recipe))
    train_recipe(replace(recipe, epochs=epochs), DATA, None, state=state)
    return state


def test_a_fork_to_the_same_recipe_goes_on_to_the_same_bits():
    unbroken, state = trained(BASE, 4), trained(BASE, 2)
    fork = state.fork(started(BASE), same_batches=True)
    assert not fork.new
    assert not fork.left
    train_recipe(BASE, DATA, None, state=fork.state)
    assert same_arrays(fork.state.tree, unbroken.tree)
    assert state.epoch == 2
    assert len(state.history) == 2


def test_a_clip_before_adam_leaves_adams_state():
    clipped = replace(BASE, optimizer=nn.chain(nn.ClipByGlobalNorm(1.0), nn.adam(0.02)))
    fork = trained(BASE, 2).fork(started(clipped), same_batches=True)
    assert not fork.new
    assert not fork.left


def test_another_optimizer_starts_anew_and_the_weights_are_carried_over():
    state = trained(BASE, 2)
    fork = state.fork(started(replace(BASE, optimizer=nn.momentum(0.1))), same_batches=True)
    weights = {name for name in state.tree if not name.startswith("optimizer.")}
    rate = {"optimizer.scale_by_learning_rate.step", "optimizer.scale_by_learning_rate.learning_rate"}
    assert set(fork.carried) == weights | rate
    assert {name.split(".")[1] for name in fork.new} == {"momentum"}
    assert set(fork.new.values()) == {"there was none"}
    assert {name.split(".")[1] for name in fork.left} == {"scale_by_adam"}
    assert "new: optimizer.momentum.velocity.dense_1.weight (there was none)" in str(fork)


def test_a_layer_of_another_width_starts_anew():
    narrow, wide = (changed(BASE, model=nn.Sequential([nn.Dense(n), nn.Dense(3)])) for n in (4, 5))
    fork = trained(narrow, 1).fork(started(wide), same_batches=True)
    assert "dense_2.bias" in fork.carried
    assert fork.new["dense_2.weight"] == "it was float32 (4, 3), now float32 (5, 3)"


def test_other_batches_begin_the_epoch_anew():
    state = RunState(started(BASE))
    train_recipe(BASE, DATA, None, state=state, listeners=[stop_after(1)])
    state.batch, state.loss_sum = 2, 1.5
    assert state.fork(started(BASE), same_batches=True).state.batch == 2
    other = state.fork(started(BASE), same_batches=False).state
    assert (other.batch, other.loss_sum) == (0, 0.0)


@pytest.mark.parametrize("units", [8, 9])
def test_the_best_weights_go_with_a_model_that_they_fit(units):
    recipe = changed(BASE, model=MODEL)
    state = RunState(started(recipe))
    train_recipe(recipe, DATA, as_arrays(points(30, seed=7)), state=state)
    assert state.best_epoch
    other = changed(BASE, model=nn.Sequential([nn.Dense(units, "relu"), nn.Dense(3)]))
    fork = state.fork(started(other), same_batches=True).state
    assert (fork.best_epoch == state.best_epoch) == (units == 8)
    assert bool(fork.best) == (units == 8)
