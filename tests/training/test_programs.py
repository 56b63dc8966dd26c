"""Programs are compiled once a shape; predictions and losses over many rows are those of all rows at once."""

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import numpy as np
import pytest
from tests.training.helpers import classification, points

from chainrule import nn
from chainrule.data import Arrays, as_arrays
from chainrule.executors.numpy_ import NumpyProgram, compile_numpy
from chainrule.program import Program
from chainrule.training import Batch, Supervised, initial_tree, training_step
from chainrule.training.probes import USUAL
from chainrule.training.programs import BLOCK_ROWS, PREDICTION_ROWS, Programs


class Counting:
    """An executor that keeps what it compiled."""

    def __init__(self) -> None:
        self.programs: list[Program] = []

    def __call__(self, program: Program) -> NumpyProgram:
        self.programs.append(program)
        return compile_numpy(program)


@pytest.fixture
def executor() -> Counting:
    return Counting()


@pytest.fixture
def counting(executor, named_executor) -> str:
    """Its name."""
    return named_executor(executor)


@pytest.fixture
def tree() -> dict[str, np.ndarray]:
    recipe = classification(dtype="float64")
    return initial_tree(recipe, training_step(recipe, Batch.of(as_arrays(points(), "float64"), 8)))


def test_a_program_is_compiled_once_for_each_shape_and_use(executor, counting):
    programs, arrays = Programs(classification(), counting), as_arrays(points())
    for _ in range(3):
        for rows, watch in ((16, USUAL), (16, ()), (2, ())):
            assert programs.training(arrays, rows, watch=watch) is programs.training(
                arrays, rows, watch=watch
            )
        programs.prediction(arrays, 16)
        programs.prediction(arrays, 16, raw=True)
        programs.prediction(Arrays.of(arrays.x), 16)
    assert len(executor.programs) == 6
    watched = [any(step.part == "watch" for step in program.steps) for program in executor.programs]
    assert watched == [True, False, False, False, False, False]
    assert [program.inputs[0].shape for program in executor.programs[:3]] == [(16, 4), (16, 4), (2, 4)]


def expected(tree, x):
    hidden = np.tanh(x @ tree["dense_1.weight"] + tree["dense_1.bias"])
    logits = hidden @ tree["dense_2.weight"] + tree["dense_2.bias"]
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


def named(x: np.ndarray) -> Callable[[slice], dict[str, np.ndarray]]:
    """Rows of one input, as programs ask for them."""
    return lambda rows: {"x": x[rows]}


@pytest.mark.parametrize("rows", [1, PREDICTION_ROWS, PREDICTION_ROWS + 1, 3 * PREDICTION_ROWS])
@pytest.mark.parametrize("weighted", [False, True])
def test_predictions_and_mean_loss_are_those_of_all_rows_at_once(rows, weighted, executor, counting, tree):
    x, y = points(rows)
    weight = np.random.default_rng(0).uniform(0.5, 2, rows) if weighted else None
    if weight is not None and rows > 2 * PREDICTION_ROWS:
        weight[PREDICTION_ROWS : 2 * PREDICTION_ROWS] = 0  # a whole part that does not count
    programs = Programs(classification(dtype="float64"), counting)
    predictions, loss = programs.predict(tree, as_arrays((x, y, weight), "float64"))
    probabilities = expected(tree, x)
    np.testing.assert_allclose(predictions, probabilities, rtol=1e-12)
    losses = -np.log(probabilities[np.arange(rows), y])
    assert loss == pytest.approx(np.average(losses, weights=weight), rel=1e-12)
    assert len(executor.programs) == len({min(rows, PREDICTION_ROWS), rows % PREDICTION_ROWS} - {0})


def test_fewer_large_examples_are_predicted_at_a_time(executor, counting):
    model = nn.Sequential([nn.Conv2D(8, 3, padding="same"), nn.GlobalAvgPool2D(), nn.Dense(2)])
    programs = Programs(classification(model=model), counting)
    x = np.random.default_rng(0).normal(size=(70, 96, 128, 1)).astype(np.float32)
    largest = 96 * 128 * 8 * 4
    rows = programs.rows_at_once(Arrays.of(x))
    assert rows * largest <= 1 << 26 < 2 * rows * largest
    step = training_step(programs.recipe, Batch.of(as_arrays((x, np.zeros(70, int)), "float32"), 8))
    tree = initial_tree(programs.recipe, step)
    whole = programs.prediction(Arrays.of(x), 70).run(dict(tree), {"x": x})["prediction"]
    for least in (1, 64):
        parts = programs.outputs(tree, 70, named(x), least=least)
        np.testing.assert_allclose(parts, whole, rtol=1e-5)
    assert {each.inputs[0].shape[0] for each in executor.programs} == {70, rows}
    assert programs.rows_at_once(Arrays.of(x[:, :8, :8])) == PREDICTION_ROWS


