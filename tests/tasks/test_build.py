"""The one builder: what names and numbers become, by hand."""

import pytest

from chainrule import nn
from chainrule.tasks.build import (
    DECAYING,
    SCHEDULES,
    colour_layers,
    hidden_layer,
    optimizer_for,
    usual_epochs,
    usual_weight,
)


@pytest.mark.parametrize(
    ("name", "schedule"),
    [
        ("constant", 0.1),
        ("cosine", nn.CosineDecay(0.1, 90)),
        ("one_cycle", nn.OneCycle(0.1, 90)),
        ("step", nn.StepDecay(0.1, 30)),
        ("exponential", nn.ExponentialDecay(0.1, 90)),
        ("plateau", nn.ReduceOnPlateau(0.1, factor=0.5, patience=3)),
        ("adaptive", nn.ReduceOnPlateau(0.1, factor=0.2, patience=2)),
    ],
)
def test_schedules_by_name(name, schedule):
    assert SCHEDULES[name](0.1, 90, 7) == schedule


def test_every_schedule_has_a_case_above():
    assert len(SCHEDULES) == 7


def test_a_preset_with_a_decay_of_its_own_takes_it_and_others_get_a_link():
    assert optimizer_for("lion", 0.1, 0.02) == nn.lion(0.1, weight_decay=0.02)
    assert optimizer_for("adam", 0.1, 0.01) == nn.adamw(0.1)
    assert optimizer_for("adamw", 0.1, None) == nn.adamw(0.1)
    for name in nn.PRESETS:
        decayed = optimizer_for(name, 0.1, 0.3)
        assert ("weight_decay=0.3" in repr(decayed)) or ("AddWeightDecay(0.3" in repr(decayed))
    assert set(DECAYING) <= set(nn.PRESETS)


def test_selu_begins_with_lecuns_weights():
    assert usual_weight("selu") == nn.lecun_normal()
    assert usual_weight("relu") == nn.glorot_uniform()
    assert hidden_layer(3, "selu", 0.0) == [nn.Dense(3, "selu", weight=nn.lecun_normal())]


def test_normalization_stands_before_the_activation_and_dropout_last():
    weight = nn.glorot_uniform()
    assert hidden_layer(3, "tanh", 0.2, batch_norm=True) == [
        nn.Dense(3, weight=weight), nn.BatchNorm(), nn.Activation("tanh"), nn.Dropout(0.2),
    ]  # fmt: skip


def test_usual_epochs_present_about_so_many_examples():
    assert usual_epochs(60, 600, 5, 50) == 10
    assert usual_epochs(1000, 600, 5, 50) == 5
    assert usual_epochs(1, 600, 5, 50) == 50


def test_colours_change_only_if_asked():
    assert colour_layers(0.0) == []
    assert colour_layers(0.2) == [nn.ColorJitter(0.2, 0.2, 0.2)]
