import pytest
from tests.doctor.programs import D, S, cancer, digits, examined, friedman, wine

from chainrule import nn
from chainrule.doctor.checks.learning import learning_rate, memorization


def network(optimizer, **settings):
    model = S([D(32, "relu"), D(10)])
    given = {"loss": "cross_entropy", "optimizer": optimizer, "epochs": 50}
    return examined((model, digits(), given | settings))


@pytest.mark.parametrize("optimizer", [nn.adam(1.0), nn.sgd(30.0), nn.momentum(10.0)])
def test_a_rate_that_learns_nothing_is_too_high(optimizer):
    (found,) = learning_rate(network(optimizer))
    assert found.severity == "problem"
    assert found.causes[0] == "learning_rate_too_high"
    assert found.evidence["suggested"] < found.evidence["rate"]


@pytest.mark.parametrize("optimizer", [nn.adam(1e-6), nn.sgd(1e-5), nn.rmsprop(1e-6)])
def test_a_rate_that_gets_nowhere_is_too_low(optimizer):
    (found,) = learning_rate(network(optimizer))
    assert found.severity == "problem"
    assert found.causes == ("learning_rate_too_low", "too_few_epochs")
    assert found.evidence["suggested"] > 30 * found.evidence["rate"]


@pytest.mark.parametrize("rate", [0.0004, 0.002, 0.01])
def test_rates_within_five_times_of_a_good_one_are_none(rate):
    assert learning_rate(network(nn.adam(rate))) == []


@pytest.mark.parametrize("rate", [0.04, 0.2, 1.0])
def test_rates_of_plain_descent_within_five_times_of_a_good_one_are_none(rate):
    assert learning_rate(network(nn.sgd(rate))) == []


def test_an_optimizer_without_one_rate_is_not_judged():
    both = nn.Partition((("*weight", nn.sgd(0.1)), ("*bias", nn.sgd(0.2))))
    assert learning_rate(network(both)) == []
    assert learning_rate(network(nn.adam(nn.OneCycle(30.0, 950)))) == []


def test_a_network_that_learns_a_batch_by_heart_is_none():
    assert memorization(network(nn.adam())) == []
    assert memorization(network(nn.adam(), model=S([D(32, "relu"), nn.Dropout(0.5), D(10)]))) == []


def test_an_optimizer_that_learns_nothing_is_named():
    (found,) = memorization(network(nn.adam(1e-7)))
    assert found.severity == "problem"
    assert found.causes == ("learning_rate_too_low",)
    assert "by Adam at 0.001 it does" in found.said
    (found,) = memorization(network(nn.sgd(1e4)))
    assert found.causes[0] == "learning_rate_too_high"


def test_penalties_that_are_too_strong_are_named():
    (found,) = memorization(network(nn.adam(), penalties=[nn.L2(10.0)]))
    assert found.causes == ("too_strong_penalty",)


def test_a_network_that_nothing_teaches_is_named():
    dead = D(16, "relu", weight=nn.constant(0.0), bias=nn.constant(-1.0))
    last = D(10, weight=nn.constant(0.0))
    (found,) = memorization(network(nn.adam(), model=S([dead, last])))
    assert found.severity == "problem"
    assert "no optimizer does" in found.said


def test_targets_that_are_far_off_are_named():
    x, y = friedman()
    program = (S([D(16, "relu"), D(1)]), (x, 1e6 + y), {"loss": "mean_squared_error"})
    (found,) = memorization(examined(program))
    assert found.causes == ("unscaled_targets",)


def test_where_many_more_steps_are_planned_and_something_is_learned_it_is_a_note():
    (found,) = memorization(network(nn.adam(1e-6), epochs=100_000))
    assert found.severity == "note"
    (found,) = memorization(network(nn.adam(1e-10), epochs=100_000))
    assert found.severity == "problem"


def test_a_batch_of_one_class_can_not_be_judged():
    x, y = cancer()
    program = (S([D(2)]), (x[y == 1], y[y == 1]), {"loss": "cross_entropy", "optimizer": nn.adam(1e-9)})
    assert memorization(examined(program)) == []


def test_few_steps_tell_nothing():
    program = (S([D(3)]), wine(), {"loss": "cross_entropy", "optimizer": nn.adam(1e-9), "epochs": 2})
    assert memorization(examined(program)) == []
