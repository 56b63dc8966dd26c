"""The numerical check itself: it passes right derivatives and catches wrong ones."""

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from chainrule.backprop import check_direction, reverse
from chainrule.backprop.rules import RULES
from chainrule.backprop.rules.recorded import RecordedStep
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Program, Tensor
from chainrule.program import functions as f


def run(program: Program, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    return compile_numpy(program).run({}, inputs)


X = np.array([[0.3, -1.2, 0.8], [1.1, 0.4, -0.6]])


@pytest.mark.parametrize("order", [1, 2, 3])
def test_right_derivatives_pass(order: int):
    error = check_direction(lambda x: f.tanh(x) * f.exp(x), [X], run, order=order)
    assert 0 <= error < 1e-9


# Each leaves something out of its derivative.
WRONG: dict[str, Callable[[Tensor], Tensor]] = {
    "a_factor_held": lambda x: x * f.stop_gradient(f.sin(x)),
    "a_small_term_held": lambda x: f.exp(x) + f.stop_gradient(x * 1e-4),
    "one_row_held": lambda x: f.concatenate([x[:1], f.stop_gradient(x[1:])], 0) * 2.0,
    "everything_held": f.stop_gradient,
    "whole_numbers": lambda x: f.floor(x * 1000.0),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_derivatives_are_caught(name: str):
    with pytest.raises(AssertionError, match=r"^derivative \S+, slope \S+: relative error \S+$"):
        check_direction(WRONG[name], [X], run)


def test_wrong_second_derivative_is_caught_though_the_first_is_right():
    def function(x: Tensor) -> Tensor:
        # Worth x² with the derivative 2x, but a second derivative of 0 since 2x is held.
        held = f.stop_gradient(x)
        return 2.0 * held * x - held * held

    with pytest.raises(AssertionError, match="relative error"):
        check_direction(function, [X], run, order=2)


@pytest.mark.parametrize("factor", [-1.0, 0.0, 1.00001, np.nan])
def test_a_wrong_rule_is_caught(factor: float, monkeypatch: pytest.MonkeyPatch):
    def wrong(step: RecordedStep, d_y: Tensor) -> tuple[Tensor]:
        (x,) = step.inputs
        return (d_y * f.cos(x) * factor,)

    monkeypatch.setattr(reverse, "RULES", dict(RULES) | {"sin": wrong})
    check_direction(f.exp, [X], run)
    with pytest.raises(AssertionError, match="relative error"):
        check_direction(f.sin, [X], run)


def test_a_rule_that_forgets_one_input_is_caught(monkeypatch: pytest.MonkeyPatch):
    right = RULES["multiply"]
    monkeypatch.setattr(reverse, "RULES", dict(RULES) | {"multiply": lambda s, d: (right(s, d)[0], None)})
    with pytest.raises(AssertionError, match="relative error"):
        check_direction(lambda x: f.exp(x) * f.sin(x), [X], run)


def test_the_error_is_relative():
    assert check_direction(lambda x: f.sin(x) * 1e8, [X], run) < 1e-9
    assert check_direction(lambda x: f.sin(x) * 1e-8, [X], run) < 1e-9
    with pytest.raises(AssertionError):
        check_direction(lambda x: (f.sin(x) + f.stop_gradient(x)) * 1e-8, [X], run)


def test_the_limit_is_the_callers():
    def slightly_wrong(x: Tensor) -> Tensor:
        return x + f.stop_gradient(x) * 1e-5

    with pytest.raises(AssertionError):
        check_direction(slightly_wrong, [X], run, relative=1e-7)
    error = check_direction(slightly_wrong, [X], run, relative=1e-3)
    assert 1e-7 < error < 1e-3


def test_only_float64_arguments_vary():
    seen = []

    def watching(program: Program, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        seen.append(inputs)
        return run(program, inputs)

    def picked(x: Tensor, indices: Tensor, condition: Tensor) -> Tensor:
        return f.where(condition, f.gather(f.sin(x), indices), 0.0)

    indices, condition = np.array([1, 1], np.int32), np.array([[True, False, True]])
    check_direction(picked, [X, indices, condition], watching)
    for inputs in seen:
        assert inputs["x1"] is indices
        assert inputs["x2"] is condition
    assert any((inputs["x0"] != X).all() for inputs in seen)


def test_same_seed_same_error():
    errors = [check_direction(f.tanh, [X], run, seed=seed) for seed in (4, 4, 5)]
    assert errors[0] == errors[1]
    assert errors[0] != errors[2]


def test_nothing_to_vary_is_no_error():
    assert check_direction(f.sin, [np.zeros((0, 3))], run) == 0
    assert check_direction(f.sin, [np.zeros((0, 3))], run, order=2) == 0
