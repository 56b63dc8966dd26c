"""Whole training runs: native losses are NumPy's, and the bits those of any number of threads."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import pytest

from chainrule.data import Arrays, as_arrays
from chainrule.executors import Compile
from chainrule.executors.native import available, compile_native, schedule
from chainrule.executors.native.schedule import chunk_count
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import (
    L1,
    L2,
    Activation,
    BatchNorm,
    BinaryCrossEntropy,
    ClipByGlobalNorm,
    Dense,
    Dropout,
    GaussianNoise,
    GroupNorm,
    HalfSquaredError,
    Huber,
    LayerNorm,
    MeanAbsoluteError,
    MeanSquaredError,
    Residual,
    RMSNorm,
    Sequential,
    SoftmaxCrossEntropy,
    StochasticDepth,
    adagrad,
    adam,
    adamw,
    chain,
    momentum,
    nesterov,
    rmsprop,
    sgd,
)
from chainrule.training import Recipe, Supervised
from chainrule.training.probes import USUAL
from chainrule.training.step import Batch, TrainingStep, initial_tree, training_step

pytestmark = pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")

STEPS = 200


@dataclass(frozen=True)
class TrainingRun:
    """What is trained on which made-up data. outputs: classes where whole, else numbers to predict."""

    recipe: Recipe
    examples: int
    features: int
    outputs: int
    whole: bool = False
    weighted: bool = False
    watch: bool = False

    def data(self) -> Arrays:
        """Numbers, and targets that depend on them with noise."""
        random = np.random.default_rng(11)
        x = random.normal(size=(self.examples, self.features))
        scores = x @ random.normal(size=(self.features, self.outputs)) + 0.3 * random.normal(
            size=(self.examples, self.outputs)
        )
        if self.whole:
            y = scores.argmax(1)
        elif isinstance(self.recipe.loss, BinaryCrossEntropy):
            y = (scores > 0).astype(np.float32)
        else:
            y = np.tanh(scores)
        weight = (random.random(self.examples),) if self.weighted else ()
        return as_arrays((x, y, *weight))

    def order(self) -> np.ndarray:
        """Indices of every step."""
        return np.random.default_rng(12).integers(0, self.examples, (STEPS, self.recipe.batch_size))

    def step(self) -> TrainingStep:
        """The program of one step."""
        batch = Batch.of(self.data(), self.recipe.batch_size)
        return training_step(self.recipe, batch, watch=USUAL if self.watch else ())


def recipe(layers: list, loss, optimizer, batch: int, *penalties) -> Recipe:
    return Recipe(Supervised(Sequential(layers), loss), optimizer, penalties, batch_size=batch)


CROSS_ENTROPY = SoftmaxCrossEntropy()
RUNS: Mapping[str, TrainingRun] = {
    "relu with adam": TrainingRun(
        recipe([Dense(33, "relu"), Dense(5)], CROSS_ENTROPY, adam(0.003), 32), 200, 20, 5, whole=True
    ),
    "tanh with momentum and dropout": TrainingRun(
        recipe(
            [Dense(17, "tanh"), Dropout(0.2), Dense(13, "tanh"), Dropout(0.1), Dense(3)],
            SoftmaxCrossEntropy(label_smoothing=0.1),
            momentum(0.02),
            7,
        ),
        101,
        11,
        3,
        whole=True,
    ),
    "gelu with decay, watched": TrainingRun(
        recipe([Dense(19, "gelu"), Residual([Dense(19, "silu")]), Dense(2)], MeanSquaredError(), adamw(), 21),
        130,
        6,
        2,
        watch=True,
    ),
    "sigmoid with penalties": TrainingRun(
        recipe([Dense(9, "sigmoid"), Dense(1)], HalfSquaredError(), sgd(0.05), 1, L2(0.01), L1(0.001)),
        50,
        3,
        1,
    ),
    "elu with rmsprop and weights": TrainingRun(
        recipe([Dense(31, "elu"), Dense(4, "softplus")], Huber(0.5), rmsprop(), 29), 97, 7, 4, weighted=True
    ),
    "binary with nesterov": TrainingRun(
        recipe([Dense(16, "leaky_relu"), Dense(3)], BinaryCrossEntropy(), nesterov(0.01), 64), 64, 5, 3
    ),
    "selu with adagrad, clipped": TrainingRun(
        recipe(
            [Dense(12, "selu"), Dense(2)],
            MeanAbsoluteError(),
            chain(ClipByGlobalNorm(0.5), adagrad(0.02)),
            9,  # odd: signs that cancel but for rounding are slopes that adagrad makes as large as any
        ),
        70,
        4,
        2,
    ),
    "softmax inside, watched": TrainingRun(
        recipe([Dense(8, "softmax"), Activation("tanh"), Dense(4)], CROSS_ENTROPY, adam(0.01), 15, L2(1e-3)),
        60,
        9,
        4,
        whole=True,
        watch=True,
    ),
    "normalized with noise": TrainingRun(
        recipe(
            [
                *(Dense(24, "tanh"), BatchNorm(0.8), GaussianNoise(0.1), Dense(12), LayerNorm()),
                *(Residual([Dense(12, "silu"), GroupNorm(3), StochasticDepth(0.2)]), RMSNorm(), Dense(4)),
            ],
            CROSS_ENTROPY,
            adam(0.01),
            26,
        ),
        91,
        8,
        4,
        whole=True,
    ),
    # Large enough for several chunks and threads.
    "wide with dropout, watched": TrainingRun(
        recipe(
            [Dense(131, "relu"), Dropout(0.3), Dense(70, "tanh"), Dense(10)],
            CROSS_ENTROPY,
            adam(),
            128,
            L2(1e-4),
        ),
        300,
        67,
        10,
        whole=True,
        watch=True,
    ),
    "wide in odd sizes": TrainingRun(
        recipe([Dense(129, "gelu"), Dense(67, "sigmoid"), Dense(1)], MeanSquaredError(), nesterov(0.05), 131),
        263,
        65,
        1,
    ),
}
LARGE = [name for name in RUNS if name.startswith("wide")]


def train(run: TrainingRun, executor: Compile) -> dict[str, np.ndarray]:
    """The outputs of every step, and the tree at the end."""
    step, data = run.step(), run.data()
    tree = initial_tree(run.recipe, step)
    outputs = executor(step.program).bind(tree).run_many(data.named, run.order())
    return outputs | {f"tree {name}": array for name, array in tree.items()}


@cache
def native(name: str, threads: int) -> dict[str, np.ndarray]:
    return train(RUNS[name], partial(compile_native, threads=threads))


@pytest.mark.parametrize("name", RUNS)
def test_losses_of_200_steps_are_numpys(name: str):
    found, expected = native(name, 1), train(RUNS[name], compile_numpy)
    assert np.ptp(expected["loss"]) > 0.01  # there is something to agree on
    np.testing.assert_allclose(found["loss"], expected["loss"], rtol=1e-3, atol=1e-3)
    for key, array in expected.items():
        if array.dtype.kind != "f":
            np.testing.assert_array_equal(found[key], array)
    first = {key: array[0] for key, array in expected.items() if not key.startswith("tree ")}
    for key, number in first.items():
        np.testing.assert_allclose(found[key][0], number, rtol=1e-4, atol=1e-6, err_msg=key)


@pytest.mark.parametrize("threads", [2, 4])
@pytest.mark.parametrize("name", RUNS)
def test_bits_do_not_depend_on_threads(name: str, threads: int):
    one, many = native(name, 1), native(name, threads)
    assert one.keys() == many.keys()
    for key, array in one.items():
        assert array.tobytes() == many[key].tobytes(), key


@pytest.mark.parametrize("threads", [2, 4])
@pytest.mark.parametrize("name", ["tanh with momentum and dropout", "softmax inside, watched"])
def test_bits_of_small_runs_cut_into_chunks(name: str, threads: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(schedule, "SMALL_FLOPS", 0)
    monkeypatch.setattr(schedule, "chunk_count", lambda extent: max(1, min(3, extent)))
    one, many = (train(RUNS[name], partial(compile_native, threads=count)) for count in (1, threads))
    for key, array in one.items():
        assert array.tobytes() == many[key].tobytes(), key


@pytest.mark.parametrize("name", LARGE)
def test_large_runs_have_several_chunks(name: str):
    # What the tests above rely on.
    run = RUNS[name]
    flops = 6 * run.recipe.batch_size * sum(v.size for v in run.step().program.parameters)
    assert flops > schedule.SMALL_FLOPS
    assert chunk_count(run.recipe.batch_size) > 1


def test_steps_one_by_one_have_the_bits_of_many_in_one_call():
    run = RUNS["wide with dropout, watched"]
    step, chunk = run.step(), run.data().named
    compiled = compile_native(step.program, 2)
    order = run.order()[:6]
    trees = [initial_tree(run.recipe, step) for _ in range(3)]
    many = compiled.bind(trees[0]).run_many(chunk, order)
    for row, indices in enumerate(order):
        single = compiled.run(trees[1], {name: array[indices] for name, array in chunk.items()})
        for name, array in single.items():
            assert array.tobytes() == many[name][row].tobytes(), name
    for part in (order[:1], order[1:]):
        compiled.bind(trees[2]).run_many(chunk, part)
    for name, array in trees[0].items():
        assert array.tobytes() == trees[1][name].tobytes() == trees[2][name].tobytes()
