"""nn.summary beside counts worked out by hand and PyTorch's numbers of parameters."""

from dataclasses import dataclass
from typing import Any

import pytest

from chainrule import nn
from chainrule.errors import ConfigError, ShapeError
from chainrule.program import functions as f

IMAGES = nn.Sequential(
    [
        nn.Conv2D(8, 3, activation="relu"),
        nn.BatchNorm(),
        nn.MaxPool2D(),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Dense(10),
    ]
)


def by_path(summary: nn.Summary) -> dict[str, nn.LayerSummary]:
    return {layer.path: layer for layer in summary.layers}


def test_a_convolutional_network_worked_out_by_hand():
    found = nn.summary(IMAGES, (28, 28, 1))
    lines = by_path(found)
    # 26 × 26 places, 3 × 3 × 1 taps, 8 filters; then 13 × 13 × 8 = 1352 numbers to 10 classes
    assert lines["conv2d_1"] == nn.LayerSummary(
        "conv2d_1",
        "Conv2D",
        (nn.Conv2D.__doc__ or "").splitlines()[0],
        ((26, 26, 8),),
        3 * 3 * 8 + 8,
        26 * 26 * 9 * 8,
        3 * 26 * 26 * 8 * 4,
    )  # three values: the products, with the bias, with the relu
    assert (lines["batch_norm_1"].parameters, found.state) == (16, 16)
    assert lines["max_pool2d_1"].outputs == ((13, 13, 8),)
    assert lines["flatten_1"].outputs == ((1352,),)
    assert (lines["dropout_1"].outputs, lines["dropout_1"].memory) == (((1352,),), 0)
    assert (lines["dense_1"].parameters, lines["dense_1"].multiply_adds) == (13530, 13520)
    assert found.parameters == 80 + 16 + 13530
    assert found.multiply_adds == 48672 + 13520
    assert found.parameter_memory == 4 * (80 + 16 + 13530 + 16)


@pytest.mark.parametrize(
    ("layer", "shape", "parameters", "multiply_adds"),
    [
        (nn.Dense(5), (3,), 20, 15),
        (nn.Dense(5), (7, 3), 20, 7 * 15),  # at each of 7 places
        (nn.Conv1D(4, 3, padding="same"), (10, 2), 3 * 2 * 4 + 4, 10 * 3 * 2 * 4),  # padding counted
        (nn.Conv2D(6, 3, groups=2), (8, 8, 4), 3 * 3 * 2 * 6 + 6, 6 * 6 * 9 * 2 * 6),
        (nn.LSTM(5), (12, 16), 4 * 5 * (16 + 5) + 20, 12 * 4 * 5 * (16 + 5)),
        (nn.SimpleRNN(5), (12, 16), 5 * (16 + 5) + 5, 12 * 5 * (16 + 5)),
        # three projections and one back, 2 heads of width 4: scores and sums over 6 keys each
        (nn.MultiHeadAttention(2), (6, 8), 4 * 64 + 32, 6 * 4 * 64 + 2 * 6 * 6 * (4 + 4)),
        (nn.Embedding(100, 16), (12,), 1600, 0),
    ],
    ids=lambda item: type(item).__name__ if isinstance(item, nn.Layer) else "",
)
def test_costs_of_one_example(layer, shape, parameters, multiply_adds):
    found = nn.summary(layer, shape)
    assert (found.parameters, found.multiply_adds) == (parameters, multiply_adds)


def test_memory_is_of_the_dtype():
    one, two = (nn.summary(nn.Dense(5), (3,), dtype=dtype) for dtype in ("float32", "float64"))
    assert (one.memory, two.memory) == (2 * 5 * 4, 2 * 5 * 8)  # the product, and with the bias
    assert (one.parameter_memory, two.parameter_memory) == (80, 160)


