"""RepeatVector and TimeDistributed."""

import numpy as np
import pytest
from tests.nn.layers.recording import compiled, output

import chainrule
from chainrule import nn
from chainrule.errors import ConfigError, DTypeError, ShapeError

RANDOM = np.random.default_rng(6)


def test_repeat_vector_is_x_at_every_time():
    x = RANDOM.normal(size=(3, 4))
    assert np.array_equal(output(nn.RepeatVector(5), x), np.repeat(x[:, None], 5, 1))


def test_time_distributed_is_the_layer_at_every_time():
    x = RANDOM.normal(size=(2, 3, 5, 4, 1))
    weight, bias = RANDOM.normal(size=(3, 3, 1, 2)), RANDOM.normal(size=2)
    film = output(nn.TimeDistributed(nn.Conv2D(2, 3)), x, {"layer.weight": weight, "layer.bias": bias})
    tree = {"conv2d_1.weight": weight, "conv2d_1.bias": bias}
    for time in range(3):
        image = output(nn.Conv2D(2, 3), np.ascontiguousarray(x[:, time]), dict(tree))
        np.testing.assert_allclose(film[:, time], image, rtol=1e-12)


def test_films_are_trained_on():
    x = RANDOM.normal(size=(20, 3, 4, 4, 1))
    model = nn.Sequential(
        [
            nn.TimeDistributed(nn.Sequential([nn.Conv2D(2, 3), nn.GlobalAvgPool2D()])),
            nn.LSTM(3),
            nn.Dense(2),
        ]
    )
    run = chainrule.train(model, (x, x[:, 0, 0, 0, 0] > 0), loss="cross_entropy", epochs=2, progress=False)
    assert run.parameters["time_distributed_1.layer.conv2d_1.weight"].shape == (3, 3, 1, 2)


def test_refuses_what_does_not_fit():
    with pytest.raises(ShapeError, match=r"^RepeatVector .* got x of shape \(2, 3, 4\); it needs \(batch, f"):
        compiled(nn.RepeatVector(2), 2, 3, 4)
    with pytest.raises(DTypeError, match=r"^RepeatVector .* got x of dtype int32"):
        compiled(nn.RepeatVector(2), 2, 3, dtype="int32")
    with pytest.raises(ShapeError, match=r"^TimeDistributed .*got x of shape \(2, 3\); it needs \(batch, t"):
        compiled(nn.TimeDistributed(nn.Dense(2)), 2, 3)
    with pytest.raises(ConfigError, match=r"^TimeDistributed: layer is 3"):
        nn.TimeDistributed(3)  # type: ignore[arg-type]
