"""The doctor at the estimators: planted faults are named and mended, and what is mended is what they keep."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from tests.estimators.helpers import blobs, slope

from chainrule import nn
from chainrule.data import Arrays
from chainrule.errors import ConfigError, TrainingError
from chainrule.estimators import NetClassifier, NetForecaster, NetRegressor
from chainrule.estimators.folds import train_by_folds
from chainrule.training import EpochDone, Programs, Recipe, Run, Supervised
from chainrule.training.attending import Patient
from chainrule.training.findings import Finding

Net = NetClassifier | NetRegressor
USUAL: dict[str, Any] = {"batch_size": 32, "max_iter": 60, "random_state": 0}


def classes() -> tuple[np.ndarray, np.ndarray]:
    return blobs(1200)


def numbers() -> tuple[np.ndarray, np.ndarray]:
    return slope(600)


def unscaled(data: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Columns a thousand times as large, far from 0."""
    x, y = data
    return 1000 * x + 3000, y


Case = tuple[
    Callable[..., Net], Callable[[], tuple[np.ndarray, np.ndarray]], dict[str, Any], str, float, float
]
"""What is fitted, the cause, the score that the sick one is below, and that the mended one is above."""
FAULTS: dict[str, Case] = {
    "classes, steps too long": (
        NetClassifier, classes, {"learning_rate_init": 1.0}, "learning_rate_too_high", 0.5, 0.8,
    ),
    "classes, unscaled": (
        NetClassifier, lambda: unscaled(classes()), {"standardize": False}, "unscaled_inputs", 0.7, 0.8,
    ),
    "numbers, steps too long": (
        NetRegressor, numbers, {"learning_rate_init": 1.0}, "learning_rate_too_high", 0.3, 0.9,
    ),
    "numbers, unscaled": (
        NetRegressor, lambda: unscaled(numbers()), {"standardize": False}, "unscaled_inputs", 0.3, 0.9,
    ),
}  # fmt: skip


def fitted(name: str, doctor: str | None, **others: Any) -> tuple[Net, np.ndarray, np.ndarray]:
    kind, data, fault, *_ = FAULTS[name]
    x, y = data()
    return kind((16, 16), doctor=doctor, **USUAL | fault | others).fit(x, y), x, y


def problems(trained: Any) -> list[Finding]:
    diagnosis = trained.diagnosis if isinstance(trained, Run) else trained.diagnosis_
    return [each for each in diagnosis if each.severity == "problem"]


def assert_same_bits(one: Net, other: Net) -> None:
    assert one.run_.recipe == other.run_.recipe
    assert {*one.run_.parameters} == {*other.run_.parameters}
    for name, array in one.run_.parameters.items():
        np.testing.assert_array_equal(array, other.run_.parameters[name])


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named_by_advice_that_changes_nothing(name):
    *_, cause, below, _ = FAULTS[name]
    alone, x, y = fitted(name, None)
    net, *_ = fitted(name, "advise")
    found = problems(net)
    assert cause in found[0].causes[:2]
    assert {each.action for each in found} == {""}
    assert_same_bits(net, alone)
    assert net.score(x, y) == alone.score(x, y) < below
    assert alone.diagnosis_ == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_mended_and_the_mended_network_is_what_is_kept(name, tmp_path):
    *_, cause, _, above = FAULTS[name]
    net, x, y = fitted(name, "repair")
    found = problems(net)
    assert cause in found[0].causes[:2]
    assert found[0].action.startswith("applied: ")
    assert net.score(x, y) > above
    loaded = type(net).load(net.save(tmp_path / "net"))
    assert loaded.doctor == "repair"
    assert loaded.diagnosis_ == net.diagnosis_
    assert loaded.predict(x).tolist() == net.predict(x).tolist()
    again, *_ = fitted(name, "repair")
    for other in (loaded, again):
        assert_same_bits(net, other)
    assert again.diagnosis_ == net.diagnosis_


@pytest.mark.parametrize("name", ["classes, steps too long", "numbers, unscaled"])
def test_epochs_that_follow_go_on_from_what_was_mended(name, tmp_path):
    net, x, y = fitted(name, "repair", max_iter=40)
    recipe, score, found = net.run_.recipe, net.score(x, y), net.diagnosis_
    loaded = type(net).load(net.save(tmp_path / "net"))
    for each in (net, loaded):
        for _ in range(2):
            each.partial_fit(x, y)
        trained = each.run_.recipe
        assert (trained.objective, trained.optimizer) == (recipe.objective, recipe.optimizer)
        assert each.score(x, y) > score - 0.1
        assert each.diagnosis_ == found
    assert_same_bits(net, loaded)


def test_a_warm_start_keeps_a_repair_until_its_parameters_are_changed():
    net, x, y = fitted("numbers, steps too long", "repair", max_iter=40)
    mended = net.run_.recipe.optimizer
    net.set_params(warm_start=True, max_iter=5, doctor=None).fit(x, y)
    assert net.run_.recipe.optimizer == mended
    assert problems(net)  # of the first call
    net.set_params(solver="sgd", learning_rate_init=0.001).fit(x, y)
    assert net.run_.recipe.optimizer == nn.sgd(0.001)
    net.set_params(solver="auto", learning_rate_init=1.0).fit(x, y)
    assert net.run_.recipe.optimizer == nn.adam(1.0)  # nothing of it is repaired any more


