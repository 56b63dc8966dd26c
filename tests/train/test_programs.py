"""Programs are compiled once a shape; predictions and losses over many rows are those of all rows at once."""

import copy

import numpy as np
import pytest
from tests.train.helpers import classification, points

from chainrule.data import Arrays, as_arrays
from chainrule.executors.numpy_ import NumpyProgram, compile_numpy
from chainrule.program import Program
from chainrule.train import Batch, initial_tree, training_step
from chainrule.train.programs import PREDICTION_ROWS, Programs


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
def tree() -> dict[str, np.ndarray]:
    recipe = classification(dtype="float64")
    return initial_tree(recipe, training_step(recipe, Batch.of(as_arrays(points(), "float64"), 8)))


def test_a_program_is_compiled_once_for_each_shape_and_use(executor):
    programs, arrays = Programs(classification(), executor), as_arrays(points())
    for _ in range(3):
        for rows, watch in ((16, True), (16, False), (2, False)):
            assert programs.training(arrays, rows, watch=watch) is programs.training(
                arrays, rows, watch=watch
            )
        programs.prediction(arrays, 16)
        programs.prediction(arrays, 16, raw=True)
        programs.prediction(Arrays(arrays.x), 16)
    assert len(executor.programs) == 6
    watched = [any(step.part == "watch" for step in program.steps) for program in executor.programs]
    assert watched == [True, False, False, False, False, False]
    assert [program.inputs[0].shape for program in executor.programs[:3]] == [(16, 4), (16, 4), (2, 4)]


def expected(tree, x):
    hidden = np.tanh(x @ tree["dense_1.weight"] + tree["dense_1.bias"])
    logits = hidden @ tree["dense_2.weight"] + tree["dense_2.bias"]
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


@pytest.mark.parametrize("rows", [1, PREDICTION_ROWS, PREDICTION_ROWS + 1, 3 * PREDICTION_ROWS])
@pytest.mark.parametrize("weighted", [False, True])
def test_predictions_and_mean_loss_are_those_of_all_rows_at_once(rows, weighted, executor, tree):
    x, y = points(rows)
    weight = np.random.default_rng(0).uniform(0.5, 2, rows) if weighted else None
    if weight is not None and rows > 2 * PREDICTION_ROWS:
        weight[PREDICTION_ROWS : 2 * PREDICTION_ROWS] = 0  # a whole part that does not count
    programs = Programs(classification(dtype="float64"), executor)
    predictions, loss = programs.predict(tree, as_arrays((x, y, weight), "float64"))
    probabilities = expected(tree, x)
    np.testing.assert_allclose(predictions, probabilities, rtol=1e-12)
    losses = -np.log(probabilities[np.arange(rows), y])
    assert loss == pytest.approx(np.average(losses, weights=weight), rel=1e-12)
    assert len(executor.programs) == len({min(rows, PREDICTION_ROWS), rows % PREDICTION_ROWS} - {0})


def test_without_targets_there_is_no_loss_and_the_tree_stays(executor, tree):
    before = {name: array.copy() for name, array in tree.items()}
    programs = Programs(classification(dtype="float64"), executor)
    predictions, loss = programs.predict(tree, Arrays(points(5)[0]))
    assert loss is None
    assert predictions.shape == (5, 3)
    assert all(np.array_equal(tree[name], before[name]) for name in before)


def test_raw_predictions_are_the_logits(executor, tree):
    programs = Programs(classification(dtype="float64"), executor)
    logits, _ = programs.predict(tree, Arrays(points(5)[0]), raw=True)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(p, expected(tree, points(5)[0]), rtol=1e-12)


@pytest.mark.parametrize("rows", [1, 63, 64, 65, PREDICTION_ROWS - 1, PREDICTION_ROWS + 1])
def test_filled_up_rows_say_the_same_in_a_few_programs(rows, executor, tree):
    programs = Programs(classification(dtype="float64"), executor)
    x = points(rows)[0]
    for _ in range(2):
        predictions, _ = programs.predict(tree, Arrays(x), fill=True)
        np.testing.assert_allclose(predictions, expected(tree, x), rtol=1e-12)
    shapes = [program.inputs[0].shape[0] for program in executor.programs]
    assert shapes == {1: [64], 63: [64], 64: [64], 65: [128], 511: [512], 513: [512, 64]}[rows]


def test_a_copy_compiles_anew(executor):
    programs, arrays = Programs(classification(), executor), as_arrays(points())
    programs.training(arrays, 16, watch=False)
    other = copy.deepcopy(programs)
    assert isinstance(other.executor, Counting)
    other.training(arrays, 16, watch=False)
    assert len(executor.programs) == 1
    assert len(other.executor.programs) == 2
