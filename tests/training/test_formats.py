"""What earlier formats said in other words, by hand."""

import numpy as np
import pytest

from chainrule import nn
from chainrule.training.formats import upgraded, upgraded_tree

SCALED = nn.Partition((("*weight", nn.momentum(0.1)), ("*", nn.Scale(2.0))), otherwise=nn.sgd(0.1))


@pytest.mark.parametrize(
    ("optimizer", "then", "now"),
    [
        (nn.adam(), "0.mean.dense_1.weight", "scale_by_adam.mean.dense_1.weight"),
        (nn.adam(), "1.schedule.best", "scale_by_learning_rate.schedule.best"),
        (nn.chain(nn.Momentum(), nn.Momentum()), "1.velocity.w", "momentum_2.velocity.w"),
        (SCALED, "0.1.step", "[*weight].scale_by_learning_rate.step"),
        (SCALED, "2.0.step", "otherwise.scale_by_learning_rate.step"),
        (nn.Accumulate(nn.adam(), 2), "optimizer.0.mean.w", "optimizer.scale_by_adam.mean.w"),
        (nn.Accumulate(nn.adam(), 2), "sum.w", "sum.w"),
        (
            nn.chain(nn.ClipByValue(1.0), SCALED),
            "1.0.0.velocity.w",
            "partition.[*weight].momentum.velocity.w",
        ),
    ],
)
def test_state_of_the_first_format_named_links_by_their_places(optimizer, then, now):
    tree = {"dense_1.weight": np.zeros(2), f"optimizer.{then}": np.ones(3)}
    assert list(upgraded_tree(tree, 1, optimizer)) == ["dense_1.weight", f"optimizer.{now}"]
    assert list(upgraded_tree(tree, 2, optimizer)) == list(tree)


def test_classes_and_settings_of_the_first_format_have_other_names():
    dense = {"type": "Dense", "units": 2, "kernel": {"type": "Filled", "value": 0.5}}
    optimizer = [{"type": "Momentum", "decay": 0.8}, {"type": "AddDecay", "decay": 0.1, "on": "*"}]
    recipe = {"type": "Recipe", "model": dense, "loss": {"type": "Hinge"}, "optimizer": optimizer, "decay": 3}
    assert upgraded(recipe, 1) == {
        "type": "Recipe",
        "objective": {
            "type": "Supervised",
            "model": {"type": "Dense", "units": 2, "weight": {"type": "Filled", "value": 0.5}},
            "loss": {"type": "Hinge"},
        },
        "optimizer": [
            {"type": "Momentum", "momentum": 0.8},
            {"type": "AddWeightDecay", "weight_decay": 0.1, "on": "*"},
        ],
        "decay": 3,
    }


def test_pooling_over_all_of_space_is_over_as_many_axes_as_the_layers_beside_it_have():
    def pooled(beside):
        plain = {"type": "Sequential", "layers": [{"type": beside}, {"type": "GlobalAvgPool"}]}
        return upgraded(plain, 1)["layers"][1]["type"]

    assert pooled("Conv1D") == "GlobalAvgPool1D"
    assert pooled("Conv2D") == "GlobalAvgPool2D"
