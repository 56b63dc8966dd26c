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
    GRU,
    KINDS,
    LSTM,
    Activation,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Initializer,
    Layer,
    LayerNorm,
    MeanOverTime,
    MultiHeadAttention,
    PositionalEncoding,
    Recomputed,
    Residual,
    Sequential,
    SimpleRNN,
    TransformerBlock,
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

    Activations are smooth, so that a numerical slope exists everywhere. tokens: x holds whole numbers below
    this one; 0 for floats.
    """

    layer: Layer
    x: tuple[int, ...]
    y: tuple[int, ...]
    parameters: Shapes = field(default_factory=dict)
    bad: tuple[Callable[[], Layer], ...] = ()
    tokens: int = 0

    def __str__(self) -> str:
        return f"{type(self.layer).__name__}{self.x}".replace(" ", "")


def attention_parameters(path: str, width: int) -> Shapes:
    return {
        f"{path}.weight": (width, 3 * width),
        f"{path}.bias": (3 * width,),
        f"{path}.output_weight": (width, width),
        f"{path}.output_bias": (width,),
    }


def recurrent_parameters(path: str, features: int, units: int, gates: int) -> Shapes:
    return {
        f"{path}.weight": (features, gates * units),
        f"{path}.recurrent_weight": (units, gates * units),
        f"{path}.bias": (gates * units,),
    } | ({f"{path}.recurrent_bias": (3 * units,)} if gates == 3 else {})


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
CASES += [
    Case(
        Embedding(7, 3),
        (4, 5),
        (4, 5, 3),
        {"embedding_1.weight": (7, 3)},
        (lambda: Embedding(0, 3), lambda: Embedding(7, -1), lambda: Embedding(7, 3, kernel=1)),  # type: ignore[arg-type]
        tokens=7,
    ),
    Case(MeanOverTime(), (4, 3, 2), (4, 2)),
    Case(
        Sequential([Embedding(9, 2), MeanOverTime(), Dense(3)]),
        (4, 6),
        (4, 3),
        {"embedding_1.weight": (9, 2), "dense_1.weight": (2, 3), "dense_1.bias": (3,)},
        tokens=9,
    ),
    Case(
        LayerNorm(1e-3),
        (4, 6),
        (4, 6),
        {"layer_norm_1.scale": (6,), "layer_norm_1.shift": (6,)},
        (lambda: LayerNorm(epsilon=-1), lambda: LayerNorm(scale=1)),  # type: ignore[arg-type]
    ),
    Case(PositionalEncoding(), (2, 5, 3), (2, 5, 3), bad=(lambda: PositionalEncoding("no"),)),
    Case(
        PositionalEncoding("learned", longest=7),
        (2, 5, 3),
        (2, 5, 3),
        {"positional_encoding_1.weight": (7, 3)},
        (
            lambda: PositionalEncoding("learned"),
            lambda: PositionalEncoding("learned", longest=0),
            lambda: PositionalEncoding("rotary", longest=4),
            lambda: PositionalEncoding(kernel=1),  # type: ignore[arg-type]
        ),
    ),
    Case(PositionalEncoding("rotary"), (2, 5, 4), (2, 5, 4)),
    Case(
        MultiHeadAttention(2, causal=True, dropout=0.3),
        (2, 4, 6),
        (2, 4, 6),
        attention_parameters("multi_head_attention_1", 6),
        (
            lambda: MultiHeadAttention(0),
            lambda: MultiHeadAttention(2, dropout=1.0),
            lambda: MultiHeadAttention(2, causal=1),  # type: ignore[arg-type]
            lambda: MultiHeadAttention(2, rotary=None),  # type: ignore[arg-type]
            lambda: MultiHeadAttention(2, bias=0),  # type: ignore[arg-type]
        ),
    ),
    Case(
        MultiHeadAttention(3, rotary=True),
        (2, 4, 6),
        (2, 4, 6),
        attention_parameters("multi_head_attention_1", 6),
    ),
    Case(
        TransformerBlock(2, expansion=3, activation="gelu_tanh", dropout=0.2),
        (2, 3, 4),
        (2, 3, 4),
        {
            **{
                f"transformer_block_1.layer_norm_{i}.{name}": (4,)
                for i in (1, 2)
                for name in ("scale", "shift")
            },
            **attention_parameters("transformer_block_1.multi_head_attention_1", 4),
            "transformer_block_1.dense_1.weight": (4, 12),
            "transformer_block_1.dense_1.bias": (12,),
            "transformer_block_1.dense_2.weight": (12, 4),
            "transformer_block_1.dense_2.bias": (4,),
        },
        (
            lambda: TransformerBlock(-1),
            lambda: TransformerBlock(2, expansion=0),
            lambda: TransformerBlock(2, activation="no"),
            lambda: TransformerBlock(2, dropout=-0.5),
        ),
    ),
]
CASES += [
    Case(
        SimpleRNN(3),
        (2, 4, 5),
        (2, 3),
        recurrent_parameters("simplernn_1", 5, 3, 1),
        (
            lambda: SimpleRNN(0),
            lambda: SimpleRNN(3, activation="no"),
            lambda: SimpleRNN(3, return_sequences=1),  # type: ignore[arg-type]
            lambda: SimpleRNN(3, recurrent="no"),  # type: ignore[arg-type]
        ),
    ),
    Case(
        LSTM(3, return_sequences=True),
        (2, 4, 5),
        (2, 4, 3),
        recurrent_parameters("lstm_1", 5, 3, 4),
        (lambda: LSTM(-1), lambda: LSTM(3, reverse=0), lambda: LSTM(3, kernel=None)),  # type: ignore[arg-type]
    ),
    Case(
        GRU(3, reverse=True),
        (2, 4, 5),
        (2, 3),
        recurrent_parameters("gru_1", 5, 3, 3),
        (lambda: GRU(0), lambda: GRU(3, bias=1)),  # type: ignore[arg-type]
    ),
    Case(
        Bidirectional(LSTM(3), GRU(2, reverse=True)),
        (2, 4, 5),
        (2, 5),
        recurrent_parameters("forward", 5, 3, 4) | recurrent_parameters("backward", 5, 2, 3),
        (
            lambda: Bidirectional(Dense(3)),  # type: ignore[arg-type]
            lambda: Bidirectional(LSTM(3), Dense(3)),  # type: ignore[arg-type]
            lambda: Bidirectional(LSTM(3), LSTM(3)),
            lambda: Bidirectional(LSTM(3), LSTM(3, reverse=True, return_sequences=True)),
        ),
    ),
    Case(
        Bidirectional(SimpleRNN(3, "sigmoid", return_sequences=True)),
        (2, 4, 5),
        (2, 4, 6),
        recurrent_parameters("forward", 5, 3, 1) | recurrent_parameters("backward", 5, 3, 1),
    ),
]
CASES += [
    Case(
        Recomputed(Dense(5, "tanh")),
        (4, 3),
        (4, 5),
        {"dense_1.weight": (3, 5), "dense_1.bias": (5,)},
        (lambda: Recomputed("no"),),  # type: ignore[arg-type]
    ),
    Case(
        Sequential(
            [Dense(4), Recomputed(Sequential([Dense(4, "tanh"), Dropout(0.3)])), Recomputed(Dense(2))]
        ),
        (4, 3),
        (4, 2),
        {
            **{"dense_1.weight": (3, 4), "dense_1.bias": (4,)},
            **{"sequential_1.dense_1.weight": (4, 4), "sequential_1.dense_1.bias": (4,)},
            **{"dense_2.weight": (4, 2), "dense_2.bias": (2,)},
        },
    ),
]
WITHOUT_SETTINGS = {Flatten, MeanOverTime}
REFUSING = [(case, make) for case in CASES for make in case.bad]


def run(program: Program, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """One call; the random key stays the same, so that the masks of dropout do."""
    tree = {value.name: np.array([5, 0], np.uint32) for value in program.state}
    return compile_numpy(program).run(tree, inputs)


def outputs(case: Case, x: np.ndarray) -> np.ndarray:
    """Predictions for x with parameters that depend on their names alone."""
    trace = Trace()
    with building(trace, training=False, dtype="float64"):
        y = case.layer(trace.input("x", x.shape, x.dtype.name))
    tree = {name: values(shape) for name, shape in case.parameters.items()}
    return compile_numpy(trace.program({"y": y})).run(tree, {"x": x})["y"]


def values(shape: tuple[int, ...], dtype: np.dtype | str = "float64") -> np.ndarray:
    return np.random.default_rng(len(shape) + sum(shape)).normal(size=shape).astype(dtype)


def input_of(case: Case) -> np.ndarray:
    return np.random.default_rng(1).integers(0, case.tokens, case.x) if case.tokens else values(case.x)


def test_every_kind_of_layer_has_a_case_and_refusals():
    kinds = {kind for kind in KINDS if issubclass(kind, Layer)}
    assert {type(case.layer) for case in CASES} == kinds
    assert {type(case.layer) for case, _ in REFUSING} == kinds - WITHOUT_SETTINGS


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shape_dtype_and_parameters_by_place(case, training, dtype):
    trace = Trace()
    with building(trace, training=training, dtype=dtype) as built:
        y = case.layer(trace.input("x", case.x, "int32" if case.tokens else dtype))
    assert (y.shape, y.dtype) == (case.y, dtype)
    assert {name: tensor.shape for name, tensor in trace.parameters.items()} == case.parameters
    assert {tensor.dtype for tensor in trace.parameters.values()} <= {dtype}
    assert set(built.initializers) == set(case.parameters)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_derivative_is_the_numerical_slope(case, training, monkeypatch):
    """With respect to the input, unless it is of tokens, and every parameter at once."""

    class Given(Building):
        def parameter(self, name: str, shape: object, initializer: Initializer, dtype: str) -> Tensor:
            return given[f"{self.path}.{name}" if self.path else name]

    given: dict[str, Tensor] = {}

    def function(*varied: Tensor) -> Tensor:
        trace = varied[0].trace
        inputs = [trace.constant(input_of(case), "int32")] if case.tokens else []
        x, *parameters = [*inputs, *varied]
        given.update(zip(case.parameters, parameters, strict=True))
        with building(trace, training=training, dtype="float64"):
            return case.layer(x)

    monkeypatch.setattr(layer_module, "Building", Given)
    arguments = [values(shape) for shape in case.parameters.values()]
    arguments = arguments if case.tokens else [input_of(case), *arguments]
    check_direction(function, arguments, run, relative=1e-7)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_predictions_for_one_example_do_not_depend_on_the_others(case):
    x = input_of(case)
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
            case.layer(trace.input("x", case.x, "int32" if case.tokens else "float64"))
        plain = json.dumps(to_plain(case.layer))
        random = training and ("Dropout" in plain or ('"dropout"' in plain and '"dropout": 0.0' not in plain))
        assert list(trace.states) == ([RANDOM_KEY] if random else [])