def test_a_layer_that_holds_others_has_a_line_where_it_does_something_itself():
    lines = by_path(nn.summary(nn.Sequential([nn.Residual([nn.Dense(3), nn.Dense(3)])]), (3,)))
    assert list(lines) == ["residual_1", "residual_1.dense_1", "residual_1.dense_2"]
    assert lines["residual_1"].memory == 3 * 4  # the sum


def test_a_layer_called_twice_has_its_parameters_once():
    shared = nn.Dense(3)

    @dataclass(frozen=True)
    class Twice(nn.Layer):
        inner: nn.Layer

        def __call__(self, x: Any) -> Any:
            return self.inner(self.inner(x))

    found = nn.summary(Twice(shared), (3,))
    assert (found.parameters, found.multiply_adds) == (12, 18)


@dataclass(frozen=True)
class Pair(nn.Layer):
    """Two inputs, two outputs."""

    names: bool

    def __call__(self, given: Any) -> Any:
        left, right = (given["left"], given["right"]) if self.names else given
        both = f.concatenate([nn.Dense(4)(left), right])
        return (both, both[:, 0])


@pytest.mark.parametrize(
    ("names", "shape"),
    [(False, ((3,), (2,))), (True, {"left": (3,), "right": [2]})],
    ids=["tuple", "mapping"],
)
def test_models_of_several_inputs_get_the_structure_of_the_shapes(names, shape):
    found = nn.summary(Pair(names), shape)
    assert found.parameters == 16
    assert by_path(found)["dense_1" if "dense_1" in by_path(found) else "pair_1.dense_1"].outputs == ((4,),)
    assert ((6,), ()) in [layer.outputs for layer in found.layers]


@dataclass(frozen=True)
class TokensAndFacts(nn.Layer):
    tokens: nn.Layer
    facts: nn.Layer

    def __call__(self, given: Any) -> Any:
        return f.concatenate([self.tokens(given["tokens"]), self.facts(given["facts"])])


def test_inputs_of_several_dtypes():
    model = TokensAndFacts(nn.Sequential([nn.Embedding(9, 2), nn.Flatten()]), nn.Dense(3))
    shapes = {"tokens": (4,), "facts": (5,)}
    found = nn.summary(model, shapes, dtype={"tokens": "int32", "facts": "float64"})
    assert found.layers[0].outputs == ((11,),)  # 4 · 2 + 3
    assert found.layers[0].equation == ""  # it has no docstring
    assert found.parameter_memory == 8 * (18 + 18)


def test_it_prints_as_a_table_and_in_notebooks():
    lines = repr(nn.summary(IMAGES, (28, 28, 1))).splitlines()
    assert lines[0].split() == ["layer", "kind", "output", "parameters", "multiply-adds", "memory"]
    assert lines[2].split() == ["conv2d_1", "Conv2D", "(26,", "26,", "8)", "80", "48,672", "63.4", "KiB"]
    assert lines[-1] == "13,626 parameters, 16 numbers of state: 53.3 KiB"
    assert lines[-2].startswith("one example")
    assert len({line.index("Conv2D") for line in lines if "Conv2D" in line}) == 1
    html = nn.summary(IMAGES, (28, 28, 1))._repr_html_()
    assert html.count("<tr>") == 1 + 6 + 1
    assert "<td>48,672</td>" in html


@pytest.mark.parametrize("shape", ["no", (0,), (2.5,), (-1, 3), None, {}, ((3,), 2)])
def test_what_is_no_shape_is_refused(shape):
    with pytest.raises(ConfigError, match="summary got the shape"):
        nn.summary(nn.Dense(3), shape)


def test_what_is_no_layer_or_dtype_is_refused_and_a_shape_that_does_not_fit_names_the_layer():
    with pytest.raises(ConfigError, match="summary got 3; give a layer"):
        nn.summary(3, (2,))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="summary: dtype is 'int8'"):
        nn.summary(nn.Dense(3), (2,), dtype="int8")
    with pytest.raises(ShapeError, match="Conv2D 'conv2d_1'"):
        nn.summary(IMAGES, (28,))
