"""Normalizations against NumPy, the running statistics step by step, and what is refused."""

from dataclasses import dataclass

import numpy as np
import pytest
from tests.nn.layers.recording import compiled, output

from chainrule.errors import ConfigError, DTypeError, ShapeError
from chainrule.nn import BatchNorm, GroupNorm, Layer, LayerNorm, RMSNorm, building, zeros
from chainrule.program import Tensor, Trace

RANDOM = np.random.default_rng(14)
SHAPES = [(5, 4), (3, 6, 4), (2, 3, 5, 4)]


def held(kind: str, channels: int = 4) -> dict[str, np.ndarray]:
    """Scale, shift and, for batch normalization, running statistics."""
    tree = {f"{kind}_1.{name}": RANDOM.normal(size=channels) for name in ("scale", "shift", "mean")}
    return tree | {f"{kind}_1.variance": RANDOM.uniform(0.5, 2, size=channels)}


@pytest.mark.parametrize("shape", SHAPES)
def test_batch_norm_in_training_normalizes_by_the_batch_and_moves_its_statistics(shape):
    x, tree = 3 + RANDOM.normal(size=shape), held("batch_norm")
    before = {name: array.copy() for name, array in tree.items()}
    y = output(BatchNorm(0.7, 1e-3), x, tree, training=True)
    axes = tuple(range(x.ndim - 1))
    expected = (x - x.mean(axes)) / np.sqrt(x.var(axes) + 1e-3)
    expected = expected * tree["batch_norm_1.scale"] + tree["batch_norm_1.shift"]
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-12)
    for name, batch in (("mean", x.mean(axes)), ("variance", x.var(axes, ddof=1))):
        moved = 0.7 * before[f"batch_norm_1.{name}"] + 0.3 * batch
        np.testing.assert_allclose(tree[f"batch_norm_1.{name}"], moved, rtol=1e-12)


@pytest.mark.parametrize("shape", [*SHAPES, (1, 4), (0, 4)])
def test_batch_norm_in_prediction_normalizes_by_its_statistics_and_leaves_them(shape):
    x, tree = 3 + RANDOM.normal(size=shape), held("batch_norm")
    before = {name: array.copy() for name, array in tree.items()}
    y = output(BatchNorm(epsilon=1e-3), x, tree)
    mean, variance, scale, shift = (
        tree[f"batch_norm_1.{name}"] for name in ("mean", "variance", "scale", "shift")
    )
    expected = (x - mean) / np.sqrt(variance + 1e-3) * scale + shift
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-12)
    assert all(np.array_equal(tree[name], before[name]) for name in before)


def test_batch_norm_in_prediction_loses_no_digits_where_the_mean_is_large():
    x = (1e4 + RANDOM.normal(size=(50, 1))).astype(np.float32)
    tree = {"scale": np.ones(1), "shift": np.zeros(1), "mean": x.mean(0), "variance": np.full(1, 1e-2)}
    tree = {f"batch_norm_1.{name}": array.astype(np.float32) for name, array in tree.items()}
    expected = (x.astype(np.float64) - tree["batch_norm_1.mean"]) / np.sqrt(1e-2 + 1e-5)
    np.testing.assert_allclose(output(BatchNorm(), x, tree), expected, rtol=1e-6)


@dataclass(frozen=True)
class Twice(Layer):
    """One layer, called for two halves."""

    inner: Layer

    def __call__(self, x: Tensor) -> Tensor:
        half = x.shape[0] // 2
        return self.inner(x[:half]) + self.inner(x[half:])


def test_batch_norm_called_twice_in_a_step_moves_its_statistics_twice():
    x, half = RANDOM.normal(size=(6, 4)), 3
    tree = {name.replace("batch_norm_1", "inner"): array for name, array in held("batch_norm").items()}
    start = tree["inner.mean"].copy()
    output(Twice(BatchNorm(0.8)), x, tree, training=True)
    expected = 0.8 * (0.8 * start + 0.2 * x[:half].mean(0)) + 0.2 * x[half:].mean(0)
    np.testing.assert_allclose(tree["inner.mean"], expected, rtol=1e-12)


def test_statistics_are_part_of_the_update_and_the_forward_pass_stays_one_step():
    trace = Trace()
    with building(trace, training=True) as built:
        y = BatchNorm()(trace.input("x", (8, 4)))
    program = trace.program({"y": y}, built.updates)
    assert [step.operation for step in program.part("forward")] == ["batch_norm"]
    assert [value.name for value in program.state] == ["batch_norm_1.mean", "batch_norm_1.variance"]
    assert program.part("update")


