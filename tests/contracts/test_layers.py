"""One suite for every kind of layer: shape, names, derivative, plain data, refusals."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from chainrule.backprop import check_direction
from chainrule.errors import ConfigError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import (
    KINDS,
    Activation,
    Dense,
    Dropout,
    Flatten,
    Initializer,
    Layer,
    Residual,
    Sequential,
    building,
)
from chainrule.nn import layer as layer_module
from chainrule.nn.layer import RANDOM_KEY, Building
from chainrule.nn.tree import from_plain, to_plain
from chainrule.program import Program, Tensor, Trace

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Case:
    """A layer on inputs of a shape, what it must give and hold, and settings that it must refuse.

    Activations are smooth, so that a numerical slope exists everywhere.
    """

    layer: Layer
    x: tuple[int, ...]
    y: tuple[int, ...]
    parameters: Shapes = field(default_factory=dict)
    bad: tuple[Callable[[], Layer], ...] = ()

    def __str__(self) -> str:
        return f"{type(self.layer).__name__}{self.x}".replace(" ", "")


CASES = [
    Case(
        Dense(5, "tanh"),
        (4, 3),
        (4, 5),
        {"dense_1.weight": (3, 5), "dense_1.bias": (5,)},
        (lambda: Dense(0), lambda: Dense(2, "no"), lambda: Dense(2, kernel=3)),  # type: ignore[arg-type]
    ),
    Case(Dense(2, "gelu"), (4, 3, 6), (4, 3, 2), {"dense_1.weight": (6, 2), "dense_1.bias": (2,)}),
    Case(Activation("softplus"), (4, 3), (4, 3), bad=(lambda: Activation("no"),)),
    Case(Activation("softmax"), (4, 2, 3), (4, 2, 3)),
    Case(Dropout(0.4), (4, 6), (4, 6), bad=(lambda: Dropout(1.0), lambda: Dropout(-0.1))),
    Case(Flatten(), (4, 3, 2), (4, 6)),
    Case(
        Residual([Dense(6, "sigmoid"), Dense(3)]),
        (4, 3),
        (4, 3),
        {"dense_1.weight": (3, 6), "dense_1.bias": (6,), "dense_2.weight": (6, 3), "dense_2.bias": (3,)},
        (lambda: Residual(["no"]),),  # type: ignore[list-item]
    ),
    Case(
        Sequential([Flatten(), Dense(4, "silu"), Residual([Dropout(0.5), Dense(4, "tanh")]), Dense(2)]),
        (4, 3, 2),
        (4, 2),
        {
            "dense_1.weight": (6, 4),
            "dense_1.bias": (4,),
            "residual_1.dense_1.weight": (4, 4),
            "residual_1.dense_1.bias": (4,),
            "dense_2.weight": (4, 2),
            "dense_2.bias": (2,),
        },
        (lambda: Sequential([Dense]),),  # type: ignore[list-item]
    ),
]
REFUSING = [(case, make) for case in CASES for make in case.bad]


def run(program: Program, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One call; the random key stays the same, so that the masks of dropout do."""
    tree = {value.name: np.array([5, 0], np.uint32) for value in program.state}
    return compile_numpy(program).run(tree, inputs)


def outputs(case: Case, x: np.ndarray) -> np.ndarray:
    """Predictions for x with parameters that depend on their names alone."""
    trace = Trace()
    with building(trace, training=False):
        y = case.layer(trace.input("x", x.shape, x.dtype.name))
    tree = {name: values(shape, x.dtype) for name, shape in case.parameters.items()}
    return compile_numpy(trace.program({"y": y})).run(tree, {"x": x})["y"]


def values(shape: tuple[int, ...], dtype: np.dtype | str = "float64") -> np.ndarray:
    return np.random.default_rng(len(shape) + sum(shape)).normal(size=shape).astype(dtype)


def test_every_kind_of_layer_has_a_case_and_refusals():
    kinds = {kind for kind in KINDS if issubclass(kind, Layer)}
    assert {type(case.layer) for case in CASES} == kinds
    assert {type(case.layer) for case, _ in REFUSING} == kinds - {Flatten}  # it has no settings


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shape_dtype_and_parameters_by_place(case, training, dtype):
    trace = Trace()
    with building(trace, training=training) as built:
        y = case.layer(trace.input("x", case.x, dtype))
    assert (y.shape, y.dtype) == (case.y, dtype)
    assert {name: tensor.shape for name, tensor in trace.parameters.items()} == case.parameters
    assert {tensor.dtype for tensor in trace.parameters.values()} <= {dtype}
    assert set(built.initializers) == set(case.parameters)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_derivative_is_the_numerical_slope(case, training, monkeypatch):
    """With respect to the input and every parameter at once."""

    class Given(Building):
        def parameter(self, name: str, shape: object, initializer: Initializer, dtype: str) -> Tensor:
            return given[f"{self.path}.{name}" if self.path else name]

    given: dict[str, Tensor] = {}

    def function(x: Tensor, *parameters: Tensor) -> Tensor:
        given.update(zip(case.parameters, parameters, strict=True))
        with building(x.trace, training=training):
            return case.layer(x)

    monkeypatch.setattr(layer_module, "Building", Given)
    arguments = [values(case.x), *(values(shape) for shape in case.parameters.values())]
    check_direction(function, arguments, run, relative=1e-7)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_predictions_for_one_example_do_not_depend_on_the_others(case):
    x = values(case.x)
    together = outputs(case, x)
    for row in range(len(x)):
        np.testing.assert_allclose(outputs(case, x[row : row + 1])[0], together[row], rtol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_comes_back_from_plain_data(case):
    plain = json.loads(json.dumps(to_plain(case.layer)))
    assert from_plain(plain, KINDS) == case.layer


@pytest.mark.parametrize("case", CASES, ids=str)
def test_is_hashable_and_equal_to_its_twin(case):
    assert len({case.layer, from_plain(to_plain(case.layer), KINDS)}) == 1


@pytest.mark.parametrize(
    ("case", "make"), REFUSING, ids=lambda item: str(item) if isinstance(item, Case) else ""
)
def test_refuses_bad_settings_by_its_name(case, make):
    with pytest.raises(ConfigError, match=rf"^{type(case.layer).__name__}: "):
        make()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_state_is_only_that_of_randomness_and_only_in_training(case):
    for training in (True, False):
        trace = Trace()
        with building(trace, training=training):
            case.layer(trace.input("x", case.x, "float64"))
        random = training and "Dropout" in json.dumps(to_plain(case.layer))
        assert list(trace.states) == ([RANDOM_KEY] if random else [])
