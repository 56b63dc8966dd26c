"""Parameters of estimators: what each makes of the recipe, and one clear error for each that is wrong."""

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from tests.estimators.helpers import blobs, slope

from chainrule import nn
from chainrule.estimators import NetClassifier, NetRegressor
from chainrule.tasks.table.network import table_choices
from chainrule.training import Recipe

X, Y = slope(50)


def recipe(**settings: Any) -> Any:
    return (
        NetRegressor(**({"layers": (4,), "max_iter": 2, "random_state": 0} | settings)).fit(X, Y).run_.recipe
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layers": (64, "Dens")}, r"layers: item 2 is 'Dens' \(did you mean 'Dense'\?\); give sizes"),
        ({"layers": (0,)}, "layers: item 1 is 0; give sizes, at least 1"),
        ({"layers": (3.5,)}, "layers: item 1 is 3.5"),
        ({"layers": "64"}, "layers: item 1 is '64'"),
        ({"layers": True}, "layers: item 1 is True"),
        ({"activation": "rleu"}, r"activation is 'rleu' \(did you mean 'relu'\?\)"),
        ({"activation": None}, "activation is None"),
        ({"solver": "adm"}, r"solver is 'adm' \(did you mean 'adam'\?\)"),
        ({"learning_rate": "cosin"}, r"learning_rate is 'cosin' \(did you mean 'cosine'\?\)"),
        ({"loss": "squared"}, "loss is 'squared'"),
        ({"loss": "quantile", "quantiles": 0.5}, "quantiles is 0.5; give some, such as"),
        ({"loss": "quantile", "quantiles": (0.5, 1.0)}, "quantiles is 1.0; it must be above 0 and below 1"),
        ({"alpha": -1}, "alpha is -1; it must be at least 0"),
        ({"tol": math.nan}, "tol is nan"),
        ({"dropout": 1}, "dropout is 1; it must be at least 0 and below 1"),
        ({"batch_norm": 1}, "batch_norm is 1; it must be True or False"),
        ({"weight_decay": "some"}, "weight_decay is 'some'"),
        ({"batch_size": 0}, "batch_size is 0; it must be a whole number, at least 1"),
        ({"learning_rate_init": 0}, "learning_rate_init is 0; it must be above 0"),
        ({"max_iter": 2.5}, "max_iter is 2.5; it must be a whole number"),
        ({"n_iter_no_change": 0}, "n_iter_no_change is 0"),
        ({"early_stopping": "yes"}, "early_stopping is 'yes'; it must be True or False"),
        ({"validation_fraction": 1}, "validation_fraction is 1; it must be above 0 and below 1"),
        ({"dtype": "float16"}, "dtype is 'float16'"),
        ({"listeners": ["print"]}, r"listeners is \('print',\); give a list of functions"),
        ({"listeners": print}, "listeners is .*; give a list of functions"),
        ({"verbose": "yes"}, "verbose is 'yes'"),
        ({"layers": [nn.Dense(4)], "dropout": 0.5}, "dropout is 0.5, and it is for layers given as sizes"),
        ({"layers": None, "activation": "tanh"}, "activation is 'tanh', and it is for layers given as sizes"),
        ({"solver": nn.adam(), "learning_rate_init": 0.1}, "solver Chain has no such setting"),
        ({"solver": "lbfgs", "learning_rate": "cosine"}, "solver 'lbfgs' has no such setting"),
        ({"solver": "lm", "learning_rate_init": 0.1}, "solver 'lm' has no such setting"),
        ({"solver": "lm", "loss": "huber"}, "LevenbergMarquardt needs a loss that is a sum of squares"),
        ({"solver": "rprop", "batch_size": 5}, "the optimizer needs all .* examples in every step"),
        ({"solver": "sgd", "weight_decay": 0.1}, "solver 'sgd' takes no weight_decay"),
        ({"random_state": "one"}, "cannot be used to seed"),
        ({"layers": [nn.Conv2D(4, 3)]}, r"Conv2D 'conv2d_1'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_wrong_is_told_in_one_line(settings, message):
    with pytest.raises(ValueError, match=message) as caught:
        NetRegressor(**({"layers": (4,), "max_iter": 2} | settings)).fit(X, Y)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("weight", [{5: 1.0, 7: 2.0}, "balance", [1, 2], {0: -1.0}], ids=str)
def test_a_class_weight_that_does_not_fit_is_told(weight):
    x, y = blobs(30)
    with pytest.raises(ValueError, match="class_weight"):
        NetClassifier((4,), class_weight=weight).fit(x, y)


def test_sizes_are_mlps_network():
    dense = nn.Dense(64, "tanh", weight=nn.glorot_uniform())
    head = nn.Dense(1, weight=nn.glorot_uniform())
    network = nn.Sequential([dense, dense, head])
    assert recipe(layers=(64, 64), activation="tanh").model == network
    for same in ([64, 64], np.array([64, 64]), (np.int64(64), 64)):
        assert recipe(layers=same, activation="tanh").model == network
    assert recipe(layers=64, activation="tanh").model == nn.Sequential([dense, head])
    assert recipe(layers=()).model == nn.Sequential([head])
    logistic = recipe(layers=(3,), activation="logistic").model
    assert logistic == recipe(layers=(3,), activation="sigmoid").model
    selu = recipe(layers=3, activation="selu").model
    assert selu == nn.Sequential([nn.Dense(3, "selu", weight=nn.lecun_normal()), head])


def test_dropout_and_batch_norm_follow_every_size():
    model = recipe(layers=(8, nn.LayerNorm(), 4), dropout=0.25, batch_norm=True).model
    kinds = [type(layer).__name__ for layer in model.layers]
    hidden = ["Dense", "BatchNorm", "Activation", "Dropout"]
    assert kinds == [*hidden, "LayerNorm", *hidden, "Dense"]


def test_a_single_row_left_over_is_no_matter_for_batch_norm():
    x, y = slope(201)
    for batch, steps in (("auto", 2), (50, 5), (200, 2)):
        net = NetRegressor((4,), batch_norm=True, max_iter=1, batch_size=batch).fit(x, y)
        assert net.run_.recipe.batch_size == (200 if batch == "auto" else batch)
        assert net.run_.history[-1]["step"] == steps


@pytest.mark.parametrize(
    ("settings", "optimizer"),
    [
        ({}, nn.adam(0.001)),
        ({"learning_rate_init": 0.1}, nn.adam(0.1)),
        ({"solver": "nesterov", "learning_rate_init": np.float32(0.5)}, nn.nesterov(0.5)),
        ({"solver": "adamw"}, nn.adamw(0.001, weight_decay=0.0)),
        ({"solver": "adam", "weight_decay": 0.2}, nn.adamw(0.001, weight_decay=0.2)),
        ({"solver": "lion", "weight_decay": 0.2}, nn.lion(0.001, weight_decay=0.2)),
        ({"solver": "lbfgs"}, nn.LBFGS()),
        ({"solver": "lm"}, nn.LevenbergMarquardt()),
        ({"solver": "br"}, nn.BayesianRegularization()),
        ({"solver": "scg"}, nn.ScaledConjugateGradient()),
        ({"solver": "cg"}, nn.ConjugateGradient()),
        ({"solver": "rprop", "learning_rate_init": 0.1}, nn.rprop(0.1)),
        ({"solver": nn.sgd(0.3)}, nn.sgd(0.3)),
        ({"learning_rate": "cosine", "batch_size": 20}, nn.adam(nn.CosineDecay(0.001, steps=2 * 3))),
        ({"learning_rate": "step", "batch_size": 20}, nn.adam(nn.StepDecay(0.001, every=2))),
        ({"learning_rate": "adaptive"}, nn.adam(nn.ReduceOnPlateau(0.001, factor=0.2, patience=2))),
        ({"learning_rate": nn.Constant(0.7)}, nn.adam(nn.Constant(0.7))),
    ],
    ids=lambda value: str(value)[:50],
)
def test_solver_and_rate_make_the_optimizer(settings, optimizer):
    assert recipe(**settings).optimizer == optimizer


def test_the_default_network_has_defaults_of_its_own():
    x, y = slope(1200)
    net = NetRegressor(max_iter=1, random_state=0).fit(x, y)
    choices = table_choices(1080, "regression")
    assert net.run_.recipe.patience == choices.patience
    plateau = nn.ReduceOnPlateau(choices.learning_rate, factor=0.5, patience=choices.patience // 2)
    assert net.run_.recipe.optimizer == nn.adamw(plateau, weight_decay=0.01)
    assert isinstance(net.run_.recipe.loss, nn.MeanOfMembers)
    assert "validation_loss" in net.history_[0]
    small = NetRegressor(max_iter=1, random_state=0).fit(x[:50], y[:50])
    assert small.run_.recipe.patience is None


def test_alpha_is_divided_by_the_rows_of_a_batch():
    assert recipe(alpha=0.5).penalties == (nn.L2(0.5 / 50),)
    assert recipe(alpha=0.5, batch_size=10).penalties == (nn.L2(0.05),)
    assert recipe(alpha=0).penalties == ()


@pytest.mark.parametrize("solver", ["adamw", "lion", "muon", "rmsprop", "nadam", "momentum", "adagrad"])
def test_every_schedule_goes_with_every_solver(solver):
    for schedule in ("one_cycle", "exponential"):
        net = NetRegressor((4,), solver=solver, learning_rate=schedule, max_iter=2, random_state=0)
        assert len(net.fit(X, Y).loss_curve_) == 2


def test_the_same_number_gives_the_same_bits():
    one, other = (NetRegressor(max_iter=3, random_state=7).fit(X, Y).predict(X) for _ in range(2))
    assert one.tolist() == other.tolist()
    drawn = np.random.RandomState(7)
    net = NetRegressor(max_iter=3, random_state=drawn)
    assert net.fit(X, Y).predict(X).tolist() == one.tolist()
    assert net.fit(X, Y).predict(X).tolist() != one.tolist()


def test_parameters_are_stored_and_cloned_as_they_are():
    layers = [nn.Dense(4, "relu"), nn.Dropout(0.1)]
    net = NetRegressor(layers, loss=nn.Huber(2.0), solver=nn.adam(0.1))
    assert net.layers is layers
    copy: Any = clone(net)
    assert copy.get_params() == net.get_params()
    assert "Dense(4" in repr(net)


def test_fits_that_are_alike_share_what_is_compiled():
    first, again = (NetRegressor((4,), max_iter=epochs, random_state=0).fit(X, Y) for epochs in (2, 3))
    assert first._fitted.programs is again._fitted.programs
    other = NetRegressor((5,), max_iter=2, random_state=0).fit(X, Y)
    assert other._fitted.programs is not first._fitted.programs
    alone = NetRegressor((4,), max_iter=2, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(alone.predict(X), first.predict(X))


def test_layers_that_can_not_be_hashed_are_fitted_too():
    @dataclass(frozen=True)
    class Listed(nn.Layer):
        widths: list

        def __call__(self, x):
            return nn.Dense(self.widths[0], "relu")(x)

    net = NetRegressor([Listed([4])], max_iter=2, random_state=0).fit(X, Y)
    assert np.isfinite(net.predict(X)).all()


GRIDS = [
    {"alpha": np.logspace(-4, -2, 2), "batch_size": np.arange(8, 24, 8)},
    {"max_iter": np.arange(1, 3), "n_iter_no_change": np.arange(2, 4)},
    {"dropout": np.array([0.1, 0.2], np.float32), "random_state": np.arange(1)},
    {"early_stopping": np.array([True, False]), "validation_fraction": np.array([0.2], np.float32)},
]


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: next(iter(grid)))
def test_searches_over_arrays_of_numpy(grid):
    net = NetRegressor((4,), max_iter=2, random_state=0)
    strict: dict[str, Any] = {"error_score": "raise"}
    found = GridSearchCV(net, grid, cv=2, **strict).fit(X, Y).best_estimator_
    stored = json.loads(json.dumps(found.run_.recipe.to_plain()))
    assert Recipe.from_plain(stored) == found.run_.recipe
