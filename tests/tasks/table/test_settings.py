"""Settings of a table run: what they accept, what they refuse, and the recipe they make."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ConfigError
from chainrule.nn import (
    L1,
    L2,
    AddWeightDecay,
    ClipByGlobalNorm,
    CosineDecay,
    Dense,
    Dropout,
    ExponentialDecay,
    Huber,
    MeanSquaredError,
    ReduceOnPlateau,
    ScaleByLearningRate,
    Sequential,
    SoftmaxCrossEntropy,
    StepDecay,
    adamw,
    lion,
    muon,
)
from chainrule.nn.optimizers import Chain
from chainrule.tasks.table.settings import HELP, TableSettings, recipe_for
from chainrule.tasks.task import plain_settings, settings_of


def test_every_setting_has_a_line_of_help() -> None:
    assert set(HELP) == {each.name for each in fields(TableSettings)}


def test_unknown_key_suggests_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"no setting 'learning_rat' \(did you mean 'learning_rate'\?\)"):
        settings_of(TableSettings, {"learning_rat": 0.1})


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("learning_rate", 0, "a number above 0"),
        ("learning_rate", -1.0, "a number above 0"),
        ("learning_rate", "fast", "a number above 0"),
        ("learning_rate", float("nan"), "a number above 0"),
        ("batch_size", 0, "at least 1"),
        ("epochs", 2.5, "at least 1"),
        ("epochs", True, "at least 1"),
        ("patience", 0, "at least 1"),
        ("seed", -1, "a whole number from 0"),
        ("dropout", 1.0, "below 1"),
        ("test", 0.0, "above 0 and below 1"),
        ("validation", 1, "above 0 and below 1"),
        ("l2", -0.1, "at least 0"),
        ("layers", [64, 0], "list of whole numbers"),
        ("layers", "64", "list of whole numbers"),
        ("activation", "rleu", "did you mean 'relu'"),
        ("optimizer", "adm", "did you mean 'adam"),
        ("schedule", "cosin", "did you mean 'cosine'"),
    ],
)
def test_bad_values_are_refused_with_what_is_wanted(name: str, value: object, text: str) -> None:
    with pytest.raises(ConfigError, match=text) as caught:
        settings_of(TableSettings, {name: value})
    assert name in str(caught.value)


def test_test_and_validation_must_leave_rows_to_train_on() -> None:
    with pytest.raises(ConfigError, match="leave nothing to train on"):
        settings_of(TableSettings, {"test": 0.5, "validation": 0.5})


def test_recipe_follows_the_settings() -> None:
    settings = settings_of(
        TableSettings,
        {
            "layers": [8, 4],
            "activation": "tanh",
            "dropout": 0.5,
            "l1": 0.1,
            "l2": 0.2,
            "clip": 1.0,
            "seed": 3,
        },
    )
    recipe = recipe_for(settings, "classification", 3, 10)
    assert isinstance(recipe.model, Sequential)
    kinds = [type(layer) for layer in recipe.model.layers]
    assert kinds == [Dense, Dropout, Dense, Dropout, Dense]
    assert [layer.units for layer in recipe.model.layers if isinstance(layer, Dense)] == [8, 4, 3]
    assert recipe.penalties == (L1(0.1), L2(0.2))
    assert recipe.loss == SoftmaxCrossEntropy()
    assert isinstance(recipe.optimizer, Chain)
    assert recipe.optimizer.transforms[0] == ClipByGlobalNorm(1.0)
    assert recipe.seed == 3


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("cosine", CosineDecay),
        ("step", StepDecay),
        ("exponential", ExponentialDecay),
        ("plateau", ReduceOnPlateau),
    ],
)
def test_schedules_by_name(name: str, kind: type) -> None:
    recipe = recipe_for(settings_of(TableSettings, {"schedule": name, "layers": [4]}), "regression", 1, 10)
    assert isinstance(recipe.optimizer, Chain)
    last = recipe.optimizer.transforms[-1]
    assert isinstance(last, ScaleByLearningRate)
    assert isinstance(last.learning_rate, kind)


def test_losses_belong_to_tasks() -> None:
    assert recipe_for(TableSettings(layers=(4,)), "regression", 1, 1).loss == MeanSquaredError()
    assert recipe_for(TableSettings(layers=(4,), loss="huber"), "regression", 1, 1).loss == Huber()
    with pytest.raises(ConfigError, match="is for regression"):
        recipe_for(TableSettings(layers=(4,), loss="huber"), "classification", 2, 1)
    with pytest.raises(ConfigError, match="is for classification"):
        recipe_for(TableSettings(layers=(4,), loss="softmax_cross_entropy"), "regression", 1, 1)
    with pytest.raises(ConfigError, match="label_smoothing is for classification"):
        recipe_for(TableSettings(layers=(4,), label_smoothing=0.1), "regression", 1, 1)


@pytest.mark.parametrize("name", ["adam", "nesterov", "rmsprop"])
def test_weight_decay_stands_behind_what_the_optimizer_makes_of_the_gradient(name: str) -> None:
    plain = recipe_for(
        settings_of(TableSettings, {"layers": [4], "optimizer": name}), "regression", 1, 10
    ).optimizer
    decayed = recipe_for(
        settings_of(TableSettings, {"layers": [4], "optimizer": name, "weight_decay": 0.02}),
        "regression",
        1,
        10,
    ).optimizer
    assert isinstance(plain, Chain)
    assert isinstance(decayed, Chain)
    assert decayed.transforms == (*plain.transforms[:-1], AddWeightDecay(0.02), plain.transforms[-1])


def test_weight_decay_of_optimizers_that_have_their_own() -> None:
    settings = {"layers": [4], "weight_decay": 0.02, "learning_rate": 0.003}
    for name, preset in (("adamw", adamw), ("lion", lion), ("muon", muon)):
        recipe = recipe_for(settings_of(TableSettings, {"optimizer": name, **settings}), "regression", 1, 10)
        assert recipe.optimizer == preset(0.003, weight_decay=0.02)
    # Adam with it is AdamW.
    recipe = recipe_for(settings_of(TableSettings, {"optimizer": "adam", **settings}), "regression", 1, 10)
    assert recipe.optimizer == adamw(0.003, weight_decay=0.02)


def test_numbers_of_numpy_are_settings():
    numpy: Any = np  # whose numbers are no int and no float to a type checker
    given = TableSettings(layers=numpy.array([8, 4]), learning_rate=numpy.float32(0.5), seed=numpy.int64(3))
    assert given == TableSettings(layers=(8, 4), learning_rate=0.5, seed=3)
    assert [type(value) for value in plain_settings(given)["layers"]] == [int, int]
