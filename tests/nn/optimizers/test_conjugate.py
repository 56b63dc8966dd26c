"""Conjugate gradients against their papers, with the control flow written out in NumPy."""

import numpy as np
import pytest
from scipy.optimize import minimize
from tests.contracts.valley import Trained, gradient, start
from tests.nn.optimizers.test_quasi_newton import flat, shaped, value
from tests.training.helpers import line

from chainrule import nn, train
from chainrule.errors import ChainruleError, ConfigError
from chainrule.executors.native import available

CALLS = 40


def loss(at):
    return value(shaped(at))


def slopes(at):
    return flat(gradient(shaped(at)))


def moller(sigma, damping, calls):
    """Algorithm SCG of the paper, steps 1 to 9; every point at which it evaluates something."""
    w, seen = flat(start()), []
    r = p = -slopes(w)
    lam, bar, success, k = damping, 0.0, True, 1
    while len(seen) < calls:
        if success:
            sigma_k = sigma / np.linalg.norm(p)
            seen.append(w + sigma_k * p)
            s = (slopes(w + sigma_k * p) - slopes(w)) / sigma_k
            delta = p @ s
        delta = delta + (lam - bar) * (p @ p)
        if delta <= 0:
            bar = 2 * (lam - delta / (p @ p))
            delta = -delta + lam * (p @ p)
            lam = bar
        mu = p @ r
        alpha = mu / delta
        seen.append(w + alpha * p)
        fit = 2 * delta * (loss(w) - loss(w + alpha * p)) / mu**2
        if fit >= 0:
            w = w + alpha * p
            fresh = -slopes(w)
            bar, success = 0.0, True
            beta = 0.0 if k % len(w) == 0 else (fresh @ fresh - fresh @ r) / mu
            p_next = fresh + beta * p
            lam = lam / 4 if fit >= 0.75 else lam
            r = fresh
        else:
            bar, success, p_next = lam, False, p
        if fit < 0.25:
            lam = lam + delta * (1 - fit) / (p @ p)
        p, k = p_next, k + 1
    return seen


@pytest.mark.parametrize(("sigma", "damping"), [(1e-4, 1e-6), (1e-2, 3.0), (0.3, 1e-2)])
def test_the_points_are_those_of_mollers_algorithm(sigma, damping):
    expected = moller(sigma, damping, CALLS)
    trained = Trained(nn.ScaledConjugateGradient(damping, sigma), start())
    for number, (point, wanted) in enumerate(zip(trained.steps(CALLS), expected, strict=False), start=1):
        # Differences of gradients lose digits, the more the smaller sigma is.
        tolerance = 1e-12 if number < 8 and sigma > 1e-3 else 1e-5
        np.testing.assert_allclose(flat(point), wanted, rtol=tolerance, atol=tolerance, err_msg=str(number))


def conjugate(formula, curvature, calls):
    """Directions of Fletcher and Reeves or of Polak and Ribière, with Powell's restarts."""
    x, seen, direction = flat(start()), [], None
    before, alpha, old = x, 0.0, 0.0
    g = slopes(x)
    while len(seen) < calls:
        beta = 0.0
        if direction is not None and abs(g @ before) < 0.2 * (g @ g):
            top = g @ g if formula == "fletcher_reeves" else max(0.0, g @ (g - before))
            beta = top / (before @ before)
        new = -g if direction is None else -g + beta * direction
        if g @ new >= 0:
            new = -g
        first = g @ new
        alpha = min(1.0, 1 / np.abs(g).sum()) if direction is None else alpha * old / first
        direction, before, old = new, g, first
        low, high = (0.0, first), None
        for _ in range(20):
            seen.append(x + alpha * direction)
            slope = slopes(x + alpha * direction) @ direction
            if abs(slope) <= curvature * abs(first):
                break
            if slope > 0:
                high = (alpha, slope)
            else:
                low = (alpha, slope)
            if high is None:
                alpha *= 2
            else:
                share = np.clip(-low[1] / (high[1] - low[1]), 0.1, 0.9)
                alpha = low[0] + (high[0] - low[0]) * share
        x = x + alpha * direction
        g = slopes(x)
    return seen


