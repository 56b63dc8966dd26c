"""A listener amends a training: another recipe from the same state, to the same bits when it is resumed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pytest
from tests.training.helpers import classification, points

from chainrule import TrainingError, load_run, nn
from chainrule.data import as_arrays
from chainrule.training import EpochDone, Recipe, RunState, Started, train_recipe
from chainrule.training.attending import Patient, attendant_of
from chainrule.training.events import Amended, BrokenDown
from chainrule.training.fitting import starting_tree_of
from chainrule.training.objective import Supervised

SMALL = nn.Sequential([nn.Dense(8, "tanh"), nn.Dense(3)])
LARGER = nn.Sequential([nn.Dense(8, "tanh"), nn.LayerNorm(), nn.Dense(3)])


@dataclass
class Amending:
    """An attendant that changes the recipe once, after an epoch (0: before the first).

    It notes in the journal that it has.
    """

    change: Callable[[Recipe], Recipe]
    after: int = 2
    kill_at: int = 0

    def watch(self, epoch):
        return ()

    def attend(self, patient: Patient):
        self.patient = patient
        return self.hear

    def hear(self, event):
        if isinstance(event, EpochDone) and event.state.epoch == self.kill_at:
            raise KeyboardInterrupt
        due = isinstance(event, Started | EpochDone) and event.state.epoch == self.after
        if (due or isinstance(event, BrokenDown)) and not event.state.journal:
            recipe = self.change(self.patient.recipe)
            other = self.patient.by(recipe)
            start = starting_tree_of(recipe, other.data, other.programs)
            fork = event.state.fork(start, same_batches=True).state
            state = RunState(start) if isinstance(event, BrokenDown) else fork
            state.journal.append({"changed": "it"})
            state.kept["before"] = np.arange(3.0)
            event.amend(recipe, state)


def slower(recipe):
    return replace(recipe, optimizer=nn.adam(0.0005))


def larger(recipe):
    return replace(recipe, objective=Supervised(LARGER, recipe.loss))


def longer(recipe):
    return replace(recipe, epochs=7)


def trained(recipe, attendant, **how):
    x = as_arrays(points(), recipe.dtype)
    validation = x.take(slice(20))
    return train_recipe(recipe, x, validation, doctor=attendant, progress=False, **how)


@pytest.mark.parametrize("change", [slower, larger])
@pytest.mark.parametrize("after", [0, 2])
def test_a_training_goes_on_with_another_recipe(change, after, tmp_path):
    recipe, heard = replace(classification(model=SMALL), epochs=6), []
    run = trained(recipe, Amending(change, after), listeners=[heard.append])
    assert run.recipe == change(recipe)
    assert [record["epoch"] for record in run.history] == [1, 2, 3, 4, 5, 6]
    assert [type(event).__name__ for event in heard].count("Amended") == 1
    assert run.predict(points()[0]).shape == (len(points()[0]), 3)
    stored = load_run(run.save(tmp_path / "run"))
    assert stored.recipe == run.recipe
    np.testing.assert_array_equal(stored.predict(points()[0]), run.predict(points()[0]))


def test_epochs_before_it_are_as_without_and_those_after_it_differ():
    recipe = replace(classification(model=SMALL), epochs=4)
    plain, amended = trained(recipe, None), trained(recipe, Amending(slower))
    losses = [[record["loss"] for record in run.history] for run in (plain, amended)]
    assert losses[0][:2] == losses[1][:2]
    assert losses[0][2] != losses[1][2]
    assert {r["learning_rate"] for r in amended.history[2:]} == {np.float32(0.0005)}


@pytest.mark.parametrize(
    ("change", "kill_at"), [*product([slower, larger, longer], [1, 2, 3, 4]), (longer, 5), (longer, 6)]
)
def test_a_killed_one_goes_on_to_the_same_bits(change, kill_at, tmp_path):
    recipe = replace(classification(model=SMALL), epochs=5)
    whole = trained(recipe, Amending(change))
    file = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        trained(recipe, Amending(change, kill_at=kill_at), checkpoint=file)
    run = trained(recipe, Amending(change), checkpoint=file)
    assert run.recipe == whole.recipe
    assert {*run.parameters} == {*whole.parameters}
    for name, array in whole.parameters.items():
        np.testing.assert_array_equal(run.parameters[name], array)
    assert [r["validation_loss"] for r in run.history] == [r["validation_loss"] for r in whole.history]


def test_what_broke_down_goes_on_where_a_listener_amends_it():
    recipe = replace(classification(model=SMALL), epochs=3, optimizer=nn.sgd(1e38))
    with pytest.raises(TrainingError):
        trained(recipe, None)
    heard = []
    run = trained(recipe, Amending(slower, after=-1), listeners=[heard.append])
    assert len(run.history) == 3
    assert np.isfinite([record["loss"] for record in run.history]).all()
    kinds = [type(event) for event in heard]
    assert kinds.index(BrokenDown) < kinds.index(Amended)
    assert [record["epoch"] for record in run.history] == [1, 2, 3]


def test_patience_may_come_with_the_other_recipe():
    recipe = replace(classification(model=SMALL), epochs=200, optimizer=nn.adam(0.05))
    run = trained(recipe, Amending(lambda r: replace(r, patience=2)))
    assert run.stopped == "early stopping"
    assert len(run.history) < 200


def test_patience_counts_from_the_change_in_a_killed_run_too(tmp_path):
    """The loss stands still, so that epoch 1 stays the best: patience counts from epoch 2, the change's."""
    recipe = replace(classification(model=SMALL), epochs=9, optimizer=nn.sgd(1e-30))
    patient = Amending(lambda r: replace(r, patience=2), kill_at=4)
    file = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        trained(recipe, patient, checkpoint=file)
    run = trained(recipe, replace(patient, kill_at=0), checkpoint=file)
    assert (run.stopped, len(run.history)) == ("early stopping", 4)


def test_a_listener_is_told_that_training_ends():
    recipe, told = replace(classification(model=SMALL), epochs=9, optimizer=nn.sgd(1e-30), patience=2), []

    class Asking(Amending):
        def hear(self, event):
            if isinstance(event, EpochDone):
                told.append(event.ending())

    trained(recipe, Asking(slower))
    assert told == ["", "", "early stopping"]
    told.clear()
    trained(replace(recipe, epochs=2), Asking(slower))
    assert told == ["", "epochs"]


def test_an_unknown_mode_is_named_with_the_nearest():
    with pytest.raises(Exception, match="did you mean 'repair'"):
        attendant_of("repare")
