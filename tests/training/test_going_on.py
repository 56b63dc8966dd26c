"""Run.train: to the bits of a run that was longer from the start; with other data, at another rate."""

import copy
import pickle  # noqa: TID251 (in memory, as joblib does to what it sends to other processes)
from dataclasses import replace

import numpy as np
import pytest
from tests.training.helpers import classifier, points

import chainrule
from chainrule import nn
from chainrule.errors import ConfigError, ShapeError
from chainrule.training import EpochDone
from chainrule.training.findings import FINDING, Finding


def trained(epochs=3, **settings):
    usual = {"loss": "cross_entropy", "validation": 0.2, "batch_size": 16, "progress": False}
    return chainrule.train(classifier(), points(), epochs=epochs, **(usual | settings))


def without_seconds(history):
    return [{name: value for name, value in record.items() if name != "seconds"} for record in history]


def counts(run):
    """Examples to train on and to validate with, as the run keeps them."""
    return [len(each) for each in (run.going_on.data, run.going_on.validation)]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"validation": None},
        {"keep": "last", "optimizer": nn.momentum(0.05)},
        {"optimizer": nn.adam(nn.CosineDecay(0.05, steps=30))},
        {"optimizer": nn.adam(nn.ReduceOnPlateau(0.5, patience=1))},
        {"metrics": ["accuracy"], "shuffle": False, "watch": False},
    ],
    ids=str,
)
def test_more_epochs_give_the_bits_of_a_run_that_was_longer(settings):
    first, whole = trained(3, **settings), trained(8, **settings)
    before = {name: array.copy() for name, array in first.parameters.items()}
    further = first.train(3, progress=False).train(2, progress=False)
    assert without_seconds(further.history) == without_seconds(whole.history)
    assert further.best_epoch == whole.best_epoch
    assert further.recipe == whole.recipe
    for name, array in whole.parameters.items():
        assert np.array_equal(further.parameters[name], array)
    assert len(first.history) == 3  # the run before stays as it is
    assert all(np.array_equal(first.parameters[name], array) for name, array in before.items())


def test_from_one_run_it_goes_on_twice():
    first = trained()
    one, two = first.train(2, progress=False), first.train(2, progress=False)
    assert without_seconds(one.history) == without_seconds(two.history)


def test_an_interrupted_epoch_is_finished():
    seen = []

    def interrupt(event):
        seen.append(event)
        if isinstance(event, chainrule.training.EpochDone) and event.record["epoch"] == 2:
            event.stop("enough")

    first = trained(9, listeners=[interrupt])
    assert (first.stopped, len(first.history)) == ("enough", 2)
    assert without_seconds(first.train(3, progress=False).history) == without_seconds(trained(5).history)


def test_after_early_stopping_it_trains_as_long_as_it_is_told():
    first = trained(200, patience=2, optimizer=nn.adam(0.1))
    assert first.stopped == "early stopping"
    assert len(first.train(4, progress=False).history) == len(first.history) + 4


def test_another_rate_starts_now():
    first = trained(optimizer=nn.adam(nn.CosineDecay(0.01, steps=9)))
    slower = first.train(2, learning_rate=0.002, progress=False)
    assert [record["learning_rate"] for record in slower.history[3:]] == pytest.approx([0.002] * 2)
    steps = first.history[0]["step"]
    decaying = first.train(2, learning_rate=nn.CosineDecay(0.05, steps=2 * steps), progress=False)
    rates = [record["learning_rate"] for record in decaying.history[3:]]
    # after n steps the rate last used is that of step n - 1: ½ (1 + cos(π (n - 1) / steps))
    expected = [0.05 * 0.5 * (1 + np.cos(np.pi * (n - 1) / (2 * steps))) for n in (steps, 2 * steps)]
    assert rates == pytest.approx(expected, rel=1e-5)


def test_more_data_are_trained_on_and_the_validation_data_stay():
    first = trained()
    more = first.train(2, points(80, seed=5), progress=False)
    assert [record["epoch"] for record in more.history] == [1, 2, 3, 4, 5]
    assert more.history[-1]["step"] - more.history[-2]["step"] == 80 // 16
    assert more.history[2] == first.history[2]
    again = more.train(1, progress=False)  # the same data as before: the new ones
    assert again.history[-1]["step"] - again.history[-2]["step"] == 80 // 16


def test_own_metrics_and_watching_remain():
    def always(targets, predictions):
        return 0.25

    first = trained(metrics=[always], watch=False)
    record = first.train(1, progress=False).history[-1]
    assert record["validation_always"] == 0.25
    assert "watch" not in record


def test_another_batch_size_from_now_on():
    first = trained()  # on 40 examples
    further = first.train(2, batch_size=8, progress=False).train(1, progress=False)
    assert [record["step"] for record in further.history] == [3, 6, 9, 14, 19, 24]
    assert further.recipe.batch_size == further.batch.rows == 8
    with pytest.raises(ConfigError, match="batch_size is 0"):
        first.train(1, batch_size=0)


