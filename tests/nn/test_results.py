"""What calls give: one line that names the part and what came instead of a Tensor."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from tests.training.helpers import line

from chainrule import nn, train
from chainrule.errors import ChainruleError
from chainrule.program import functions as f


@dataclass(frozen=True)
class Given(nn.Layer):
    """Gives what a function of this name makes of x."""

    name: str

    def __call__(self, x: Any) -> Any:
        return MADE[self.name](x)


MADE: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda x: None,
    "array": lambda x: np.zeros((2, 3)),
    "number": lambda x: 0.5,
    "list": lambda x: [x, x],
    "nested": lambda x: (x, None),
    "empty": lambda x: (),
    "pair": lambda x: (x, x),
    "mapping": lambda x: {"x": x},
    "sine": np.sin,
    "float": float,
    "branch": lambda x: x if x.sum() > 0 else -x,
    "numpy": lambda x: x.numpy(),
}

SAID = {
    "nothing": "Given 'given_1': its __call__ gave None, and it must give a Tensor, or a tuple of them",
    "array": "Given 'given_1': its __call__ gave an array of shape (2, 3), and it must give a Tensor",
    "number": "Given 'given_1': its __call__ gave the number 0.5, and",
    "list": "Given 'given_1': its __call__ gave a list of 2, and it must give a Tensor, or",
    "nested": "Given 'given_1': its __call__ gave None, and",
    "empty": "Given 'given_1': its __call__ gave a tuple of 0, and",
    "pair": "Dense 'dense_1' got a tuple of 2, and it takes Tensors; in a layer",
    "mapping": "Dense 'dense_1' got a dict, and it takes Tensors",
    "sine": "Given 'given_1': np.sin needs numbers, and a Tensor has none while its program is recorded; use "
    "chainrule.program.functions.sin",
    "float": "Given 'given_1': float(x) needs numbers",
    "branch": "Given 'given_1': a branch of Python needs numbers",
    "numpy": "Given 'given_1': x.numpy needs numbers",
}


def refused(message: str, model: nn.Layer | None = None, **settings: Any) -> None:
    usual = {"loss": nn.MeanSquaredError(), "epochs": 1}
    with pytest.raises(ChainruleError, match="^" + re.escape(message)):
        train(model or nn.Dense(1), line(), **(usual | settings))


@pytest.mark.parametrize("name", MADE)
def test_what_a_layer_gives_is_looked_at_where_it_gives_it(name):
    refused(SAID[name], nn.Sequential([Given(name), nn.Dense(1)]))


def test_a_model_of_several_outputs_is_refused_before_the_loss():
    refused(
        "Given gives a tuple of 2, and MeanSquaredError takes one Tensor; give a loss for each", Given("pair")
    )


@dataclass(frozen=True)
class OwnLoss(nn.Loss):
    name: str
    predicted: str = "same"

    def each(self, outputs: Any, targets: Any) -> Any:
        return MADE_OF_LOSS[self.name](outputs)

    def predict(self, outputs: Any) -> Any:
        return None if self.predicted == "nothing" else outputs


MADE_OF_LOSS: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda z: None,
    "mean": lambda z: (z * z).mean(),
    "logarithm": lambda z: np.log(z),
    "fine": lambda z: (z * z).sum(1),
}


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (OwnLoss("nothing"), "OwnLoss: its each gave None, and it must give a Tensor; compute"),
        (OwnLoss("mean"), "OwnLoss: its each gave shape (); it must give one number per example, (batch,)"),
        (OwnLoss("logarithm"), "OwnLoss: np.log needs numbers"),
        (OwnLoss("fine", predicted="nothing"), "OwnLoss: its predict gave None, and it must give a Tensor"),
    ],
)
def test_what_a_loss_gives_is_looked_at(loss, message):
    refused(message, loss=loss, validation=0.2)


@dataclass(frozen=True)
class OwnPenalty(nn.Penalty):
    given: float | None

    def __call__(self, parameters: Any) -> Any:
        return self.given if self.given is not None else parameters["dense_1.weight"]


def test_what_a_penalty_gives_is_looked_at():
    refused(
        "OwnPenalty: its __call__ gave the number 0.5, and it must give a Tensor", penalties=OwnPenalty(0.5)
    )
    message = "OwnPenalty: its __call__ gave a Tensor of shape (3, 1), and it must give one number; add it up"
    refused(message, penalties=OwnPenalty(None))


@dataclass(frozen=True)
class OwnSchedule(nn.Schedule):
    name: str

    def __call__(self, step: Any, state: Any) -> Any:
        return {"number": lambda: 0.5, "cosine": lambda: np.cos(step)}[self.name]()


def test_what_a_schedule_gives_is_looked_at():
    message = "OwnSchedule: its __call__ gave the number 0.5, and it must give a Tensor"
    refused(message, optimizer=nn.adam(OwnSchedule("number")))
    refused("OwnSchedule: np.cos needs numbers", optimizer=nn.adam(OwnSchedule("cosine")))


@dataclass(frozen=True)
class OwnInitializer(nn.Initializer):
    wrong: str

    def __call__(self, shape: tuple[int, ...], random: np.random.Generator, dtype: str) -> Any:
        if self.wrong == "type":
            return None
        return np.zeros(shape[:-1] if self.wrong == "shape" else shape, "float64")


@pytest.mark.parametrize(
    ("wrong", "got"),
    [
        ("type", "None"),
        ("shape", "an array of shape (3,) of float64"),
        ("dtype", "an array of shape (3, 1) of float64"),
    ],
)
def test_what_an_initializer_gives_is_looked_at(wrong, got):
    message = (
        f"OwnInitializer gave {got} for 'dense_1.weight'; it must give an array of shape (3, 1) of float32"
    )
    refused(message, nn.Dense(1, weight=OwnInitializer(wrong)))


@dataclass(frozen=True)
class OwnTransform(nn.Transform):
    wrong: str

    def update(self, updates: Any, state: Any, parameters: Any) -> Any:
        if self.wrong == "missing":
            return {}, {}
        if self.wrong == "state":
            return updates, {"step": updates["dense_1.bias"]}
        return dict.fromkeys(updates, 0.5), {}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            "missing",
            "OwnTransform: its update gave an update for []; 'dense_1.bias' is missing; give an update",
        ),
        ("state", "OwnTransform: its update gave state for ['step']; 'step' is none of those asked for"),
        ("number", "OwnTransform: its update, for 'dense_1.weight', gave the number 0.5, and"),
    ],
)
def test_what_a_transform_gives_is_looked_at(wrong, message):
    refused(message, optimizer=OwnTransform(wrong))


@dataclass(frozen=True)
class OwnMixing(nn.Mixing):
    def __call__(self, x: Any, random_bits: Any) -> Any:
        return x, None, 0.5


def test_what_a_mixing_gives_is_looked_at():
    refused("OwnMixing: its __call__ gave None, and it must give a Tensor", mixing=OwnMixing())


@dataclass(frozen=True)
class Wave(nn.Layer):
    """As one is told to write it."""

    def __call__(self, x: Any) -> Any:
        return f.where(f.sin(x) > 0.0, np.float32(2.0) * x, -x)


def test_what_one_is_told_to_write_trains():
    run = train(nn.Sequential([Wave(), nn.Dense(1)]), line(), loss=nn.MeanSquaredError(), epochs=1)
    assert np.isfinite(run.history[0]["loss"])
