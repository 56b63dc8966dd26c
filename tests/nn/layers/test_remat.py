"""Recomputation: the same bits as without, for less memory."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from chainrule import nn, train
from chainrule.errors import ConfigError, ShapeError
from chainrule.executors import Compile
from chainrule.executors.native import available, compile_native
from chainrule.executors.native.executor import NativeProgram, draft_plan, runs_whole
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn import Layer, Remat, remat
from chainrule.program import Program, Tensor, expand
from chainrule.training import Recipe, Supervised
from chainrule.training.step import Batch, TrainingStep, initial_tree, training_step

RANDOM = np.random.default_rng(6)
EXECUTORS = [
    pytest.param(compile_numpy, id="numpy"),
    pytest.param(
        compile_native,
        id="native",
        marks=pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core"),
    ),
]


def as_it_is(layer: Layer) -> Layer:
    return layer


def language_model(wrap: Any, blocks: int) -> nn.Sequential:
    block = nn.TransformerBlock(2, causal=True, expansion=2, dropout=0.2)
    deep = [wrap(block) for _ in range(blocks)]
    return nn.Sequential([nn.Embedding(11, 8), nn.PositionalEncoding(), *deep, nn.LayerNorm(), nn.Dense(11)])


def step_of(model: Layer, rows: int = 4, time: int = 6) -> tuple[Recipe, TrainingStep]:
    recipe = Recipe(Supervised(model, nn.SoftmaxCrossEntropy()), optimizer=nn.sgd(0.1))
    batch = Batch({"x": ((rows, time), "int32"), "y": ((rows, time), "int32")})
    return recipe, training_step(recipe, batch)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_losses_and_weights_are_those_of_the_layer_itself(executor: Compile):
    """Three steps with dropout: if a mask did not repeat, the weights would part at once."""
    losses, trees = [], []
    for wrap in (as_it_is, remat):
        recipe, step = step_of(language_model(wrap, 3))
        tree, random = initial_tree(recipe, step), np.random.default_rng(3)
        compiled = executor(step.program)
        batches = [{name: random.integers(0, 11, (4, 6), np.int32) for name in "xy"} for _ in range(3)]
        losses.append([float(compiled.run(tree, batch)["loss"]) for batch in batches])
        trees.append(tree)
    assert losses[0] == losses[1]
    assert set(trees[0]) == set(trees[1])
    for name, array in trees[0].items():
        np.testing.assert_array_equal(trees[1][name], array, err_msg=name)


@pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
def test_the_bits_are_those_of_any_number_of_threads_where_the_work_is_cut_into_chunks():
    batch = {name: RANDOM.integers(0, 11, (40, 33), np.int32) for name in "xy"}
    trees = []
    for wrap, threads in ((as_it_is, 1), (remat, 1), (remat, 3)):
        recipe, step = step_of(language_model(wrap, 2), 40, 33)
        trees.append(initial_tree(recipe, step))
        compiled = compile_native(step.program, threads)
        assert isinstance(compiled, NativeProgram)
        draft = draft_plan(expand(step.program, runs_whole), None)
        assert any(group.chunks > 1 for group in draft.groups)
        compiled.run(trees[-1], batch)
    for name, array in trees[0].items():
        for tree in trees[1:]:
            np.testing.assert_array_equal(tree[name], array, err_msg=name)


@pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
def test_halves_the_memory_of_twenty_four_blocks():
    drafts = [
        draft_plan(expand(step_of(language_model(wrap, 24), 8, 8)[1].program, runs_whole), None)
        for wrap in (as_it_is, remat)
    ]
    plain, recomputed = (draft.placed.layout for draft in drafts)
    assert recomputed.size <= plain.size / 2
    assert recomputed.alive <= plain.alive / 2


def operations(program: Program, name: str) -> int:
    return sum(step.operation == name for step in program.steps)


def test_the_forward_pass_is_recorded_twice_from_copies_made_after_a_delta():
    model = nn.Sequential([nn.Dense(5), remat(nn.Sequential([nn.Dense(5, "tanh"), nn.Dropout(0.5)]))])
    recipe = Recipe(Supervised(model, nn.MeanSquaredError()))
    program = training_step(recipe, Batch({"x": ((3, 2), "float32"), "y": ((3, 5), "float32")})).program
    assert operations(program, "tanh") == 2
    assert operations(program, "random_bits") == 2
    copies = [step for step in program.steps if step.operation == "recompute"]
    assert [step.inputs[0].name for step in copies] == ["dense_1.add", "random.key"]
    deltas = set(program.deltas.values())
    assert all(step.inputs[1] in deltas for step in copies)
    # What the loss needs is not made again: the derivative of tanh is all that asks for the repetition.
    assert operations(program, "matmul") == 2 + 3 + 1


def test_training_with_validation_gives_the_same_run():
    x, y = RANDOM.integers(0, 11, (24, 6)), RANDOM.integers(0, 11, (24, 6))
    settings = {"loss": nn.SoftmaxCrossEntropy(), "epochs": 2, "batch_size": 8, "validation": 0.25}
    plain, recomputed = (train(language_model(wrap, 2), (x, y), **settings) for wrap in (as_it_is, remat))
    assert list(plain.parameters) == list(recomputed.parameters)
    for name, array in plain.parameters.items():
        np.testing.assert_allclose(recomputed.parameters[name], array, rtol=1e-5, atol=1e-6, err_msg=name)


@dataclass(frozen=True)
class Gate(Layer):
    """Two inputs, and a parameter that both halves share."""

    inner: Layer

    def __call__(self, x: Tensor, gate: Tensor) -> tuple[Tensor, Tensor]:
        y = self.inner(x)
        return y * gate, y


@dataclass(frozen=True)
class Gated(Layer):
    gate: Layer

    def __call__(self, x: Tensor) -> Tensor:
        first, second = self.gate(x, x * x)
        return first - second * second


@pytest.mark.parametrize("executor", EXECUTORS)
def test_layers_of_several_inputs_and_outputs(executor: Compile):
    batch = {name: RANDOM.normal(size=(3, 4)).astype(np.float32) for name in "xy"}
    trees = []
    for wrap in (as_it_is, remat):
        recipe = Recipe(
            Supervised(Gated(wrap(Gate(nn.Dense(4, "tanh")))), nn.MeanSquaredError()), nn.sgd(0.1)
        )
        shapes = {name: (array.shape, "float32") for name, array in batch.items()}
        step = training_step(recipe, Batch(shapes))
        trees.append(initial_tree(recipe, step))
        executor(step.program).run(trees[-1], batch)
    assert list(trees[0]) == list(trees[1]) == ["gate.inner.weight", "gate.inner.bias", *list(trees[0])[2:]]
    for name, array in trees[0].items():
        np.testing.assert_allclose(trees[1][name], array, rtol=1e-6, err_msg=name)


def test_one_inside_another_is_repeated_once():
    recipe = Recipe(Supervised(remat(remat(nn.Dense(5, "tanh"))), nn.MeanSquaredError()))
    batch = Batch({"x": ((3, 2), "float32"), "y": ((3, 5), "float32")})
    assert operations(training_step(recipe, batch).program, "tanh") == 2


def test_names_and_errors_are_those_of_the_layer():
    _, step = step_of(nn.Sequential([nn.Embedding(11, 8), remat(nn.Dense(11))]))
    assert [value.name for value in step.program.parameters][1:] == ["dense_1.weight", "dense_1.bias"]
    _, step = step_of(remat(nn.Embedding(11, 11)))
    assert [value.name for value in step.program.parameters] == ["embedding_1.weight"]
    with pytest.raises(
        ShapeError, match=r"^MultiHeadAttention 'transformer_block_1\.multi_head_attention_1' got"
    ):
        step_of(nn.Sequential([nn.Embedding(11, 8), remat(nn.TransformerBlock(3))]))
    with pytest.raises(ConfigError, match=r"^Remat: layer is 'dense', not a layer; give it one"):
        Remat("dense")  # type: ignore[arg-type]
