"""Ensembles in one network: every member is a network of its own, made of plain matrices."""

import numpy as np
import pytest
from tests.nn.layers.running import RANDOM, parameters, recorded, run

from chainrule import nn
from chainrule.errors import ConfigError, DataError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Trace

X = RANDOM.normal(size=(5, 4))
INNER = RANDOM.normal(size=(5, 3, 4))


def test_every_member_gets_the_input_scaled_by_its_own_row():
    scale = RANDOM.normal(size=(3, 4))
    y = run(nn.Members(3), {"members_1.scale": scale}, x=X)
    for member in range(3):
        np.testing.assert_allclose(y[:, member], X * scale[member], rtol=1e-14)


def test_shared_weights_are_a_dense_layer_for_each_member_whose_weight_is_scaled():
    """x ⊙ r W ⊙ s = x (diag(r) W diag(s)): BatchEnsemble's W ⊙ r sᵀ, equation 1 of Wen et al. 2020."""
    layer = nn.EnsembleDense(2, "tanh")
    tree = parameters(layer, x=INNER)
    y = run(layer, tree, x=INNER)
    weight, bias = tree["ensemble_dense_1.weight"], tree["ensemble_dense_1.bias"]
    r, s = tree["ensemble_dense_1.input_scale"], tree["ensemble_dense_1.output_scale"]
    for member in range(3):
        own = weight * np.outer(r[member], s[member])
        alone = run(
            nn.Dense(2, "tanh"), {"dense_1.weight": own, "dense_1.bias": bias[member]}, x=INNER[:, member]
        )
        np.testing.assert_allclose(y[:, member], alone, rtol=1e-12)


def test_own_weights_are_a_dense_layer_for_each_member():
    layer = nn.EnsembleDense(2, weights="own")
    tree = parameters(layer, x=INNER)
    y = run(layer, tree, x=INNER)
    weight, bias = tree["ensemble_dense_1.weight"].reshape(4, 3, 2), tree["ensemble_dense_1.bias"]
    for member in range(3):
        np.testing.assert_allclose(
            y[:, member], INNER[:, member] @ weight[:, member] + bias[member], rtol=1e-12
        )


def test_shared_members_begin_as_plain_dense_layers():
    trace = Trace()
    with nn.building(trace, training=True) as built:
        nn.EnsembleDense(2)(trace.input("x", (5, 3, 4)))
    ones = [name for name, initializer in built.initializers.items() if initializer == nn.ones]
    assert ones == ["ensemble_dense_1.input_scale", "ensemble_dense_1.output_scale"]


def test_what_is_predicted_is_the_mean_of_probabilities_not_of_logits():
    z = np.array([[[0.0, 0.0], [0.0, 5.0]]])
    trace = Trace()
    y = nn.MeanOfMembers(nn.SoftmaxCrossEntropy()).predict(trace.input("z", z.shape, "float64"))
    found = compile_numpy(trace.program({"y": y})).run({}, {"z": z})["y"]
    p = 1 / (1 + np.exp(-5.0))
    np.testing.assert_allclose(found, [[(0.5 + 1 - p) / 2, (0.5 + p) / 2]], rtol=1e-12)


def test_what_is_refused():
    with pytest.raises(
        ShapeError, match=r"^Members 'members_1' got x of shape \(2, 3, 4\); it needs \(batch, features\)"
    ):
        recorded(nn.Members(2), x=np.zeros((2, 3, 4)))
    with pytest.raises(ShapeError, match=r"needs \(batch, members, features\); put Members in front of it"):
        recorded(nn.EnsembleDense(2), x=np.zeros((2, 3)))
    for loss in (nn.Triplet(), nn.MeanOfMembers(nn.Hinge()), "no"):
        with pytest.raises(ConfigError, match=r"^MeanOfMembers: loss is "):
            nn.MeanOfMembers(loss)  # type: ignore[arg-type]
    loss = nn.MeanOfMembers(nn.MeanSquaredError())
    with pytest.raises(DataError, match=r"outputs of shape \(rows,\); give it the axis of members"):
        loss.check((8,), np.zeros(8))
    trace = Trace()
    with pytest.raises(ShapeError, match=r"got outputs of shape \(8,\); it needs \(batch, members, ...\)"):
        loss(trace.input("y", (8,)), trace.input("t", (8,)))
