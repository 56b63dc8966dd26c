"""nn.summary counts as many parameters as PyTorch, where torch is installed."""

from typing import Any

import pytest

from chainrule import nn

torch: Any = pytest.importorskip("torch")


def test_as_many_parameters_as_pytorch():
    modules = torch.nn
    pairs = [
        (nn.Conv2D(8, 5, stride=2), (9, 9, 3), modules.Conv2d(3, 8, 5)),
        (nn.ConvTranspose2D(6, 3), (5, 5, 4), modules.ConvTranspose2d(4, 6, 3)),
        (nn.BatchNorm(), (5, 5, 4), modules.BatchNorm2d(4)),
        (nn.LayerNorm(), (7, 6), modules.LayerNorm(6)),
        (nn.SimpleRNN(5), (4, 3), modules.RNN(3, 5)),
        (nn.MultiHeadAttention(2), (6, 8), modules.MultiheadAttention(8, 2)),
        (nn.TransformerBlock(2), (6, 8), modules.TransformerEncoderLayer(8, 2, 32)),
        (nn.Embedding(11, 3), (4,), modules.Embedding(11, 3)),
    ]
    for layer, shape, module in pairs:
        theirs = sum(parameter.numel() for parameter in module.parameters())
        if isinstance(layer, nn.SimpleRNN):
            theirs -= 5  # PyTorch adds two biases, which are one
        assert nn.summary(layer, shape).parameters == theirs, layer
