"""A recipe is plain data and back, and refuses settings by name."""

import json
import tomllib
from dataclasses import FrozenInstanceError, dataclass
from typing import Any

import numpy as np
import pytest
import tomli_w
from tests.training.helpers import classification, classifier, regression

from chainrule import nn
from chainrule.errors import ConfigError
from chainrule.training import Recipe, Supervised

RECIPES = [
    classification(),
    regression(patience=4, seed=2**64 - 1),
    classification(
        optimizer=nn.chain(nn.ClipByGlobalNorm(1.0), nn.adamw(nn.CosineDecay(0.01, 100, 10))),
        penalties=(nn.L1(1e-5), nn.L2(1e-4, on="dense_1.*")),
    ),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: type(recipe.model).__name__)
def test_comes_back_from_json_and_toml(recipe):
    plain = recipe.to_plain()
    assert Recipe.from_plain(json.loads(json.dumps(plain))) == recipe
    assert Recipe.from_plain(tomllib.loads(tomli_w.dumps(plain))) == recipe


def test_is_frozen_and_its_penalties_a_tuple():
    recipe = classification(penalties=[nn.L2(0.1)])
    assert recipe.penalties == (nn.L2(0.1),)
    assert classification(penalties=nn.L2(0.1)) == recipe
    with pytest.raises(FrozenInstanceError):
        recipe.seed = 3  # type: ignore[misc]


@dataclass(frozen=True)
class Own(nn.Layer):
    def __call__(self, x):
        return x


def test_layers_of_your_own_are_given_to_come_back():
    recipe = classification(model=nn.Sequential([Own(), nn.Dense(3)]))
    assert Recipe.from_plain(recipe.to_plain(), (Own,)) == recipe
    with pytest.raises(
        ConfigError, match=r"^recipe\.objective\.model\.layers\[0\]: Own is none of chainrule's classes"
    ):
        Recipe.from_plain(recipe.to_plain())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": 3}, r"^model is 'int'; give a layer, such as Sequential"),
        ({"loss": nn.Dense(3)}, r"^loss is 'Dense'; give a loss, such as SoftmaxCrossEntropy\(\)"),
        ({"optimizer": None}, r"^optimizer is 'NoneType'; give an optimizer, such as adam\(0\.001\)"),
        ({"penalties": (nn.L2(1.0), 0.1)}, r"^penalties is 'float'; give a penalty, such as L2"),
        ({"penalties": None}, r"^penalties is 'NoneType'; give a penalty"),
        ({"epochs": -1}, r"^epochs is -1; give a whole number, at least 1"),
        ({"epochs": None}, r"^epochs is None"),
        ({"batch_size": 1.5}, r"^batch_size is 1\.5"),
        ({"batch_size": None}, r"^batch_size is None"),
        ({"patience": False}, r"^patience is False"),
        ({"seed": None}, r"^seed is None"),
        ({"dtype": "int32"}, r"^dtype is 'int32'"),
    ],
)
def test_refuses_settings_by_name(settings, message):
    with pytest.raises(ConfigError, match=message):
        classification(**settings)


def test_refuses_an_unknown_setting_in_plain_data_and_suggests_the_nearest():
    plain = classification().to_plain() | {"epoch": 3}
    with pytest.raises(
        ConfigError, match=r"^recipe: Recipe has no setting 'epoch' \(did you mean 'epochs'\?\)"
    ):
        Recipe.from_plain(plain)


def test_defaults_are_said_in_one_place():
    recipe = Recipe(Supervised(classifier(), nn.SoftmaxCrossEntropy()))
    assert (recipe.optimizer, recipe.epochs, recipe.batch_size, recipe.seed) == (nn.adam(0.001), 100, 32, 0)
    assert (recipe.penalties, recipe.patience, recipe.dtype) == ((), None, "float32")


def test_numbers_of_numpy_are_settings():
    numpy: Any = np  # whose numbers are no int and no float to a type checker
    given = classification(
        epochs=numpy.int64(3),
        batch_size=numpy.uint8(16),
        seed=numpy.uint64(2**63),
        patience=numpy.int32(2),
        dtype=numpy.str_("float64"),
        penalties=[nn.L2(numpy.float32(0.5))],
    )
    plain = classification(
        epochs=3, batch_size=16, seed=2**63, patience=2, dtype="float64", penalties=(nn.L2(0.5),)
    )
    assert given == plain
    assert json.dumps(given.to_plain()) == json.dumps(plain.to_plain())
    assert tomli_w.dumps(given.to_plain()) == tomli_w.dumps(plain.to_plain())