def test_without_targets_there_is_no_loss_and_the_tree_stays(executor, counting, tree):
    before = {name: array.copy() for name, array in tree.items()}
    programs = Programs(classification(dtype="float64"), counting)
    predictions, loss = programs.predict(tree, Arrays.of(points(5)[0]))
    assert loss is None
    assert predictions.shape == (5, 3)
    assert all(np.array_equal(tree[name], before[name]) for name in before)


def test_raw_predictions_are_the_logits(executor, counting, tree):
    programs = Programs(classification(dtype="float64"), counting)
    x = points(5)[0]
    logits = programs.outputs(tree, 5, named(x), raw=True)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(p, expected(tree, x), rtol=1e-12)


@pytest.mark.parametrize("least", [1, 64])
@pytest.mark.parametrize("rows", [1, 63, 64, 65, PREDICTION_ROWS - 1, PREDICTION_ROWS + 1])
def test_filled_up_rows_say_the_same_in_a_few_programs(rows, least, executor, counting, tree):
    programs = Programs(classification(dtype="float64"), counting)
    x = points(rows)[0]
    for _ in range(2):
        predictions = programs.outputs(tree, rows, named(x), least=least)
        np.testing.assert_allclose(predictions, expected(tree, x), rtol=1e-12)
    shapes = [program.inputs[0].shape[0] for program in executor.programs]
    last = {1: [least], 63: [64], 64: [64], 65: [128], 511: [512], 513: [512, least]}[rows]
    assert shapes == last


def test_rows_are_made_ready_block_by_block_and_what_becomes_of_them_is_put_together(
    executor, counting, tree
):
    programs = Programs(classification(dtype="float64"), counting)
    rows = BLOCK_ROWS + 700
    x, asked = points(rows)[0], []

    def block(part: slice) -> dict[str, np.ndarray]:
        asked.append((part.start, part.stop))
        return {"x": x[part]}

    chosen = programs.outputs(tree, rows, block, then=lambda p: p.argmax(1))
    assert asked == [(0, BLOCK_ROWS), (BLOCK_ROWS, rows)]
    assert np.array_equal(chosen, expected(tree, x).argmax(1))


def test_many_shapes_do_not_fill_the_memory(executor, counting, tree):
    programs = Programs(classification(dtype="float64"), counting)
    for rows in range(1, 100):
        programs.prediction(Arrays.of(points(rows)[0]), rows)
    programs.prediction(Arrays.of(points(99)[0]), 99)
    assert len(executor.programs) == 99
    programs.prediction(Arrays.of(points(1)[0]), 1)
    assert len(executor.programs) == 100


@pytest.mark.parametrize("name", ["native", "numpy"])
def test_threads_that_predict_at_once_give_the_same_bits(name, tree):
    single = {name: array.astype("float32") for name, array in tree.items()}
    alone, shared = (Programs(classification(), name) for _ in range(2))
    tables = [points(rows, seed)[0].astype("float32") for seed, rows in enumerate([1, 2, 5, 513] * 2)]
    barrier = Barrier(len(tables))

    def repeat(x: np.ndarray) -> list[bytes]:
        barrier.wait()
        return [shared.outputs(single, len(x), named(x)).tobytes() for _ in range(20)]

    with ThreadPoolExecutor(len(tables)) as pool:
        found = list(pool.map(repeat, tables))
    for x, several in zip(tables, found, strict=True):
        assert {*several} == {alone.outputs(single, len(x), named(x)).tobytes()}


def test_a_copy_compiles_anew(executor, counting):
    programs, arrays = Programs(classification(), counting), as_arrays(points())
    programs.training(arrays, 16)
    other = copy.deepcopy(programs)
    other.training(arrays, 16)
    assert len(executor.programs) == 2


def test_another_recipe_with_the_same_objective_shares_the_forward_passes(executor, counting):
    programs, arrays = Programs(classification(), counting), as_arrays(points())
    other = programs.by(replace(programs.recipe, optimizer=nn.adam(0.7)))
    assert other.prediction(arrays, 16) is programs.prediction(arrays, 16)
    assert other.measuring(arrays, 16) is programs.measuring(arrays, 16)
    assert other.training(arrays, 16) is not programs.training(arrays, 16)
    larger = replace(programs.recipe, objective=Supervised(nn.Dense(3), nn.SoftmaxCrossEntropy()))
    assert programs.by(larger).prediction(arrays, 16) is not programs.prediction(arrays, 16)


def test_another_recipe_compiles_nothing_anew_that_is_equal(executor, counting):
    programs, arrays = Programs(classification(), counting), as_arrays(points())
    drawn = nn.Sequential([nn.Dense(6, "tanh", weight=nn.normal(0.5)), nn.Dropout(0.2), nn.Dense(3)])
    other = programs.by(replace(programs.recipe, objective=Supervised(drawn, nn.SoftmaxCrossEntropy())))
    assert programs.training(arrays, 16) is other.training(arrays, 16)
    faster = other.by(replace(programs.recipe, optimizer=nn.adam(0.5)))
    assert faster.training(arrays, 16) is not programs.training(arrays, 16)
    assert len(executor.programs) == 2
