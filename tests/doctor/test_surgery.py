"""Layers are changed wherever they stand in a model; what is not to be changed stays the same object."""

import pytest

from chainrule.doctor import surgery
from chainrule.nn import Activation, Concatenate, Conv2D, Dense, Dropout, Flatten, Layer, Residual, Sequential

DEEP = Sequential(
    [
        Conv2D(4, 3, activation="relu"),
        Flatten(),
        Residual([Dense(8, "tanh"), Dropout(0.1)]),
        Concatenate([Dense(3, "tanh"), Sequential([])]),
        Dense(10),
        Activation("softmax"),
    ]
)


def kinds(model):
    return [type(each).__name__ for each in surgery.innermost(model)]


def sequence(model: Layer) -> Sequential:
    assert isinstance(model, Sequential)
    return model


def test_the_innermost_layers_come_in_order():
    expected = ["Conv2D", "Flatten", "Dense", "Dropout", "Dense", "Sequential", "Dense", "Activation"]
    assert kinds(DEEP) == expected


def test_several_layers_take_the_place_of_one_within_their_sequence():
    def split(layer):
        return (
            (Dense(layer.units), Activation(layer.activation))
            if isinstance(layer, Dense) and layer.activation
            else layer
        )

    changed = sequence(surgery.mapped(DEEP, split))
    assert changed.layers[2] == Residual([Dense(8), Activation("tanh"), Dropout(0.1)])
    assert changed.layers[3] == Concatenate([Dense(3), Activation("tanh"), Sequential([])])
    assert changed.layers[4] is DEEP.layers[4]


def test_a_layer_may_go():
    changed = sequence(surgery.mapped(DEEP, lambda layer: () if isinstance(layer, Dropout) else layer))
    assert changed.layers[2] == Residual([Dense(8, "tanh")])


def test_hidden_layers_and_the_output_are_told_apart():
    def mark(layer):
        return surgery.with_activation(layer, "elu") if surgery.activation_of(layer) else layer

    hidden, output = surgery.hidden_mapped(DEEP, mark), surgery.output_mapped(DEEP, mark)
    assert [surgery.activation_of(each) for each in surgery.innermost(hidden)] == [
        "elu", None, "elu", None, "elu", None, None, "softmax",
    ]  # fmt: skip
    assert [surgery.activation_of(each) for each in surgery.innermost(output)] == [
        "relu", None, "tanh", None, "tanh", None, None, "elu",
    ]  # fmt: skip


def test_a_single_layer_is_a_model():
    assert surgery.mapped(Dense(3, "relu"), lambda layer: (layer, Dropout(0.5))) == Sequential(
        [Dense(3, "relu"), Dropout(0.5)]
    )
    assert surgery.last_with_weights(Dense(3)) == Dense(3)


@pytest.mark.parametrize("layer", [Flatten(), Dropout(0.5)])
def test_what_has_no_activation_gets_none(layer):
    assert surgery.activation_of(layer) is None
    assert surgery.with_activation(layer, "relu") is layer
