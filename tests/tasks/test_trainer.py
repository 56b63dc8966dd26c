"""The way from a source to a run: what is said when, what is trained with, and what trials leave out."""

from dataclasses import dataclass

import numpy as np
import pytest

from chainrule.data import Arrays
from chainrule.errors import ConfigError
from chainrule.nn import Dense, MeanSquaredError, sgd
from chainrule.tasks.task import Planned
from chainrule.tasks.trainer import PreparedTrials, Trainer, training_facts
from chainrule.training import Recipe, Supervised
from chainrule.training.attending import OFF


@dataclass(frozen=True)
class Settings:
    epochs: int = 2
    doctor: str = OFF


@dataclass(frozen=True, eq=False)
class Prepared:
    validation: Arrays | None
    initial: dict

    def plan(self, settings):
        if settings.epochs < 1:
            raise ConfigError("no epochs", remedy="give some")
        recipe = Recipe(Supervised(Dense(1), MeanSquaredError()), sgd(1e-30), epochs=settings.epochs)
        return Planned(recipe, arrays(), self.validation, ("found",), self.initial)


def arrays():
    x = np.arange(8, dtype=np.float32).reshape(8, 1)
    return Arrays.of(x, 2 * x)


def trainer_of(validation=None, initial=None):
    return Trainer(
        prepare=lambda opened, settings: Prepared(validation, initial or {}),
        story=lambda prepared, settings, recipe: f"story of {recipe.epochs} epochs",
        evaluated=lambda prepared, run, settings: (run, settings),
        own_metrics={"largest": lambda targets, said: float(targets.max())},
    )


def test_what_was_found_is_said_when_nothing_is_wrong():
    said: list[str] = []
    with pytest.raises(ConfigError, match="no epochs"):
        trainer_of().train(None, Settings(epochs=0), progress=False, say=said.append)
    assert not said
    run, settings = trainer_of().train(None, Settings(), progress=False, say=said.append)
    assert said == ["found", "story of 2 epochs"]
    assert settings == Settings()
    assert len(run.history) == 2
    assert training_facts(run) == {
        "seconds": run.history[-1]["seconds"],
        "stopped": run.stopped,
        "best_epoch": run.best_epoch,
    }


def test_it_trains_as_planned():
    initial = {"dense_1.weight": np.array([[3.0]], np.float32)}
    trainer = trainer_of(arrays(), initial)
    run, _ = trainer.train(None, Settings(), progress=False)
    assert run.parameters["dense_1.weight"] == 3.0  # the learning rate is next to 0
    assert trainer.plan(None, Settings()).recipe == run.recipe
    assert run.history[-1]["validation_largest"] == 14.0
    without, _ = trainer_of().train(None, Settings(), progress=False)
    assert "validation_largest" not in without.history[-1]


def test_trials_prepare_once_and_train_with_the_settings_of_each():
    trainer = trainer_of(arrays())
    trials = PreparedTrials(trainer, trainer.prepare(None, None), ("seen",))
    assert trials.found == ("seen",)
    heard = []
    run = trials.fit(Settings(epochs=3), listeners=[heard.append], progress=False)
    assert len(run.history) == 3
    assert heard
    assert trials.evaluated(run, Settings(epochs=3)) == (run, Settings(epochs=3))
