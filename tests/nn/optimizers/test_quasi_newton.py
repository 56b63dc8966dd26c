"""L-BFGS against its textbook form in NumPy, and against minima that scipy and scikit-learn find."""

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from tests.contracts.valley import NAMES, STEPS, Trained, gradient, start
from tests.training.helpers import line

from chainrule import nn, train
from chainrule.errors import ConfigError
from chainrule.executors.native import available
from chainrule.nn import LBFGS


def flat(point):
    return np.concatenate([point[name].ravel() for name in NAMES])


def shaped(vector):
    return {"layer.weight": vector[:6].reshape(2, 3), "layer.bias": vector[6:]}


def inverse_hessian(pairs, size):
    """H by the update of Broyden, Fletcher, Goldfarb and Shanno, as a matrix, from the oldest pair on."""
    if not pairs:
        return np.eye(size)
    s, y = pairs[-1]
    h = s @ y / (y @ y) * np.eye(size)
    for s, y in pairs:
        left = np.eye(size) - np.outer(s, y) / (s @ y)
        h = left @ h @ left.T + np.outer(s, s) / (s @ y)
    return h


def textbook(memory, curvature, evaluations, calls):
    """The points at which each call takes the gradient, with the control flow written out."""
    x, pairs, seen = flat(start()), [], []

    def slope_at(at):
        seen.append(at)
        return flat(gradient(shaped(at)))

    g = slope_at(x)
    while len(seen) <= calls:
        d = -inverse_hessian(pairs[-memory:], len(x)) @ g
        alpha = 1.0 if pairs else min(1.0, 1 / np.abs(g).sum())
        low, high, first = (0.0, g @ d), None, g @ d
        for trial in range(1, evaluations + 1):
            there = slope_at(x + alpha * d)
            slope = there @ d
            if abs(slope) <= curvature * abs(first) or trial == evaluations:
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
        s, y = alpha * d, there - g
        if s @ y > 0:
            pairs.append((s, y))
        x, g = x + s, there
    return seen


@pytest.mark.parametrize(
    ("memory", "curvature", "evaluations"), [(10, 0.5, 20), (3, 0.1, 20), (1, 0.9, 20), (5, 0.05, 2)]
)
def test_the_trial_points_are_those_of_the_textbook(memory, curvature, evaluations):
    expected = textbook(memory, curvature, evaluations, 25)
    trained = Trained(LBFGS(memory, curvature, evaluations), start())
    for number, point in enumerate(trained.steps(25), start=1):
        np.testing.assert_allclose(flat(point), expected[number], rtol=1e-7, atol=1e-9, err_msg=str(number))


def test_the_valley_is_walked_to_its_end():
    trained = Trained(LBFGS(), start())
    list(trained.steps(STEPS))
    ours = trained.evaluated()
    assert np.abs(flat(gradient(ours))).max() < 1e-9
    theirs = minimize(lambda v: value(shaped(v)), flat(ours), jac=lambda v: flat(gradient(shaped(v))))
    np.testing.assert_allclose(flat(ours), theirs.x, atol=1e-7)


def value(point):
    weight, bias = point["layer.weight"], point["layer.bias"]
    return ((1 - bias) ** 2).sum() + 2 * ((weight - bias[:, None] ** 2) ** 2).sum() + 0.1 * (weight**4).sum()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_logistic_regression_is_that_of_scikit_learn(dtype):
    random = np.random.default_rng(3)
    x = random.normal(size=(200, 5)) * [1, 2, 0.3, 1, 5]
    y = (x @ [1.0, -0.5, 2.0, 0.0, 0.1] + random.logistic(size=200) > 0).astype(int)
    run = train(
        nn.Dense(1, weight=nn.zeros),
        (x, y),
        loss=nn.BinaryCrossEntropy(),
        optimizer=LBFGS(),
        penalties=[nn.L2(0.01)],
        epochs=60,
        batch_size=200,
        dtype=dtype,
    )
    reference = LogisticRegression(C=1 / (0.01 * 200), tol=1e-10, max_iter=1000).fit(x, y)
    tolerance = 1e-6 if dtype == "float64" else 1e-3
    np.testing.assert_allclose(run.parameters["dense_1.weight"][:, 0], reference.coef_[0], atol=tolerance)
    np.testing.assert_allclose(run.parameters["dense_1.bias"], reference.intercept_, atol=tolerance)


