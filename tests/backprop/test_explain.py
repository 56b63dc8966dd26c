"""The explanation against the textbook's five equations, computed here in plain NumPy."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from chainrule.backprop import ErrorTerms, explain
from chainrule.data import Arrays
from chainrule.errors import ChainruleError
from chainrule.executors.numpy_ import every_value
from chainrule.nn import Dense, Layer, MeanSquaredError, Sequential, adam, sgd
from chainrule.tasks.xor import XOR_T, XOR_X, explain_xor
from chainrule.training import Batch, Recipe, Supervised, initial_tree, training_step

assert_exact = partial(np.testing.assert_allclose, rtol=1e-12, atol=1e-15)


def sigma(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize("row", range(4))
@pytest.mark.parametrize("seed", [0, 7])
def test_xor_step_agrees_with_the_textbook_equations(row: int, seed: int) -> None:
    rate = 0.5
    page = explain_xor(seed=seed, row=row, rate=rate)
    w_h, b_h, w_y, b_y = (page.value(name) for name in ("W_h", "b_h", "W_y", "b_y"))
    x, t = XOR_X[row], XOR_T[row]

    h = sigma(w_h @ x + b_h)
    y = sigma(w_y @ h + b_y)
    error = 0.5 * np.sum((y - t) ** 2)
    delta_y = (y - t) * y * (1 - y)
    delta_h = (w_y.T @ delta_y) * h * (1 - h)

    assert_exact(page.value("h"), h)
    assert_exact(page.value("y"), y)
    assert_exact(page.value("E"), error)
    assert_exact(page.value("δ_y"), delta_y)
    assert_exact(page.value("δ_h"), delta_h)
    assert_exact(page.value("W_h after"), w_h - rate * np.outer(delta_h, x))
    assert_exact(page.value("b_h after"), b_h - rate * delta_h)
    assert_exact(page.value("W_y after"), w_y - rate * np.outer(delta_y, h))
    assert_exact(page.value("b_y after"), b_y - rate * delta_y)
    assert page.value("W_h").shape == (2, 2)
    assert page.value("W_y").shape == (1, 2)


def test_text_keeps_the_textbook_order_and_shows_shapes() -> None:
    text = explain_xor().text()
    order = [
        "h = σ(W_h x + b_h)",
        "y = σ(W_y h + b_y)",
        "E = ½ Σ (y − t)²",
        "δ_y = (y − t) σ'(z_y)",
        "δ_h = (W_yᵀ δ_y) σ'(z_h)",
        "W_h before",
        "W_h ← W_h − η · ∂E/∂W_h",
        "W_y before",
        "W_y ← W_y − η · ∂E/∂W_y",
    ]
    places = [text.index(each) for each in order]
    assert places == sorted(places)
    assert "(2, 2)" in text
    assert "(1, 2)" in text


def test_layers_without_letters_are_numbered_and_linear_ones_have_no_slope() -> None:
    recipe = Recipe(
        Supervised(Sequential([Dense(3, "tanh"), Dense(3, "gelu"), Dense(2)]), MeanSquaredError()), sgd(0.1)
    )
    example = Arrays.of(np.ones((1, 4), np.float32), np.ones((1, 2), np.float32))
    step = training_step(recipe, Batch.of(example, 1))
    values = every_value(step.program, initial_tree(recipe, step), example.named)
    page = explain(step.program, values, rate=0.1, error=ErrorTerms("E = mean (y − t)²", "(y − t)"))
    equations = [line.equation for section in page.sections for line in section.lines if line.equation]
    assert "a_1 = tanh(W_1 x + b_1)" in equations
    assert "a_2 = f(W_2 a_1 + b_2)" in equations
    assert "y = W_y a_2 + b_y" in equations
    assert "δ_y = (y − t)" in equations
    assert "δ_2 = (W_yᵀ δ_y) f'(z_2)" in equations
    with pytest.raises(KeyError):
        page.value("δ_9")


def test_more_than_one_example_is_refused() -> None:
    recipe = Recipe(Supervised(Sequential([Dense(2)]), MeanSquaredError()), adam())
    example = Arrays.of(np.ones((2, 4), np.float32), np.ones((2, 2), np.float32))
    step = training_step(recipe, Batch.of(example, 2))
    values = every_value(step.program, initial_tree(recipe, step), example.named)
    with pytest.raises(ChainruleError, match="one example"):
        explain(step.program, values, rate=0.1)


def test_several_inputs_are_refused_by_name() -> None:
    example = Arrays.of((np.ones((1, 4), np.float32),), np.ones((1, 2), np.float32))
    recipe = Recipe(Supervised(First(Dense(2)), MeanSquaredError()), sgd(0.1))
    program = training_step(recipe, Batch.of(example, 1)).program
    with pytest.raises(ChainruleError, match=r"one input and one target, x and y; this has x\.0, y"):
        explain(program, {}, rate=0.1)


@dataclass(frozen=True)
class First(Layer):
    dense: Layer

    def __call__(self, x):
        return self.dense(x[0])
