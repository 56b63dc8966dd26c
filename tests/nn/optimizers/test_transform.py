"""Chains: order, names of the state, what goes through to each link."""

from dataclasses import dataclass

import numpy as np
import pytest

from chainrule.errors import ConfigError
from chainrule.nn.optimizers import (
    Chain,
    ClipByValue,
    Momentum,
    ScaleByAdam,
    ScaleByLearningRate,
    Transform,
    adam,
    chain,
)
from chainrule.nn.optimizers.transform import dtype_of
from chainrule.nn.schedules import ReduceOnPlateau

PARAMETERS = {"dense_1.weight": np.ones((2, 3), np.float32), "dense_1.bias": np.ones(3, np.float32)}


@dataclass(frozen=True)
class Multiply(Transform):
    """Times a number; counts its epochs."""

    number: float

    def init(self, parameters):
        return {"epochs": np.zeros((), "int32")}

    def update(self, updates, state, parameters):
        return {name: self.number * tensor for name, tensor in updates.items()}, dict(state)

    def observe(self, state, monitored):
        return {"epochs": state["epochs"] + 1}


@dataclass(frozen=True)
class Add(Transform):
    """Plus a number, without a state."""

    number: float

    def update(self, updates, state, parameters):
        assert not state
        return {name: tensor + self.number for name, tensor in updates.items()}, {}


def test_links_work_in_order(evaluate):
    def through(optimizer):
        def function(x, epochs):
            state = dict.fromkeys(optimizer.init(PARAMETERS), epochs)
            return optimizer.update({"x": x}, state, {"x": x})[0]["x"]

        return function

    x, epochs = np.array([1.0, 2.0]), np.zeros((), np.int32)
    assert evaluate(through(chain(Multiply(3.0), Add(1.0))), x, epochs).tolist() == [4, 7]
    assert evaluate(through(chain(Add(1.0), Multiply(3.0))), x, epochs).tolist() == [6, 9]
    assert evaluate(through(chain()), x, epochs).tolist() == [1, 2]


def test_state_names_carry_the_kind_of_the_link():
    optimizer = chain(ClipByValue(1.0), Momentum(0.9), ScaleByLearningRate(0.1))
    assert set(optimizer.init(PARAMETERS)) == {
        "momentum.velocity.dense_1.weight",
        "momentum.velocity.dense_1.bias",
        "scale_by_learning_rate.step",
        "scale_by_learning_rate.learning_rate",
    }
    plateau = chain(ScaleByAdam(), ScaleByLearningRate(ReduceOnPlateau(0.1)))
    assert {name for name in plateau.init(PARAMETERS) if name.startswith("scale_by_l")} == {
        "scale_by_learning_rate.step",
        "scale_by_learning_rate.learning_rate",
        "scale_by_learning_rate.schedule.factor",
        "scale_by_learning_rate.schedule.best",
        "scale_by_learning_rate.schedule.waited",
    }


def test_a_link_before_others_leaves_the_names_of_their_states():
    before = adam().init(PARAMETERS)
    assert set(chain(ClipByValue(1.0), adam()).init(PARAMETERS)) == set(before)


def test_ten_links_and_more_keep_their_states_apart():
    optimizer = chain(*[Multiply(float(i)) for i in range(12)])
    state = optimizer.init({})
    names = {f"multiply{number}.epochs" for number in ("", *(f"_{i}" for i in range(2, 13)))}
    assert set(state) == names
    observed = optimizer.observe(state, 0.0)
    assert {name: int(array) for name, array in observed.items()} == dict.fromkeys(names, 1)
    assert all(int(array) == 0 for array in state.values())


def test_chains_within_chains_are_flat():
    optimizer = chain(ClipByValue(1.0), adam(0.1))
    assert optimizer == Chain((ClipByValue(1.0), ScaleByAdam(), ScaleByLearningRate(0.1)))


def test_first_state_has_the_dtype_of_each_parameter():
    for dtype in ("float32", "float64"):
        state = adam().init({name: array.astype(dtype) for name, array in PARAMETERS.items()})
        assert {array.dtype.name for array in state.values()} == {dtype, "int32"}
        assert all((array == 0).all() for array in state.values())


def test_dtype_of():
    assert dtype_of(PARAMETERS) == "float32"
    assert dtype_of({"x": np.zeros(2)}) == "float64"
    assert dtype_of({}) == "float32"


def test_only_transforms_make_a_chain():
    with pytest.raises(ConfigError, match=r"^chain got 'adam'; give it transforms, such as"):
        chain("adam")  # type: ignore[arg-type]
