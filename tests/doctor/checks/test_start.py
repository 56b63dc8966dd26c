import numpy as np
import pytest
from tests.doctor.programs import D, S, digits, examined, residual, wine

from chainrule import nn
from chainrule.doctor.checks.start import _measured, signal, symmetric_weights


def network(*layers, data=None, **settings):
    return examined((S([*layers]), digits() if data is None else data, {"loss": "cross_entropy"} | settings))


def normal(deviation):
    return nn.normal(deviation=deviation)


def dense(depth, activation="relu", **more):
    return [D(32, activation, **more) for _ in range(depth)]


def test_deltas_that_vanish_in_sigmoids_are_a_problem():
    found = signal(network(*dense(14, "sigmoid"), D(10)))
    assert {each.evidence["direction"] for each in found} == {"forward", "backward"}
    assert [each.severity for each in found] == ["problem", "problem"]
    backward = found[0]
    assert backward.causes[0] == "saturating_activation"
    assert backward.layer == "dense_1"
    assert backward.evidence["ratio"] < 1e-3
    assert "the first of 15, receives a delta" in backward.said


def test_small_and_large_weights_are_told_apart():
    small = signal(network(*dense(6, weight=normal(0.01)), D(10), optimizer=nn.sgd(0.001)))
    assert {each.causes[0] for each in small} == {"initial_weights_too_small"}
    assert small[0].severity == "problem"
    large = signal(network(*dense(6, weight=normal(2.0)), D(10)))
    assert {each.causes[0] for each in large} == {"initial_weights_too_large"}
    assert large[0].severity == "problem"


def test_what_some_steps_mend_is_noted():
    found = signal(network(*dense(3, weight=normal(0.003)), D(10), optimizer=nn.adam(0.1)))
    assert [each.severity for each in found] == ["note", "note"]


def test_tanh_at_its_ends_and_sure_logits_are_noted():
    found = signal(network(*dense(2, "tanh", weight=normal(1.0)), D(10, weight=normal(10.0))))
    assert {each.severity for each in found} == {"note"}
    assert len(found) == 2
    assert all(each.causes[0] == "initial_weights_too_large" for each in found)


def test_branches_that_begin_at_zero_and_a_last_layer_of_zeros_are_none():
    zero = nn.constant(0.0)
    branch = [nn.Residual([D(32, "relu"), D(32, weight=zero)]) for _ in range(10)]
    assert signal(network(D(32, "relu"), *branch, D(10, weight=zero))) == []
    assert symmetric_weights(network(D(32, "relu"), *branch, D(10, weight=zero))) == []


def test_deep_networks_with_normalization_or_residuals_are_none():
    normalized = [layer for _ in range(14) for layer in (D(32), nn.BatchNorm(), nn.Activation("relu"))]
    assert signal(network(*normalized, D(10))) == []
    assert signal(network(D(32, "relu"), *residual(14), D(10))) == []


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_units_that_are_all_alike_are_a_problem(value):
    same = nn.constant(value)
    (first,) = symmetric_weights(network(D(16, "relu", weight=same), D(10, weight=same)))
    assert (first.severity, first.layer, first.causes) == ("problem", "dense_1", ("symmetric_weights",))
    assert first.evidence["units"] == 16
    assert first.evidence["layers"][0] == "dense_1"


def test_units_that_are_alike_at_first_and_then_learn_different_things_are_none():
    assert symmetric_weights(network(D(16, "relu"), D(10, weight=nn.constant(0.0)))) == []
    assert symmetric_weights(network(D(16, "relu", weight=nn.constant(0.3)), D(10))) == []


def test_a_single_example_a_batch_can_not_be_judged():
    assert signal(network(*dense(14, "sigmoid"), D(10), batch_size=1)) == []


def test_the_delta_of_each_layer_is_that_of_backpropagation():
    """By hand: one linear layer, half the squared error, so the delta of an example is (y - t) / examples."""
    x, y = wine()
    patient = examined(
        (
            S([D(1, weight=nn.constant(0.0)), D(1, weight=nn.constant(1.0)), D(1, weight=nn.constant(1.0))]),
            (x, y[:, None].astype(float)),
            {"loss": nn.HalfSquaredError(), "batch_size": len(x), "optimizer": nn.sgd(1e-9)},
        )
    )
    ((first, second, last),) = _measured(patient, patient.tree)
    length = np.sqrt((y.astype(float) ** 2).mean()) / len(x)
    assert [first.delta, second.delta, last.delta] == pytest.approx([length] * 3, rel=1e-5)
    assert last.spread == 0
