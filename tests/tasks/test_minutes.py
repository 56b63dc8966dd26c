"""Epochs that fit into minutes, counted by hand."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import pytest

from chainrule.data.ragged import Ragged
from chainrule.data.source import MemorySource
from chainrule.nn import GRU, Dense, Layer, MeanSquaredError, sgd
from chainrule.tasks import minutes
from chainrule.tasks.minutes import fitting_epochs, seconds_per_step, settle_network
from chainrule.training import Recipe, Supervised


def test_a_third_of_a_step_predicts_and_some_time_is_left_over():
    # 55.2 s less 100 predicted examples at a third of 0.01 s; 4 s for the 400 examples of an epoch.
    assert fitting_epochs(1.0, 0.01, 400, 100) == int((55.2 - 1 / 3) / 4) == 13
    assert fitting_epochs(0.01, 0.01, 400, 100) == 0


def test_a_step_takes_time():
    x = np.zeros((20, 3), np.float32)
    recipe = Recipe(Supervised(Dense(1), MeanSquaredError()), sgd(0.1), epochs=1, batch_size=10)
    assert 0 < seconds_per_step(recipe, MemorySource({"x": x, "y": x[:, :1]})) < 60


class OverTime(Layer):
    """Sequences to one number."""

    def __call__(self, x):
        return Dense(1)(GRU(2)(x["values"], x["mask"]))


def test_batches_of_sequences_are_timed_as_long_as_they_are(monkeypatch):
    """Ten batches of 4 steps and two of 40, as in an epoch."""
    seen = []

    class Session:
        def run_many(self, arrays, order):
            seen.append((arrays["x.values"].shape[1], order.shape))

    class Programs(minutes.Programs):
        def training(self, data, rows, *more):
            return SimpleNamespace(bind=lambda tree: Session())

    monkeypatch.setattr(minutes, "Programs", Programs)
    lengths = np.array([4] * 100 + [40] * 20)
    x = Ragged(np.zeros((lengths.sum(), 3), np.float32), lengths, (4, 40))
    recipe = Recipe(Supervised(OverTime(), MeanSquaredError()), sgd(0.1), epochs=1, batch_size=10)
    y = np.zeros((120, 1), np.float32)
    assert seconds_per_step(recipe, MemorySource({"x": x, "y": y})) >= 0
    timed = seen[::4]
    assert sorted(length for length, _ in timed) == [4] * 10 + [40] * 2
    assert {shape for _, shape in timed} == {(1, 10)}


@dataclass(frozen=True)
class Asked:
    minutes: float | None = 1.0
    epochs: int | str = "auto"
    network: str = "auto"
    from_run: str | None = None


@dataclass
class Prepared:
    """20 images to train on, in batches of 10; a step takes the seconds of its network."""

    training: None = None
    rows: dict = field(
        default_factory=lambda: {
            name: range(n) for name, n in (("train", 20), ("validation", 0), ("test", 0))
        }
    )

    def recipe(self, settings):
        return SimpleNamespace(batch_size=10, network=settings.network)


def settled(settings, said):
    return settle_network(
        lambda opened, settings: Prepared(),
        None,
        settings,
        said.append,
        networks=("small", "large"),
        fewest={"large": 10},
        most=50,
    )


@pytest.fixture(autouse=True)
def stated_seconds(monkeypatch):
    seconds = {"small": 0.5, "large": 2.76}
    monkeypatch.setattr(minutes, "seconds_per_step", lambda recipe, training: seconds[recipe.network])


@pytest.mark.parametrize(
    ("asked", "network", "epochs"),
    [
        (Asked(), "large", 10),  # 55.2 s, and 2 steps of 2.76 s an epoch
        (Asked(minutes=0.9), "small", 49),  # 9 of the large one are too few; 49.68 s, 1 s an epoch
        (Asked(minutes=0.9, network="large"), "large", 9),
        (Asked(minutes=0.9, from_run="x"), "auto", 9),
        (Asked(minutes=0.001, network="small"), "small", 1),
        (Asked(minutes=9.0, network="small"), "small", 50),
    ],
)
def test_the_largest_network_with_enough_epochs_is_chosen(asked, network, epochs, monkeypatch):
    said: list[str] = []
    if asked.from_run:  # the network of another run has no name
        monkeypatch.setattr(minutes, "seconds_per_step", lambda recipe, training: 2.76)
    assert settled(asked, said) == replace(asked, network=network, epochs=epochs)
    chosen = asked.network == "auto" and not asked.from_run
    what = f"the {network} network for {epochs} epochs" if chosen else f"{epochs} epochs"
    assert said[0].startswith(f"{asked.minutes:g} minutes: {what} (a step of 10 images took ")


def test_without_minutes_or_with_epochs_nothing_is_measured():
    said: list[str] = []
    for asked in (Asked(minutes=None), Asked(epochs=3)):
        assert settled(asked, said) is asked
    assert not said
