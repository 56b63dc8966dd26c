"""The rival in PyTorch has the network that chainrule trains."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from benchmarks.images import pytorch  # noqa: E402 (after the skip)
from chainrule.data.images import open_images  # noqa: E402
from chainrule.nn import summary  # noqa: E402
from chainrule.tasks.image.opening import ImageSet  # noqa: E402
from chainrule.tasks.image.prepare import prepare_images  # noqa: E402
from chainrule.tasks.image.settings import ImageSettings  # noqa: E402


@pytest.fixture
def prepared():
    random = np.random.default_rng(0)
    y = np.arange(60) % 3
    x = (random.integers(0, 100, (60, 16, 16, 3)) + 60 * y[:, None, None, None]).astype(np.uint8)
    return prepare_images(ImageSet(open_images((x, y))), ImageSettings())


def test_both_have_the_same_parameters(prepared):
    model = prepared.recipe(ImageSettings()).objective.model
    network = pytorch.built(model, prepared)
    theirs = sum(each.numel() for each in network.parameters() if each.requires_grad)
    assert theirs == summary(model, (16, 16, 3)).parameters


def test_it_learns_in_as_many_epochs_as_fit(prepared, monkeypatch):
    """Of steps that are said to be so slow that about thirty epochs fit into the minute."""
    slow = lambda network, x, y, smoothing: len(x) / 60 * 55 / 30  # noqa: E731 (of a step)
    monkeypatch.setattr(pytorch, "_seconds_of_a_step", slow)
    figures = pytorch.train_pytorch(prepared, ImageSettings(), minutes=1)
    assert 20 <= figures["epochs"] <= 60
    assert figures["accuracy"] > 0.6
