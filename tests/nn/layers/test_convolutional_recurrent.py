"""Recurrent convolution against LSTM where a window has one tap, and what it refuses."""

import numpy as np
import pytest
from tests.nn.layers.recording import compiled, output

from chainrule.errors import DTypeError, ShapeError
from chainrule.nn import LSTM, ConvLSTM1D, ConvLSTM2D

RANDOM = np.random.default_rng(15)


@pytest.mark.parametrize("every", [True, False])
def test_with_one_tap_every_position_is_an_lstm(every):
    x = RANDOM.normal(size=(2, 4, 3, 5))
    tree = {
        "weight": RANDOM.normal(size=(5, 8)),
        "recurrent_weight": RANDOM.normal(size=(2, 8)),
        "bias": RANDOM.normal(size=8),
    }
    own = {f"convlstm1d_1.{n}": a if n == "bias" else a[None] for n, a in tree.items()}
    y = output(ConvLSTM1D(2, 1, every), x, own)
    for place in range(3):
        line = np.ascontiguousarray(x[:, :, place])
        expected = output(LSTM(2, return_sequences=every), line, {f"lstm_1.{n}": a for n, a in tree.items()})
        np.testing.assert_allclose(y[..., place, :], expected, rtol=1e-11)


def test_refuses_other_inputs():
    with pytest.raises(
        ShapeError, match=r"^ConvLSTM2D .* got x of shape \(2, 3, 4, 1\); it needs \(batch, time"
    ):
        compiled(ConvLSTM2D(2, 3), 2, 3, 4, 1)
    with pytest.raises(ShapeError, match=r"at least one element in time"):
        compiled(ConvLSTM1D(2, 3), 2, 0, 4, 1)
    with pytest.raises(DTypeError, match=r"^ConvLSTM1D .* got x of dtype int32"):
        compiled(ConvLSTM1D(2, 3), 2, 3, 4, 1, dtype="int32")