@pytest.mark.parametrize("formula", ["polak_ribiere", "fletcher_reeves"])
@pytest.mark.parametrize("curvature", [0.1, 0.4])
def test_the_points_are_those_of_conjugate_gradients(formula, curvature):
    expected = conjugate(formula, curvature, CALLS)
    trained = Trained(nn.ConjugateGradient(formula, curvature), start())
    for number, (point, wanted) in enumerate(zip(trained.steps(CALLS), expected, strict=False), start=1):
        np.testing.assert_allclose(flat(point), wanted, rtol=1e-9, atol=1e-10, err_msg=str(number))


METHODS = [nn.ScaledConjugateGradient(), nn.ConjugateGradient(), nn.ConjugateGradient("fletcher_reeves")]


@pytest.mark.parametrize("method", METHODS)
def test_the_valley_is_walked_to_its_end(method):
    trained = Trained(method, start())
    list(trained.steps(400))
    ours = flat(trained.evaluated())
    theirs = minimize(loss, ours, jac=slopes)
    np.testing.assert_allclose(ours, theirs.x, atol=1e-6)
    assert np.isfinite(ours).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_start_without_a_slope_stays(method):
    model = nn.Dense(1, weight=nn.zeros)
    x, y = line(30)
    run = train(model, (x, y * 0), optimizer=method, epochs=5, loss="mean_squared_error", batch_size=30)
    assert not any(array.any() for array in run.parameters.values())


@pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
@pytest.mark.parametrize("method", METHODS)
def test_both_executors_walk_the_same_way(method):
    random = np.random.default_rng(5)
    x, y = random.normal(size=(40, 3)), random.normal(size=(40, 2))
    model = nn.Sequential([nn.Dense(4, "tanh"), nn.Dense(2)])
    settings = {"loss": "mean_squared_error", "optimizer": method, "epochs": 8, "batch_size": 40}
    one, other = train(model, (x, y), **settings), train(model, (x, y), executor="numpy", **settings)
    for name, array in one.parameters.items():
        np.testing.assert_allclose(array, other.parameters[name], rtol=2e-2, atol=2e-3)


@pytest.mark.parametrize("method", METHODS)
def test_state_keeps_names_shapes_and_dtypes_and_resumes(method):
    for dtype in ("float32", "float64"):
        trained = Trained(method, start(dtype))
        before = {n: (a.shape, a.dtype.name) for n, a in trained.state.items()}
        list(trained.steps(4))
        assert {n: (a.shape, a.dtype.name) for n, a in trained.state.items()} == before
        resumed = Trained(method, start(dtype))
        for key, array in trained.tree.items():
            resumed.tree[key][...] = array
        list(trained.steps(3))
        list(resumed.steps(3))
        assert all(resumed.tree[n].tobytes() == trained.tree[n].tobytes() for n in trained.tree)


@pytest.mark.parametrize("method", METHODS)
def test_batches_that_differ_are_refused(method):
    with pytest.raises(ConfigError, match="the optimizer needs all 30 examples in every step"):
        train(nn.Dense(1), line(30), loss="mean_squared_error", optimizer=method, batch_size=16)


def test_settings_out_of_range_and_a_missing_loss():
    for make, message in (
        (lambda: nn.ScaledConjugateGradient(0.0), "damping is 0.0; it must be above 0"),
        (lambda: nn.ScaledConjugateGradient(sigma=-1), "sigma is -1; it must be above 0"),
        (lambda: nn.ConjugateGradient("powell"), "formula is 'powell'"),
        (lambda: nn.ConjugateGradient(curvature=1), "curvature is 1; it must be above 0 and below 1"),
    ):
        with pytest.raises(ConfigError, match=message):
            make()
    with pytest.raises(ChainruleError, match="asks for the loss; call its update_at"):
        nn.ScaledConjugateGradient().update({}, {}, {})
