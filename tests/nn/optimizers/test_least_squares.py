"""Levenberg-Marquardt beside its recurrence by another Jacobian; its penalty beside scikit-learn's."""

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.linear_model import BayesianRidge
from tests.training.test_host_steps import MODEL, NAMES, X, Y, jacobian, residuals, settings

from chainrule import nn, train
from chainrule.errors import ChainruleError, ConfigError
from chainrule.nn.optimizers.least_squares import determined

SCALE = np.full(23, 23**-0.5)


@dataclass(frozen=True)
class Linear(nn.Layer):
    """Without a bias."""

    def __call__(self, x):
        return x @ self.param("weight", (3, 1), nn.zeros, x.dtype)


def by_factor(factor):
    """Hagan and Menhaj's damping: (damping, gain or None, failures in a row) -> damping."""
    return lambda damping, gain, _: damping * factor if gain is None else damping / factor


def nielsen(damping, gain, failures):
    """Nielsen's damping, with β = 2, γ = 3 and p = 3."""
    return damping * 2.0**failures if gain is None else damping * max(1 / 3, 1 - (2 * gain - 1) ** 3)


def recurrence(flat, damping, rule, decay, steps):
    """The papers' steps, with penalties as further residuals, solved by least squares without JᵀJ."""
    points = []

    def stacked(at):
        return np.concatenate([residuals(at, X, Y, SCALE), np.sqrt(decay / 2) * at])

    for _ in range(steps):
        r = stacked(flat)
        j = np.concatenate([jacobian(flat, X, Y, SCALE), np.diag(np.sqrt(decay / 2))])
        failures = 0
        while True:
            longer = np.concatenate([j, np.sqrt(damping) * np.eye(len(flat))])
            step = np.linalg.lstsq(longer, np.concatenate([r, 0 * flat]), rcond=None)[0]
            trial = stacked(flat - step)
            if trial @ trial < r @ r:
                linear = r - j @ step
                gain = (r @ r - trial @ trial) / (r @ r - linear @ linear)
                flat, damping = flat - step, rule(damping, gain, failures)
                break
            failures += 1
            damping = rule(damping, None, failures)
        points.append(flat)
    return points


@pytest.mark.parametrize(("rule", "law"), [("factor", by_factor(7.0)), ("gain", nielsen)])
@pytest.mark.parametrize("strength", [0.0, 0.02])
def test_the_points_are_those_of_the_papers(strength, rule, law):
    given = settings(optimizer=nn.LevenbergMarquardt(0.03, 7.0, rule=rule), penalties=[nn.L2(strength)])
    start = train(MODEL, (X, Y), epochs=1, **settings(optimizer=nn.sgd(1e-300)))
    flat = np.concatenate([start.parameters[name].ravel() for name in NAMES])
    decay = np.repeat([strength, 0.0, strength, 0.0], [12, 4, 8, 2])
    expected = recurrence(flat, 0.03, law, decay, 12)
    for steps in (1, 2, 5, 12):
        run = train(MODEL, (X, Y), epochs=steps, **given)
        ours = np.concatenate([run.parameters[name].ravel() for name in NAMES])
        np.testing.assert_allclose(ours, expected[steps - 1], rtol=1e-7, atol=1e-9, err_msg=str(steps))


def test_a_line_is_solved_and_then_nothing_moves():
    run = train(nn.Dense(2), (X, Y), optimizer=nn.LevenbergMarquardt(), epochs=40, **settings())
    solution = np.linalg.lstsq(np.column_stack([X, np.ones(23)]), Y, rcond=None)[0]
    np.testing.assert_allclose(run.parameters["dense_1.weight"], solution[:3], rtol=1e-8)
    np.testing.assert_allclose(run.parameters["dense_1.bias"], solution[3], rtol=1e-8)
    assert run.history[-1]["watch"]["optimizer"]["damping"] > 1e10
    assert run.history[-1]["loss"] == run.history[-2]["loss"]


def test_repeated_and_constant_columns_are_no_trouble():
    x = np.column_stack([X, X, np.zeros(23)])
    run = train(nn.Dense(2), (x, Y), optimizer=nn.LevenbergMarquardt(), epochs=40, **settings())
    best = np.linalg.lstsq(np.column_stack([X, np.ones(23)]), Y, rcond=None)
    assert run.history[-1]["loss"] == pytest.approx(best[1].sum() / 46, rel=1e-9)


