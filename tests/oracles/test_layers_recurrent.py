"""Further layers of time beside PyTorch, in float64, where torch is installed."""

from typing import Any

import numpy as np
import pytest
from tests.oracles.test_layers_gates import compare
from tests.oracles.test_layers_time import assert_agrees

from chainrule import nn

torch: Any = pytest.importorskip("torch")

RANDOM = np.random.default_rng(43)


@pytest.mark.parametrize("every", [True, False])
def test_lstm_with_projection(every):
    module = torch.nn.LSTM(3, 4, proj_size=2, batch_first=True)
    names = {
        "weight_ih_l0": "lstm_1.weight",
        "weight_hh_l0": "lstm_1.recurrent_weight",
        "weight_hr_l0": "lstm_1.projection_weight",
    }
    assert_agrees(
        nn.LSTM(4, return_sequences=every, projection=2),
        lambda x: module(x)[0] if every else module(x)[1][0][0],
        module,
        names,
        {"x": RANDOM.normal(size=(2, 5, 3))},
        {"lstm_1.bias": ("bias_ih_l0", "bias_hh_l0")},
    )


def test_peepholes():
    """The equations of the paper, step by step."""
    tree = {
        "lstm_1.weight": RANDOM.normal(size=(3, 8)),
        "lstm_1.recurrent_weight": RANDOM.normal(size=(2, 8)),
        "lstm_1.bias": RANDOM.normal(size=8),
        "lstm_1.peephole": RANDOM.normal(size=6),
    }

    def steps(x, weight, recurrent, bias, peephole):
        h, c = torch.zeros(2, 2, dtype=torch.float64), torch.zeros(2, 2, dtype=torch.float64)
        for time in range(x.shape[1]):
            i, forget, g, o = (x[:, time] @ weight + h @ recurrent + bias).chunk(4, -1)
            i = torch.sigmoid(i + peephole[:2] * c)
            c = torch.sigmoid(forget + peephole[2:4] * c) * c + i * torch.tanh(g)
            h = torch.sigmoid(o + peephole[4:] * c) * torch.tanh(c)
        return h

    compare(nn.LSTM(2, peepholes=True), steps, RANDOM.normal(size=(2, 4, 3)), tree)


CONVOLUTIONS = {
    1: (nn.ConvLSTM1D(2, 3), torch.nn.functional.conv1d, (4,)),
    2: (nn.ConvLSTM2D(2, (3, 1)), torch.nn.functional.conv2d, (3, 4)),
    3: (nn.ConvLSTM3D(2, (1, 3, 3)), torch.nn.functional.conv3d, (2, 3, 2)),
}


@pytest.mark.parametrize("axes", CONVOLUTIONS)
def test_convlstm(axes):
    layer, convolved, space = CONVOLUTIONS[axes]
    window = layer.kernel_size if isinstance(layer.kernel_size, tuple) else (layer.kernel_size,)
    path = f"convlstm{axes}d_1"
    tree = {
        f"{path}.weight": RANDOM.normal(size=(*window, 3, 8)),
        f"{path}.recurrent_weight": RANDOM.normal(size=(*window, 2, 8)),
        f"{path}.bias": RANDOM.normal(size=8),
    }

    def steps(x, weight, recurrent, bias):
        def over(x, kernel):
            return convolved(x.movedim(-1, 1), kernel.movedim((-1, -2), (0, 1)), padding="same").movedim(
                1, -1
            )

        h = c = torch.zeros(2, *space, 2, dtype=torch.float64)
        for time in range(x.shape[1]):
            i, forget, g, o = (over(x[:, time], weight) + over(h, recurrent) + bias).chunk(4, -1)
            c = torch.sigmoid(forget) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return h

    compare(layer, steps, RANDOM.normal(size=(2, 3, *space, 3)), tree)


@pytest.mark.parametrize("key_heads", [1, 2, 4])
@pytest.mark.parametrize(("causal", "window"), [(False, None), (True, 2), (False, 3)])
def test_grouped_queries_and_windows(key_heads, causal, window):
    narrow = 2 * key_heads
    path = "multi_head_attention_1"
    tree = {
        f"{path}.weight": RANDOM.normal(size=(8, 8 + 2 * narrow)),
        f"{path}.bias": RANDOM.normal(size=8 + 2 * narrow),
        f"{path}.output_weight": RANDOM.normal(size=(8, 8)),
        f"{path}.output_bias": RANDOM.normal(size=8),
    }

    def attend(x, weight, bias, output, output_bias):
        every = x @ weight + bias
        parts = every[..., :8], every[..., 8 : 8 + narrow], every[..., 8 + narrow :]
        q, k, v = (each.reshape(2, 5, -1, 2).transpose(1, 2) for each in parts)
        distance = torch.arange(5)[:, None] - torch.arange(5)
        allowed = distance.abs() < (window or 9)
        allowed &= (distance >= 0) | (not causal)
        y = torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=allowed, enable_gqa=True)
        return y.transpose(1, 2).reshape(2, 5, 8) @ output + output_bias

    layer = nn.MultiHeadAttention(4, causal, key_heads=key_heads, window=window)
    compare(layer, attend, RANDOM.normal(size=(2, 5, 8)), tree)


def test_additive_attention():
    path = "additive_attention_1"
    tree = {
        f"{path}.weight": RANDOM.normal(size=(3, 4)),
        f"{path}.memory_weight": RANDOM.normal(size=(3, 4)),
        f"{path}.bias": RANDOM.normal(size=4),
        f"{path}.score_weight": RANDOM.normal(size=(4, 1)),
    }

    def attend(x, w, u, b, v):
        scores = torch.tanh((x @ w)[:, :, None] + (x @ u + b)[:, None]) @ v
        return torch.softmax(scores[..., 0], -1) @ x

    compare(nn.AdditiveAttention(4), attend, RANDOM.normal(size=(2, 5, 3)), tree)
