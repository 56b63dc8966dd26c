"""Masking by the value of padding."""

import numpy as np
import pytest
from tests.nn.layers.recording import compiled
from tests.nn.layers.running import parameters, run

from chainrule import nn
from chainrule.errors import ConfigError, ShapeError

RANDOM = np.random.default_rng(9)
LAYERS = [
    nn.LSTM(2),
    nn.GRU(2, return_sequences=True),
    nn.Bidirectional(nn.SimpleRNN(2)),
    nn.GlobalAvgPool1D(),
    nn.MultiHeadAttention(1),
    nn.TransformerBlock(1),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
@pytest.mark.parametrize("value", [0.0, -7.5])
def test_the_layer_gets_the_mask(layer, value):
    x = RANDOM.normal(size=(3, 5, 4))
    mask = np.arange(5) < np.array([[5], [2], [3]])
    x[~mask] = value
    x[0, 1, 2] = value  # one feature alone is no padding
    tree = parameters(lambda x, mask: layer(x, mask=mask), x=x, mask=mask)
    expected = run(lambda x, mask: layer(x, mask=mask), tree, x=x, mask=mask)
    same = {name.replace(f"{next(iter(tree)).split('.')[0]}.", "layer.", 1): a for name, a in tree.items()}
    masking = nn.Masking(layer, value)
    own = dict.fromkeys(parameters(masking, x=x))
    assert len(own) == len(tree)
    found = run(masking, dict(zip(own, same.values(), strict=True)), x=x)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_refuses_what_takes_no_mask():
    with pytest.raises(ConfigError, match=r"^Masking: layer is Dense\(2\); give a layer that takes a mask"):
        nn.Masking(nn.Dense(2))  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match=r"^Masking.* got x of shape \(2, 3\); it needs \(batch, time, f"):
        compiled(nn.Masking(nn.LSTM(2)), 2, 3)