def test_the_penalty_is_that_of_bayesian_ridge():
    """MacKay's fixed point for a linear model, whose priors scikit-learn iterates to in its own way."""
    y = X @ [1.0, -0.2, 0.02] + 0.3 * Y[:, 0]
    theirs = BayesianRidge(
        fit_intercept=False, alpha_1=0, alpha_2=0, lambda_1=0, lambda_2=0, tol=1e-12, max_iter=10_000
    ).fit(X, y)
    model = Linear()
    run = train(model, (X, y), optimizer=nn.BayesianRegularization(), epochs=200, **settings())
    np.testing.assert_allclose(run.parameters["linear_1.weight"][:, 0], theirs.coef_, rtol=1e-6)
    told = run.history[-1]["watch"]["optimizer"]
    assert told["penalty"] == pytest.approx(theirs.lambda_ / theirs.alpha_, rel=1e-5)
    errors = 23 / (theirs.lambda_ / theirs.alpha_ + np.linalg.eigvalsh(X.T @ X))
    effective = (np.linalg.eigvalsh(X.T @ X) * errors / 23).sum()
    assert told["effective_parameters"] == pytest.approx(effective, rel=1e-5)


def test_a_network_far_too_wide_keeps_to_what_the_data_determine():
    random = np.random.default_rng(1)
    x = random.uniform(-1, 1, (60, 1))
    y = np.sin(4 * x[:, 0]) + 0.1 * random.normal(size=60)
    model = nn.Sequential([nn.Dense(30, "tanh"), nn.Dense(1)])
    run = train(model, (x, y), optimizer=nn.BayesianRegularization(), epochs=150, **settings())
    told = run.history[-1]["watch"]["optimizer"]
    assert 4 < told["effective_parameters"] < 25  # of 91
    dense = np.linspace(-1, 1, 200)[:, None]
    assert np.sqrt(np.mean((run.predict(dense)[:, 0] - np.sin(4 * dense[:, 0])) ** 2)) < 0.07


def test_the_first_steps_have_no_penalty():
    method = nn.BayesianRegularization(free_steps=3)
    run = train(MODEL, (X, Y), optimizer=method, epochs=5, **settings())
    plain = train(MODEL, (X, Y), optimizer=nn.LevenbergMarquardt(), epochs=3, **settings())
    told = [record["watch"]["optimizer"] for record in run.history]
    assert [each["penalty"] > 0 for each in told] == [False, False, False, True, True]
    assert [each["effective_parameters"] for each in told[:4]] == [26.0] * 4
    assert told[4]["effective_parameters"] < 26
    assert [r["loss"] for r in run.history[:3]] == [r["loss"] for r in plain.history]


def test_parameters_that_the_data_determine_are_counted_by_eigenvalues():
    full = np.cov(np.random.default_rng(0).normal(size=(6, 40)))
    expected = np.trace(full @ np.linalg.inv(full + 0.3 * np.eye(6)))
    assert determined(full, 0.3) == pytest.approx(expected, rel=1e-12)
    singular = np.outer(np.arange(4.0), np.arange(4.0))  # one eigenvalue, 14
    assert determined(singular, 1.0) == pytest.approx(14 / 15)
    assert determined(singular, 1e-30) == pytest.approx(1, abs=1e-6)


def test_derivatives_that_overflow_are_told_in_a_line():
    x = np.full((4, 1), 1e200)
    with pytest.raises(ChainruleError) as caught:
        train(
            nn.Dense(1, weight=nn.zeros),
            (x, [0, 1, 2, 3]),
            epochs=2,
            **settings(optimizer=nn.LevenbergMarquardt()),
        )
    assert str(caught.value) == (
        "the derivatives of the residuals by the weights are not finite at these weights; "
        "scale inputs and targets to about 1, or begin with smaller weights"
    )


@pytest.mark.parametrize("kind", [nn.LevenbergMarquardt, nn.BayesianRegularization])
def test_settings_out_of_range(kind):
    for wrong, message in (
        ({"damping": 0}, "damping is 0; it must be above 0"),
        ({"factor": 1}, "factor is 1; it must be above 1"),
        ({"most": 1e-4}, "most is 0.0001; it must be above 0.001"),
    ):
        with pytest.raises(ConfigError) as caught:
            kind(**wrong)
        assert str(caught.value) == f"{kind.__name__}: {message}"
