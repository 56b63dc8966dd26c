"""Networks with several inputs and outputs, composed in a frozen dataclass, through training and back."""

from dataclasses import dataclass

import numpy as np
from tests.training.helpers import same_arrays

from chainrule import load_run, nn, train
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class Exchange(nn.Layer):
    """Two Tensors in, two out: each is moved by what a layer makes of the other."""

    left: nn.Layer
    right: nn.Layer

    def __call__(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        return a + self.left(b), b + self.right(a)


@dataclass(frozen=True)
class ImageAndFacts(nn.Layer):
    """An image of 4 × 4 and three numbers in a row of x, read by towers of their own; two outputs."""

    image: nn.Layer
    facts: nn.Layer
    exchange: nn.Layer
    heads: tuple[nn.Layer, ...]

    def __call__(self, x: Tensor) -> Tensor:
        a = self.image(x[:, :16].reshape(x.shape[0], 4, 4, 1))
        b = self.facts(x[:, 16:])
        for _ in range(2):
            a, b = self.exchange(a, b)
        return f.concatenate([head(f.concatenate([a, b])) for head in self.heads])


MODEL = ImageAndFacts(
    nn.Sequential(
        [nn.Conv2D(6, 3, use_bias=False), nn.BatchNorm(), nn.Activation("tanh"), nn.GlobalAvgPool2D()]
    ),
    nn.Dense(4, "tanh"),
    Exchange(nn.Dense(6, "tanh"), nn.Dense(4, "tanh")),
    (nn.Sequential([nn.Dense(12, "tanh"), nn.Dense(1)]), nn.Dense(1)),
)


def data(examples: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Targets that need both inputs: a product, and a sum."""
    x = np.random.default_rng(16).normal(size=(examples, 19))
    brightness, fact = x[:, :16].mean(1) * 4, np.tanh(x[:, 16])
    return x, np.stack([brightness * fact, brightness + fact], 1)


def test_parameters_are_named_by_place_and_shared_by_calls_from_one_place():
    run = train(MODEL, data(20), loss=nn.MeanSquaredError(), epochs=1)
    batch_norm = [f"image.batch_norm_1.{name}" for name in ("mean", "scale", "shift", "variance")]
    heads = ["heads.sequential_1.dense_1", "heads.sequential_1.dense_2", "heads.dense_1"]
    dense = ["exchange.left", "exchange.right", "facts", *heads]
    expected = [*batch_norm, "image.conv2d_1.weight"]
    expected += [f"{place}.{name}" for place in dense for name in ("bias", "weight")]
    assert sorted(run.parameters) == sorted(expected)


def test_a_network_of_two_inputs_and_two_outputs_learns_what_needs_both(tmp_path):
    x, y = data()
    settings = {"loss": nn.MeanSquaredError(), "optimizer": nn.adam(0.02), "epochs": 60}
    run = train(MODEL, (x, y), **settings)
    assert (((run.predict(x) - y) ** 2).mean(0) < 0.3 * y.var(0)).all()
    back = load_run(run.save(tmp_path / "run"), (ImageAndFacts, Exchange))
    assert back.recipe.model == MODEL
    assert same_arrays(back.parameters, run.parameters)
    assert back.predict(x).tobytes() == run.predict(x).tobytes()