def test_state_of_another_shape_at_the_same_place_is_refused():
    trace = Trace()
    with building(trace, training=True), pytest.raises(ShapeError) as caught:
        Narrowing(Counter())(trace.input("x", (4, 3)))
    assert str(caught.value).startswith("Counter 'inner': its seen is (3,), and this call needs (2,); ")


@dataclass(frozen=True)
class Counter(Layer):
    """State of the width of x, and nothing else."""

    def __call__(self, x: Tensor) -> Tensor:
        return x + self.state("seen", x.shape[-1:], zeros, x.dtype)


@dataclass(frozen=True)
class Narrowing(Layer):
    """One layer, called for inputs of two widths."""

    inner: Layer

    def __call__(self, x: Tensor) -> Tensor:
        return self.inner(self.inner(x)[:, 1:])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [True, False])
def test_layer_norm_is_over_the_last_axis(shape, training):
    x, tree = 3 + RANDOM.normal(size=shape), held("layer_norm")
    centred = x - x.mean(-1, keepdims=True)
    expected = centred / np.sqrt(x.var(-1, keepdims=True) + 1e-3)
    expected = expected * tree["layer_norm_1.scale"] + tree["layer_norm_1.shift"]
    y = output(LayerNorm(1e-3), x, tree, training=training)
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", [*SHAPES, (0, 3, 4)])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_group_norm_is_over_a_group_of_channels_and_all_of_space(shape, groups):
    x, tree = 3 + RANDOM.normal(size=shape), held("group_norm")
    expected = np.empty(shape)
    for example, group in np.ndindex(shape[0], groups):
        own = slice(group * 4 // groups, (group + 1) * 4 // groups)
        part = x[example, ..., own]
        expected[example, ..., own] = (part - part.mean()) / np.sqrt(part.var() + 1e-3)
    expected = expected * tree["group_norm_1.scale"] + tree["group_norm_1.shift"]
    np.testing.assert_allclose(output(GroupNorm(groups, 1e-3), x, tree), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_rms_norm_divides_by_the_root_mean_square(shape):
    x, tree = 3 + RANDOM.normal(size=shape), {"rmsnorm_1.scale": RANDOM.normal(size=4)}
    expected = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-3) * tree["rmsnorm_1.scale"]
    np.testing.assert_allclose(output(RMSNorm(1e-3), x, tree), expected, rtol=1e-12)


@pytest.mark.parametrize("shape", [(1, 4), (1, 1, 1, 4), (0, 4)])
def test_batch_norm_refuses_to_train_on_fewer_than_two_values_a_channel(shape):
    with pytest.raises(
        ShapeError, match=r"^BatchNorm 'batch_norm_1' got x of shape .* of each channel; train"
    ):
        compiled(BatchNorm(), *shape, training=True)


def test_batch_norm_trains_on_one_example_with_several_places():
    x, tree = RANDOM.normal(size=(1, 2, 4)), held("batch_norm")
    assert output(BatchNorm(), x, tree, training=True).shape == x.shape


@pytest.mark.parametrize("momentum", [1.0, -0.1, "0.9", float("nan")])
def test_batch_norm_refuses_a_momentum_out_of_range(momentum):
    with pytest.raises(ConfigError, match=r"^BatchNorm: momentum is .*; it must be .*at least 0 and below 1"):
        BatchNorm(momentum)


def test_group_norm_refuses_groups_that_do_not_divide():
    with pytest.raises(ShapeError) as caught:
        compiled(GroupNorm(3), 2, 5, 4)
    assert str(caught.value) == (
        "GroupNorm 'group_norm_1' got x of shape (2, 5, 4); its 3 groups must divide the 4 channels"
    )


@pytest.mark.parametrize("layer", [BatchNorm(), LayerNorm(), GroupNorm(1), RMSNorm()])
def test_refuses_vectors_and_whole_numbers_and_names_the_layer(layer):
    name = type(layer).__name__
    with pytest.raises(
        ShapeError, match=rf"^{name} '.*_1' got x of shape \(4,\); it needs \(batch, …, channels"
    ):
        compiled(layer, 4)
    with pytest.raises(DTypeError, match=rf"^{name} '.*_1' got x of dtype int32; give it float32 or float64"):
        compiled(layer, 4, 3, dtype="int32")
