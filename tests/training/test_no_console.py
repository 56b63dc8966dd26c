"""Training in a program that has no standard error."""

import io
import sys

import numpy as np
import pytest

import chainrule
from chainrule import nn


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("progress", [None, True])
@pytest.mark.parametrize("stream", [None, closed(), object()], ids=["missing", "closed", "strange"])
def test_it_trains_as_ever(stream, progress, monkeypatch: pytest.MonkeyPatch):
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, stream)
    x = np.random.default_rng(0).normal(size=(40, 2))
    loss = nn.SoftmaxCrossEntropy()
    run = chainrule.train(
        nn.Dense(2), (x, (x[:, 0] > 0).astype(int)), loss=loss, epochs=2, progress=progress, validation=0.2
    )
    assert len(run.history) == 2