def test_patience_counts_from_where_it_goes_on():
    first = trained(200, patience=2, optimizer=nn.adam(0.1))
    further = first.train(200, patience=3, progress=False)
    assert further.stopped == "early stopping"
    since = max(further.best_epoch, len(first.history))
    assert len(further.history) == since + 3
    assert further.train(4, progress=False).stopped == "epochs"  # None is no early stopping
    with pytest.raises(
        ConfigError, match=r"patience needs validation data; set validation, such as \(x, y\)"
    ):
        trained(validation=None).train(2, patience=1)


def test_the_best_epoch_by_other_validation_data_is_one_from_now_on():
    x, y = points(60, seed=9)
    first = trained(4)
    further = first.train(3, validation=(x, (y + 1) % 3), progress=False)  # which it can only get wrong
    losses = [record["validation_loss"] for record in further.history]
    assert min(losses[4:]) > max(losses[:4])
    assert further.best_epoch == 5 + int(np.argmin(losses[4:]))
    assert further.evaluate((x, (y + 1) % 3))["loss"] == pytest.approx(min(losses[4:]))
    assert counts(further.train(1, progress=False))[1] == 60


def test_a_share_for_validation_is_of_new_data_alone():
    first = trained(validation=None)
    with pytest.raises(
        ConfigError, match=r"validation is 0\.25, a share, and all of the data were trained on"
    ):
        first.train(1, validation=0.25)
    further = first.train(1, points(80, seed=5), validation=0.25, patience=5, progress=False)
    assert counts(further) == [60, 20]
    assert "validation_accuracy" in further.history[-1]


def test_other_metrics_and_measures_from_now_on():
    def always(targets, predictions):
        return 0.25

    first = trained()
    record = first.train(1, metrics=[always], watch=False, progress=False).history[-1]
    assert record["validation_always"] == 0.25
    assert {"validation_accuracy", "watch"}.isdisjoint(record)
    record = first.train(1, watch="delta", progress=False).history[-1]
    assert "validation_accuracy" in record
    assert set(record["watch"]["dense_1"]) == {"delta"}


@pytest.mark.parametrize(
    "lost",
    [
        lambda run, folder: chainrule.load_run(run.save(folder)),
        lambda run, folder: pickle.loads(pickle.dumps(run)),
        lambda run, folder: copy.deepcopy(run),
    ],
    ids=["loaded", "pickled", "copied"],
)
def test_a_run_without_the_state_of_its_optimizer_says_so(lost, tmp_path):
    run = trained()
    other = lost(run, tmp_path / "run")
    assert np.array_equal(other.predict(points()[0]), run.predict(points()[0]))
    with pytest.raises(ConfigError, match=r"not the state in which training ended.*its optimizer.*loaded"):
        other.train(2)


def test_a_pickle_holds_no_data():
    run = trained(validation=None)
    run.program  # noqa: B018 (it is kept once it was asked for)
    few = len(pickle.dumps(run))
    x, y = points(5000)
    many = chainrule.train(classifier(), (x, y), loss="cross_entropy", epochs=3, progress=False)
    assert len(pickle.dumps(many)) < few + 2000 < x.nbytes


@pytest.mark.parametrize("epochs", [0, -1, 2.5, True, None])
def test_epochs_must_be_some(epochs):
    with pytest.raises(ConfigError, match="epochs is"):
        trained().train(epochs)


def test_what_does_not_fit_is_refused():
    run = trained()
    x, y = points()
    with pytest.raises(ShapeError, match="train got examples of shape"):
        run.train(1, (x[:, :3], y))
    with pytest.raises(ConfigError, match="learning_rate is -1"):
        run.train(1, learning_rate=-1)
    plain = trained(optimizer=nn.LBFGS(), batch_size=200)
    with pytest.raises(ConfigError, match=r"the optimizer LBFGS\(\) has no learning rate"):
        plain.train(1, learning_rate=0.1)


class Slowing:
    """An attendant that lowers the rate after the first epoch, and says so."""

    def watch(self, epoch):
        return ()

    def attend(self, patient):
        def hear(event):
            if isinstance(event, EpochDone) and not event.state.journal:
                found = Finding("fast", "problem", "It is fast.", action="applied: a lower rate")
                event.state.journal.append({"kind": FINDING, **found.to_plain()})
                event.amend(replace(patient.recipe, optimizer=nn.adam(0.001)), event.state)

        return hear


def test_a_run_that_was_repaired_goes_on_as_it_was_repaired_or_as_is_asked_now():
    run = trained(doctor=Slowing())
    assert run.recipe.optimizer == nn.adam(0.001)
    further = run.train(2)
    assert further.recipe == replace(run.recipe, epochs=5)
    assert further.diagnosis == run.diagnosis != []
    assert further.history[-1]["learning_rate"] == np.float32(0.001)
    other = run.train(2, learning_rate=0.05, batch_size=8)
    assert (other.recipe.optimizer, other.recipe.batch_size) == (nn.adam(0.05), 8)
    assert other.history[-1]["learning_rate"] == np.float32(0.05)
    assert other.history[-1]["step"] - run.history[-1]["step"] == 2 * -(-counts(run)[0] // 8)
