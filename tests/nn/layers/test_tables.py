"""Columns of a table as vectors: equations by hand, column by column."""

import numpy as np
import pytest
from tests.nn.layers.running import parameters, recorded, run

from chainrule.errors import ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import TableFeatures, building
from chainrule.nn.layer import RANDOM_KEY
from chainrule.nn.layers.tables import embedding_width
from chainrule.program import Trace

NUMBERS = np.random.default_rng(2).normal(size=(7, 3)) * 2
EDGES = ((-1.0, -0.5, 0.2, 2.0), (0.0, 1.0))


def limited(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt(1 + (x / 3) ** 2)


def named(tree: dict[str, np.ndarray], name: str) -> np.ndarray:
    return tree[f"table_features_1.{name}"]


def test_plain_numbers_stay_within_3():
    y = run(TableFeatures((0, 0, 0)), {}, x=NUMBERS)
    np.testing.assert_allclose(y, limited(NUMBERS), rtol=1e-14)
    far = run(TableFeatures((0,)), {}, x=np.array([[1e6], [-1e6], [0.0]]))
    np.testing.assert_allclose(far[:, 0], [3, -3, 0], atol=1e-6)


def test_piecewise_is_a_line_that_breaks_at_the_edges():
    """Equation 1 of Gorishniy et al. 2022, cut off at both ends, through a matrix for each column."""
    layer = TableFeatures((0, 0, 0), "piecewise", (0, 2), EDGES, width=2)
    tree = parameters(layer, x=NUMBERS)
    y = run(layer, tree, x=NUMBERS)
    np.testing.assert_allclose(y[:, 0], limited(NUMBERS[:, 1]), rtol=1e-14)
    for place, (column, edges) in enumerate(zip((0, 2), EDGES, strict=True)):
        x = NUMBERS[:, column]
        expected = np.outer(limited(x), named(tree, "line_weight")[place]) + named(tree, "line_bias")[place]
        for piece in range(len(edges) - 1):
            share = np.clip((x - edges[piece]) / (edges[piece + 1] - edges[piece]), 0, 1)
            expected += np.outer(share, named(tree, "piece_weight")[place, piece])
        np.testing.assert_allclose(y[:, 1 + 2 * place : 3 + 2 * place], expected, rtol=1e-12)


def test_periodic_is_waves_through_a_matrix_and_relu():
    """Equation 2 of Gorishniy et al. 2022."""
    layer = TableFeatures((0, 0, 0), "periodic", (1, 2), width=2)
    tree = parameters(layer, x=NUMBERS)
    y = run(layer, tree, x=NUMBERS)
    for place, column in enumerate((1, 2)):
        angle = 2 * np.pi * np.outer(limited(NUMBERS[:, column]), named(tree, "frequency")[place])
        waves = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
        expected = np.maximum(waves @ named(tree, "wave_weight")[place] + named(tree, "wave_bias")[place], 0)
        np.testing.assert_allclose(y[:, 1 + 2 * place : 3 + 2 * place], expected, rtol=1e-12)


def test_codes_are_looked_up_and_those_beyond_count_as_unseen():
    codes = np.array([[0, 3], [2, 0], [3, 8], [4, 1], [99, -1], [1, 2.0]])
    layer = TableFeatures((4, 9))
    tree = parameters(layer, x=codes)
    y = run(layer, tree, x=codes)
    first, second = named(tree, "codes_3_weight"), named(tree, "codes_5_weight")
    np.testing.assert_array_equal(y[:, :3], first[[0, 2, 3, 1, 1, 1]])
    np.testing.assert_array_equal(y[:, 3:], second[[3, 0, 8, 1, 1, 2]])


def test_columns_with_vectors_of_one_width_share_a_table_but_no_row():
    layer = TableFeatures((4, 0, 4))
    tree = parameters(layer, x=np.zeros((1, 3)))
    weight = named(tree, "codes_3_weight")
    assert weight.shape == (8, 3)
    y = run(layer, tree, x=np.array([[3.0, 0.0, 0.0], [9.0, 0.0, 9.0]]))
    np.testing.assert_array_equal(y, [[0, *weight[3], *weight[4]], [0, *weight[1], *weight[5]]])


def test_training_takes_a_share_of_the_codes_for_unseen():
    trace = Trace()
    with building(trace, training=True, dtype="float64"):
        y = TableFeatures((3,), hidden=0.25)(trace.input("x", (20_000, 1), "float64"))
    tree = {
        "table_features_1.codes_3_weight": np.arange(9.0).reshape(3, 3),
        RANDOM_KEY: np.array([1, 0], np.uint32),
    }
    found = compile_numpy(trace.program({"y": y})).run(tree, {"x": np.full((20_000, 1), 2.0)})["y"]
    assert set(found[:, 0]) == {3.0, 6.0}
    assert (found[:, 0] == 3.0).mean() == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(("codes", "width"), [(2, 2), (3, 3), (10, 6), (100, 21), (1000, 50)])
def test_the_width_of_vectors(codes: int, width: int):
    assert embedding_width(codes) == width


@pytest.mark.parametrize("shape", [(4, 2), (4,), (4, 3, 1)])
def test_refuses_another_number_of_columns(shape: tuple[int, ...]):
    with pytest.raises(
        ShapeError, match=r"^TableFeatures.* got x of shape .*; it needs \(batch, 3\); give it a column"
    ):
        recorded(TableFeatures((0, 0, 0)), x=np.zeros(shape))