def test_a_quadratic_is_solved_and_then_nothing_moves():
    x, y = line(30)
    settings = {"loss": nn.MeanSquaredError(), "batch_size": 30, "dtype": "float64"}
    run = train(nn.Dense(1), (x, y), optimizer=LBFGS(), epochs=40, **settings)
    design = np.column_stack([x, np.ones(30)])
    solution = np.linalg.lstsq(design, y, rcond=None)[0]
    np.testing.assert_allclose(run.parameters["dense_1.weight"], solution[:3], rtol=1e-7)
    np.testing.assert_allclose(run.parameters["dense_1.bias"], solution[3], rtol=1e-7)
    assert np.isfinite([record["loss"] for record in run.history]).all()


@pytest.mark.parametrize(
    "optimizer",
    [LBFGS(), nn.chain(LBFGS(), nn.MaxNorm(3.0)), nn.Accumulate(LBFGS(), 2), nn.Partition((("*", LBFGS()),))],
)
def test_batches_that_differ_are_refused(optimizer):
    with pytest.raises(ConfigError) as caught:
        train(nn.Dense(1), line(30), loss=nn.MeanSquaredError(), optimizer=optimizer, batch_size=16)
    assert str(caught.value) == (
        "the optimizer needs all 30 examples in every step, and batch_size is 16; "
        "take them all (batch_size=30), or choose another optimizer, such as adam()"
    )


def test_kinks_do_not_stop_it():
    x, y = line(40)
    settings = {"loss": nn.MeanAbsoluteError(), "batch_size": 40, "dtype": "float64"}
    run = train(nn.Dense(1), (x, y), optimizer=LBFGS(), epochs=300, **settings)
    best = minimize(
        lambda v: np.abs(x @ v[:3] + v[3] - y[:, 0]).mean(), np.zeros(4), method="Nelder-Mead", tol=1e-10
    )
    prediction = run.predict(x)
    assert np.abs(prediction - y).mean() < 1.1 * best.fun


@pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
def test_both_executors_walk_the_same_way():
    random = np.random.default_rng(5)
    x, y = random.normal(size=(40, 3)), random.normal(size=(40, 2))
    model = nn.Sequential([nn.Dense(4, "tanh"), nn.Dense(2)])
    settings = {"loss": nn.MeanSquaredError(), "optimizer": LBFGS(4), "epochs": 12, "batch_size": 40}
    one, other = train(model, (x, y), **settings), train(model, (x, y), executor="numpy", **settings)
    for name, array in one.parameters.items():
        np.testing.assert_allclose(array, other.parameters[name], rtol=1e-2, atol=1e-3)


def test_state_keeps_names_shapes_and_dtypes_and_resumes():
    for dtype in ("float32", "float64"):
        trained = Trained(LBFGS(3), start(dtype))
        before = {n: (a.shape, a.dtype.name) for n, a in trained.state.items()}
        list(trained.steps(4))
        assert {n: (a.shape, a.dtype.name) for n, a in trained.state.items()} == before
        resumed = Trained(LBFGS(3), start(dtype))
        for key, array in trained.tree.items():
            resumed.tree[key][...] = array
        list(trained.steps(3))
        list(resumed.steps(3))
        assert all(resumed.tree[n].tobytes() == trained.tree[n].tobytes() for n in trained.tree)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LBFGS(0), "LBFGS: memory is 0; it must be a whole number, at least 1"),
        (lambda: LBFGS(curvature=1), "LBFGS: curvature is 1; it must be above 0 and below 1"),
        (lambda: LBFGS(evaluations=0), "LBFGS: evaluations is 0; it must be a whole number, at least 1"),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value) == message
