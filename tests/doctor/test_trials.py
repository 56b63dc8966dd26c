"""Trials: on the same batches as training, compared example by example, the better ones for longer."""

import numpy as np
import pytest

from chainrule import nn
from chainrule.data import as_arrays, split
from chainrule.doctor.costs import steps_to_get_ready
from chainrule.doctor.repairs import Change, proposal_of
from chainrule.doctor.trials import Fork, best_end, tried
from chainrule.training import Programs, Recipe, RunState, Supervised, train_recipe
from chainrule.training.attending import Patient
from chainrule.training.fitting import starting_tree_of
from chainrule.training.going_on import LastState
from chainrule.training.supply import supply_of

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(400, 4))
Y = X.argmax(1)
MODEL = nn.Sequential([nn.Dense(16, "tanh"), nn.Dense(4)])


def patient(optimizer=nn.adam(0.001), **settings) -> Patient:  # noqa: B008 (it is frozen)
    recipe = Recipe(
        Supervised(MODEL, nn.SoftmaxCrossEntropy()), optimizer, epochs=4, batch_size=16, **settings
    )
    training, held_out = split(as_arrays((X, Y), np.float32), 0.25, 0)
    programs = Programs(recipe, "native")
    return Patient(recipe, supply_of(programs, training), supply_of(programs, held_out))


def started(given: Patient) -> RunState:
    return RunState(starting_tree_of(given.recipe, given.data, given.programs))


def proposals(given: Patient, state: RunState, *rates: float):
    recipes = [Recipe(given.recipe.objective, nn.adam(rate), epochs=4, batch_size=16) for rate in rates]
    changes = [Change(f"rate {rate}", recipe) for rate, recipe in zip(rates, recipes, strict=True)]
    return [proposal_of("rate", "learning_rate_too_low", each, given, state) for each in changes]


def test_the_unchanged_fork_does_the_steps_that_training_would():
    """What a trial says of the unchanged training is what training itself comes to."""
    given = patient()
    state = started(given)
    verdict = tried(given, state, proposals(given, state, 0.001), 4, 72)
    assert verdict.trials[0].before == verdict.trials[0].after  # the same rate: the same run
    last = LastState()
    assert given.held_out is not None
    arrays, held_out = given.data.sample, given.held_out.sample
    train_recipe(given.recipe, arrays, held_out, listeners=[last], progress=False)
    assert last.state is not None
    after_two = tried(given, last.state, proposals(given, last.state, 0.001), 4, 72)
    assert after_two.trials[0].before < verdict.trials[0].before


def test_the_state_stays_as_it_is():
    given = patient()
    state = started(given)
    before = {name: array.copy() for name, array in state.tree.items()}
    tried(given, state, proposals(given, state, 0.01, 0.1), 4, 72)
    for name, array in before.items():
        np.testing.assert_array_equal(state.tree[name], array)


def test_a_copy_whose_examples_cost_twice_as_much_gets_half_of_them():
    given = patient(nn.sgd(0.01))
    state = started(given)
    ends = []
    for pace in (1.0, 0.5):
        fork = Fork(given, state, pace)
        fork.train(8 * 16)
        fork.measure(given.data.sample)
        ends.append(fork.latest)
    half = Fork(given, state)
    half.train(4 * 16)
    half.measure(given.data.sample)
    np.testing.assert_array_equal(ends[1], half.latest)
    assert (ends[0] != ends[1]).any()


def test_the_better_ones_go_on_for_longer_and_the_best_is_named():
    given = patient(nn.adam(1e-6))
    state = started(given)
    verdict = tried(given, state, proposals(given, state, 1e-5, 1e-6, 0.03, 1e-7), 8, 1000)
    assert [each.steps for each in verdict.trials] == [8, 8, 32, 8]
    assert verdict.best == 2
    assert verdict.trials[2].helped
    assert not any(each.helped for place, each in enumerate(verdict.trials) if place != 2)
    assert verdict.ends[2] <= verdict.trials[2].after < verdict.unchanged
    assert verdict.steps == 8 * 5 + 8 * 2 + 16 * 2 + 5 * steps_to_get_ready(given)


def test_what_breaks_down_is_as_bad_as_can_be():
    given = patient()
    state = started(given)
    verdict = tried(given, state, proposals(given, state, 1e38), 4, 72)
    assert verdict.trials[0].after == pytest.approx(-np.log(0.01))
    assert verdict.best is None


def test_the_same_trial_gives_the_same_verdict():
    given = patient()
    state = started(given)
    one, other = (tried(given, state, proposals(given, state, 0.01, 0.003), 4, 72) for _ in range(2))
    assert one.trials == other.trials
    assert one.ends == other.ends


def test_without_held_out_data_the_training_data_measure():
    given = patient()
    alone = Patient(given.recipe, given.data, None)
    state = started(alone)
    verdict = tried(alone, state, proposals(alone, state, 0.01), 4, 72)
    assert verdict.trials[0].after < verdict.trials[0].before


def test_what_falls_to_a_constant_answer_is_not_thought_to_fall_on():
    """Outputs that start far from the targets come near them at once, and have learned nothing then."""
    seen = [(0, 4.0), (10, 2.0), (20, 1.0)]
    assert best_end(seen, 160, 1.0) == 1.0
    assert best_end(seen, 160, 4.0) < 0.2  # unless the constant answer is as bad as it was


def test_what_was_reached_long_ago_and_lost_is_not_thought_to_come_again():
    seen = [(10, 0.1), (40, 0.9), (80, 0.9), (160, 0.9)]
    assert best_end(seen, 320, 1.0) == 0.9
