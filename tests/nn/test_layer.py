"""How a model is built from layers: names by place, sharing, labels in errors, the outputs that are kept."""

from dataclasses import dataclass

import numpy as np
import pytest

from chainrule.backprop import differentiate
from chainrule.errors import ChainruleError, ConfigError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import Activation, Dense, Dropout, Initializer, Layer, Residual, Sequential, building, ones
from chainrule.nn.layer import RANDOM_KEY, Building, snake_case
from chainrule.program import Tensor, Trace

RANDOM = np.random.default_rng(11)


@dataclass(frozen=True)
class Pair(Layer):
    first: Layer
    second: Layer

    def __call__(self, x: Tensor) -> Tensor:
        return self.second(self.first(x))


@dataclass(frozen=True)
class Twice(Layer):
    inner: Layer

    def __call__(self, x: Tensor) -> Tensor:
        return self.inner(self.inner(x))


@dataclass(frozen=True)
class Inline(Layer):
    """Layers that no field holds."""

    units: int

    def __call__(self, x: Tensor) -> Tensor:
        return Dense(2)(Activation("tanh")(Dense(self.units)(x)))


@dataclass(frozen=True)
class Blocks(Layer):
    """A tuple under a name of its own, and a field that is no layer."""

    blocks: tuple[Layer, ...]
    head: Layer
    power: int = 2

    def __call__(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return self.head(x)


@dataclass(frozen=True)
class InlineFirst(Layer):
    """An inline layer, then one that a field holds under the name the inline one would like."""

    layers: tuple[Layer, ...]

    def __call__(self, x: Tensor) -> Tensor:
        x = Dense(3)(x)
        for layer in self.layers:
            x = layer(x)
        return x


@dataclass(frozen=True)
class Scale(Layer):
    """A parameter of its own."""

    start: Initializer = ones

    def __call__(self, x: Tensor) -> Tensor:
        return x * self.param("scale", x.shape[-1:], self.start, x.dtype)


@dataclass(frozen=True)
class Square(Layer):
    """Fails in an operation, not in a check of its own, unless x is square."""

    def __call__(self, x: Tensor) -> Tensor:
        return x @ x


def build(model: Layer, *shape: int, training: bool = False) -> tuple[Building, Tensor]:
    """What building the model on one float64 input of this shape records."""
    trace = Trace()
    with building(trace, training=training) as built:
        output = model(trace.input("x", shape, "float64"))
    return built, output


def parameters(model: Layer, *shape: int) -> dict[str, tuple[int, ...]]:
    built, _ = build(model, *(shape or (5, 3)))
    return {name: tensor.shape for name, tensor in built.trace.parameters.items()}


def result(built: Building, output: Tensor, x: np.ndarray, tree: dict[str, np.ndarray]) -> np.ndarray:
    return compile_numpy(built.trace.program({"y": output})).run(tree, {"x": x})["y"]


def test_layers_of_a_sequence_are_named_by_kind_and_number():
    model = Sequential([Dense(4), Activation("tanh"), Dense(2), Scale()])
    assert parameters(model) == {
        "dense_1.weight": (3, 4),
        "dense_1.bias": (4,),
        "dense_2.weight": (4, 2),
        "dense_2.bias": (2,),
        "scale_1.scale": (2,),
    }


def test_nested_sequences_put_the_outer_name_in_front():
    model = Sequential([Dense(3), Sequential([Dense(3), Residual([Dense(3)])]), Residual([Dense(3)])])
    assert [name for name in parameters(model) if name.endswith("weight")] == [
        "dense_1.weight",
        "sequential_1.dense_1.weight",
        "sequential_1.residual_1.dense_1.weight",
        "residual_1.dense_1.weight",
    ]


def test_fields_of_a_custom_layer_name_what_they_hold():
    model = Blocks((Dense(4), Dense(5)), Dense(1))
    assert list(parameters(model)) == [
        *("blocks.dense_1.weight", "blocks.dense_1.bias", "blocks.dense_2.weight", "blocks.dense_2.bias"),
        *("head.weight", "head.bias"),
    ]
    assert "pair_1.second.head.weight" in parameters(Sequential([Pair(Dense(3), model)]))


def test_a_model_without_inner_layers_is_named_after_its_kind():
    assert list(parameters(Dense(2))) == ["dense_1.weight", "dense_1.bias"]
    assert list(parameters(Scale())) == ["scale_1.scale"]


def test_inline_layers_are_named_after_their_kind_in_the_order_of_the_calls():
    assert list(parameters(Inline(7))) == [
        *("inline_1.dense_1.weight", "inline_1.dense_1.bias"),
        *("inline_1.dense_2.weight", "inline_1.dense_2.bias"),
    ]


def test_an_inline_layer_never_takes_the_name_of_a_held_one():
    """Both are Dense(3) on three features: under one name they would share their weights unseen."""
    assert [name for name in parameters(InlineFirst((Dense(3),))) if name.endswith("weight")] == [
        "dense_2.weight",
        "dense_1.weight",
    ]


def test_one_layer_held_in_two_places_is_two_layers():
    dense = Dense(3)
    assert len(parameters(Sequential([dense, dense]))) == 4
    assert sorted(parameters(Pair(dense, dense))) == [
        *("first.bias", "first.weight", "second.bias", "second.weight")
    ]


def test_a_layer_called_twice_from_one_place_shares_its_parameters():
    built, output = build(Twice(Dense(3)), 5, 3)
    x, weight, bias = RANDOM.normal(size=(5, 3)), RANDOM.normal(size=(3, 3)), RANDOM.normal(size=3)
    y = result(built, output, x, {"inner.weight": weight, "inner.bias": bias})
    assert list(built.trace.parameters) == ["inner.weight", "inner.bias"]
    np.testing.assert_allclose(y, (x @ weight + bias) @ weight + bias, rtol=1e-12)


def test_a_block_called_twice_from_one_place_shares_its_inner_and_inline_layers():
    assert list(parameters(Twice(Sequential([Dense(4), Dense(3)])))) == [
        *("inner.dense_1.weight", "inner.dense_1.bias", "inner.dense_2.weight", "inner.dense_2.bias")
    ]
    assert len(parameters(Twice(Inline(4)), 5, 2)) == 4


def test_equal_layers_in_two_places_are_two_layers():
    """Frozen dataclasses with equal settings compare equal; their places do not."""
    assert Dense(3) == Dense(3)
    assert len(parameters(Pair(Dense(3), Dense(3)))) == 4


def test_shape_errors_name_kind_and_place():
    with pytest.raises(ShapeError, match=r"^Dense 'head' got x of shape \(5,\); it needs"):
        parameters(Blocks((), Dense(2)), 5)
    with pytest.raises(ShapeError, match=r"^Square 'sequential_1\.square_1': matmul got"):
        parameters(Sequential([Sequential([Square()])]))


def test_reuse_with_another_width_is_refused_with_both_shapes():
    with pytest.raises(ShapeError) as caught:
        parameters(Twice(Dense(4)))
    assert str(caught.value).startswith("Dense 'inner': its weight is (3, 4), and this call needs (4, 4); ")


def test_a_layer_outside_of_a_program_says_what_to_do():
    x = Trace().input("x", (2, 3))
    with pytest.raises(ChainruleError, match=r"^Dense was called outside of a program; pass the model to"):
        Dense(3)(x)


def test_building_ends_with_its_context():
    with building(Trace(), training=True):
        pass
    with pytest.raises(ChainruleError, match="outside of a program"):
        Dense(3)(Trace().input("x", (2, 3)))


def test_building_inside_building_comes_back_to_the_outer_one():
    outer, inner = Trace(), Trace()
    with building(outer, training=True):
        with building(inner, training=False):
            Dense(2)(inner.input("x", (2, 3)))
        Dense(4)(outer.input("x", (2, 3)))
    assert inner.parameters["dense_1.weight"].shape == (3, 2)
    assert outer.parameters["dense_1.weight"].shape == (3, 4)


def test_a_failing_layer_leaves_the_place_and_the_label():
    trace = Trace()
    with building(trace, training=False) as built:
        with pytest.raises(ShapeError):
            Dense(2)(trace.input("x", (3,)))
        assert (built.path, trace.layer, trace.label) == ("", "", "")


def test_the_outputs_of_innermost_layers_are_kept_by_path():
    model = Sequential([Dense(4), Residual([Dense(4), Activation("tanh")]), Pair(Dense(2), Scale())])
    built, output = build(model, 5, 3)
    assert list(built.outputs) == [
        *("dense_1", "residual_1.dense_1", "residual_1.activation_1", "pair_1.first", "pair_1.second")
    ]
    assert built.outputs["pair_1.second"] is output


def test_steps_carry_the_path_of_their_layer():
    built, output = build(Sequential([Dense(4, "tanh"), Residual([Dense(4)])]), 5, 3)
    layers = [(step.operation, step.layer) for step in built.trace.program({"y": output}).steps]
    assert layers == [
        *(("matmul", "dense_1"), ("add", "dense_1"), ("tanh", "dense_1")),
        *(("matmul", "residual_1.dense_1"), ("add", "residual_1.dense_1"), ("add", "residual_1")),
    ]


def test_parameters_keep_the_initializer_that_they_start_from():
    built, _ = build(Sequential([Dense(4, bias=ones), Scale()]), 5, 3)
    assert set(built.initializers) == set(built.trace.parameters)
    assert built.initializers["dense_1.bias"] is ones


def test_random_bits_take_a_stream_for_every_place_and_advance_the_key_by_one_call():
    built, output = build(Sequential([Dropout(0.5), Dropout(0.5)]), 100, 8, training=True)
    program = built.trace.program({"y": output}, built.updates)
    streams = [step.attributes["stream"] for step in program.steps if step.operation == "random_bits"]
    tree = {RANDOM_KEY: np.array([7, 41], np.uint32)}
    y = compile_numpy(program).run(tree, {"x": np.ones((100, 8))})["y"]
    assert sorted(streams, key=str) == [0, 1]
    assert tree[RANDOM_KEY].tolist() == [7, 42]
    assert set(np.unique(y)) == {0.0, 4.0}  # two equal masks would leave half of all instead of a quarter
    assert 0.15 < (y > 0).mean() < 0.35


def test_a_layer_that_does_not_say_what_it_calls():
    @dataclass(frozen=True)
    class Silent(Layer):
        pass

    with pytest.raises(TypeError, match="Silent does not define __call__"):
        Silent()(Trace().input("x", (2, 3)))


def test_a_sequence_refuses_what_is_no_layer():
    with pytest.raises(ConfigError, match=r"^Sequential: item 2 is 'relu', not a layer; pass a list"):
        Sequential([Dense(3), "relu"])  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("name", "snake"),
    [("Dense", "dense"), ("LayerNorm", "layer_norm"), ("Conv2D", "conv2d"), ("LSTM", "lstm")],
)
def test_snake_case(name, snake):
    assert snake_case(name) == snake


def test_constant_parameters_are_the_trained_ones_and_let_gradients_through_to_inputs():
    """y = x w + b, once trained and once constant: only the first has a slope by w, both have one by x."""
    trace = Trace()
    x = trace.input("x", (3, 2), "float64")
    dense = Dense(1)
    with building(trace, training=True) as built, built.holding([("dense", dense)]):
        trained = dense(x).sum()
        with built.constant():
            constant = dense(x).sum()
    weight = trace.parameters["dense.weight"]
    assert set(trace.parameters) == {"dense.weight", "dense.bias"}
    deltas = differentiate(trained + 10.0 * constant, [weight, x])
    tree = {"dense.weight": np.array([[2.0], [3.0]]), "dense.bias": np.array([0.5])}
    outputs = {"weight": deltas[weight.value], "x": deltas[x.value], "one": trained, "other": constant}
    done = compile_numpy(trace.program(outputs)).run(tree, {"x": np.arange(6.0).reshape(3, 2)})
    assert done["one"] == done["other"]
    np.testing.assert_array_equal(done["weight"], [[6.0], [9.0]])
    np.testing.assert_array_equal(done["x"], np.tile([22.0, 33.0], (3, 1)))