def test_a_network_that_was_mended_is_continued_as_it_is_or_not_at_all():
    net, x, y = fitted("numbers, unscaled", "repair", max_iter=40)
    said = net.predict(x).tolist()
    net.set_params(warm_start=True, dropout=0.1)
    with pytest.raises(
        ConfigError, match=r"dropout was 0\.0 and is 0\.1, and the doctor has changed the network"
    ):
        net.fit(x, y)
    assert net.predict(x).tolist() == said
    net.set_params(layers=[16, 16], dropout=0.0, max_iter=2).fit(x, y)  # the same layers as a list


def test_no_doctor_is_the_default_in_both_its_names():
    x, y = classes()
    nets = [
        NetClassifier((8,), doctor=doctor, max_iter=3, random_state=0).fit(x, y) for doctor in (None, "none")
    ]
    assert_same_bits(*nets)
    assert [net.diagnosis_ for net in nets] == [[], []]
    assert vars(clone(nets[1]))["doctor"] == "none"


def test_watching_says_what_it_sees_and_tries_nothing():
    net, *_ = fitted("classes, unscaled", "watch")
    assert {each.severity for each in net.diagnosis_} == {"note"}
    assert "unscaled_inputs" in {cause for each in net.diagnosis_ for cause in each.causes}
    assert all(each.trials == () for each in net.diagnosis_)


def test_what_breaks_down_is_mended_and_advice_is_with_the_error():
    x, y = numbers()
    settings = USUAL | {"solver": "sgd", "learning_rate_init": 1e20}
    with pytest.raises(TrainingError) as caught:
        NetRegressor((16,), doctor="advise", **settings).fit(x, y)
    assert caught.value.run is not None
    assert "learning_rate_too_high" in problems(caught.value.run)[0].causes
    net = NetRegressor((16,), doctor="repair", **settings).fit(x, y)
    assert net.score(x, y) > 0.9


@pytest.mark.parametrize("kind", [NetClassifier, NetRegressor])
def test_another_word_is_refused_with_the_nearest(kind):
    with pytest.raises(ConfigError, match=r"doctor.*did you mean 'repair'"):
        kind((4,), doctor="repare").fit(*blobs(30))


@dataclass
class Slowing:
    """An attendant that halves the rate once, after the first epoch, and remembers what it attended."""

    attended: list[Patient]

    def watch(self, epoch):
        return ()

    def attend(self, patient: Patient):
        self.attended.append(patient)

        def hear(event):
            if isinstance(event, EpochDone) and not event.state.journal:
                event.state.journal.append({"kind": "finding", **FOUND.to_plain()})
                event.amend(replace(patient.recipe, optimizer=SLOWER), event.state)

        return hear


FOUND = Finding("slow", "problem", "It is slow.")
SLOWER = nn.adam(0.005)


def test_of_folds_the_first_is_attended_and_what_is_mended_holds_for_all():
    x, y = blobs(90)
    recipe = Recipe(
        Supervised(nn.Sequential([nn.Dense(8, "relu"), nn.Dense(3)]), nn.SoftmaxCrossEntropy()),
        optimizer=nn.adam(0.01),
        epochs=20,
        batch_size=16,
    )
    arrays = Arrays.of(x.astype(np.float32), y.astype(np.int32))
    attendant = Slowing([])

    def by_folds(asked: Recipe, doctor: Any):
        programs = Programs(asked, "native")
        return train_by_folds(
            asked, arrays, programs, patience=5, listeners=[], progress=False, doctor=doctor
        )[0]

    run, alone = by_folds(recipe, attendant), by_folds(replace(recipe, optimizer=SLOWER), None)
    assert len(attendant.attended) == 1
    assert attendant.attended[0].held_out is not None
    assert run.recipe == alone.recipe
    assert run.diagnosis == [FOUND]
    assert run.best_epoch == alone.best_epoch
    for name, array in alone.parameters.items():
        np.testing.assert_array_equal(run.parameters[name], array)


def test_few_rows_are_trained_by_folds_to_the_same_bits_with_advice():
    x, y = blobs(60)
    nets = [NetClassifier(max_iter=4, random_state=0, doctor=doctor).fit(x, y) for doctor in (None, "advise")]
    assert_same_bits(*nets)
    assert nets[1].diagnosis_  # such as that there are few steps


def test_a_forecaster_is_mended_and_comes_back_as_it_was(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(600, 2))
    y = 10 + 3 * np.sin(2 * x[:, 0]) + x[:, 1]
    settings: dict[str, Any] = {"horizon": 2, "lags": 4, "season": 4, "max_iter": 30, "random_state": 0}
    settings |= {"learning_rate_init": 1e-6, "batch_size": 16, "units": 16, "dropout": 0.0}
    modes = (None, "advise", "repair")
    sick, advised, net = (NetForecaster(doctor=doctor, **settings).fit(x, y) for doctor in modes)
    assert sick.diagnosis_ == []
    assert "learning_rate_too_low" in problems(advised)[0].causes[:2]
    assert advised.predict(x).tolist() == sick.predict(x).tolist()
    assert problems(net)[0].action.startswith("applied: ")
    assert min(net.validation_loss_curve_) < 0.5 * min(sick.validation_loss_curve_)
    loaded = NetForecaster.load(net.save(tmp_path / "net"))
    assert loaded.predict(x).tolist() == net.predict(x).tolist()
    assert loaded.diagnosis_ == net.diagnosis_
