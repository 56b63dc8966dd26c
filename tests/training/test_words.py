"""Losses and optimizers by name, and settings as other libraries call them."""

import inspect

import numpy as np
import pytest
from tests.training.helpers import classifier, points, same_arrays

from chainrule import nn, train
from chainrule.errors import ConfigError
from chainrule.training import words


def trained(**settings):
    return train(classifier(), points(), **({"loss": "cross_entropy", "epochs": 2} | settings))


def test_a_name_is_the_part_that_it_stands_for():
    by_name = trained(optimizer="adamw")
    made = trained(loss=nn.SoftmaxCrossEntropy(), optimizer=nn.adamw())
    assert by_name.recipe == made.recipe
    assert same_arrays(by_name.parameters, made.parameters)
    assert trained().recipe.optimizer == nn.adam()


@pytest.mark.parametrize("name", nn.LOSSES)
def test_every_name_of_a_loss_says_all_of_it(name):
    loss = words.loss_of(name)
    assert isinstance(loss, nn.Loss)
    of_others = (nn.ClassWeighted, nn.MeanOfMembers, nn.MultiOutputLoss)
    assert loss in [kind() for kind in nn.KINDS if issubclass(kind, nn.Loss) and kind not in of_others]


@pytest.mark.parametrize("name", nn.PRESETS)
def test_every_name_of_an_optimizer_trains(name):
    run = trained(optimizer=name, epochs=1, batch_size=1000)
    assert run.recipe.optimizer == nn.PRESETS[name]()
    assert np.isfinite(run.history[0]["loss"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"loss": "cross_entropi"},
            r"^loss is 'cross_entropi' \(did you mean 'cross_entropy'\?\); it must be ",
        ),
        ({"loss": "mse"}, r"^loss is 'mse' \(did you mean 'mean_squared_error'\?\)"),
        ({"loss": "binary_crossentropy"}, r"did you mean 'binary_cross_entropy'\?"),
        ({"loss": "qqqq"}, r"^loss is 'qqqq'; it must be one of cross_entropy, .* or made, as nn\.Huber"),
        ({"optimizer": "Adam"}, r"^optimizer is 'Adam' \(did you mean 'adam'\?\); it must be one of sgd, "),
        ({"lr": 0.1}, r"^train has no setting 'lr'; the optimizer has it: optimizer=nn\.adam\(0\.001\)$"),
        ({"validation_split": 0.1}, r"^train has no setting 'validation_split'; give validation=0\.2$"),
        ({"max_iter": 3}, r"give epochs=100$"),
        ({"callbacks": []}, r"give listeners="),
        (
            {"epoch": 3},
            r"^train has no setting 'epoch' \(did you mean 'epochs'\?\); its settings are model, ",
        ),
        ({"qqqq": 3}, r"^train has no setting 'qqqq'; its settings are model, data, .*, executor$"),
    ],
)
def test_what_there_is_not_is_named_with_what_is_meant(settings, message):
    with pytest.raises(ConfigError, match=message):
        trained(**settings)


def test_inputs_and_targets_given_apart_are_told_so():
    several: tuple = (classifier(), *points())
    with pytest.raises(ConfigError, match=r"^train got 3 positional arguments; it takes 2; give inputs"):
        train(*several, loss="cross_entropy")


def test_the_signature_is_still_there_and_what_is_said_of_others_is_true():
    settings = set(inspect.signature(train).parameters)
    assert {"loss", "optimizer", "validation"} <= settings
    assert not settings & set(words.ELSEWHERE)
    for remedy in words.ELSEWHERE.values():
        elsewhere = "(x, y, sample_weight)" in remedy or "CHAINRULE_NUM_THREADS" in remedy
        assert elsewhere or any(f"{name}=" in remedy for name in settings)
    assert set(words._LOSSES_ELSEWHERE.values()) <= set(nn.LOSSES)
    assert not set(words._LOSSES_ELSEWHERE) & set(nn.LOSSES)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lr": 0.1}, r"^train has no setting 'lr' \(did you mean 'learning_rate'\?\); its settings"),
        (
            {"batchsize": 8},
            r"^train has no setting 'batchsize' \(did you mean 'batch_size'\?\); its settings",
        ),
        ({"validation_split": 0.2}, r"^train has no setting 'validation_split'; give validation=0\.2$"),
    ],
)
def test_going_on_names_the_setting_that_is_meant(settings, message):
    x = np.ones((4, 2))
    run = train(nn.Dense(1), (x, x[:, :1]), loss="huber", epochs=1, progress=False)
    with pytest.raises(ConfigError, match=message):
        run.train(1, **settings)
    with pytest.raises(ConfigError, match="train got 3 positional arguments; it takes 2"):
        run.train(1, x, x)  # pyright: ignore[reportCallIssue]
