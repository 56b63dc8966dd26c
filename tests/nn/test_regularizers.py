"""Penalties against NumPy, and their gradients against the numerical slope."""

from typing import Any, cast

import numpy as np
import pytest

from chainrule.backprop import check_direction
from chainrule.errors import ConfigError
from chainrule.nn.regularizers import L1, L2, Activity, ElasticNet, GroupLasso, Orthogonality
from chainrule.program import Trace

W = np.array([[1.0, -2.0], [0.5, 3.0]])
V = np.array([4.0, -5.0])


def test_values(evaluate):
    def both(penalty):
        return lambda w, v: penalty({"dense_1.weight": w, "dense_2.weight": v})

    assert evaluate(both(L1(0.1)), W, V) == pytest.approx(0.1 * (6.5 + 9), rel=1e-14)
    assert evaluate(both(L2(0.1)), W, V) == pytest.approx(0.05 * (14.25 + 41), rel=1e-14)


def test_only_what_matches_counts(evaluate):
    def penalty(on):
        return lambda w, v: L2(2.0, on)({"dense_1.weight": w, "dense_1.bias": v})

    assert evaluate(penalty("*weight"), W, V) == pytest.approx(14.25)
    assert evaluate(penalty("*bias"), W, V) == pytest.approx(41)
    assert evaluate(penalty("dense_1.*"), W, V) == pytest.approx(55.25)


def test_nothing_matches():
    w = Trace().parameter("dense.weight", (2,))
    assert L1(1.0, "*.kernel")({"dense.weight": w}) is None
    assert L2(1.0, "*.WEIGHT")({"dense.weight": w}) is None
    assert L2(1.0)({}) is None


def test_gradients(gradient, run):
    np.testing.assert_allclose(gradient(lambda w: L1(0.3)({"weight": w}), W), 0.3 * np.sign(W), rtol=1e-14)
    np.testing.assert_allclose(gradient(lambda w: L2(0.3)({"weight": w}), W), 0.3 * W, rtol=1e-14)
    penalties: list[Any] = [L1(0.3), L2(0.3)]
    for penalty in penalties:
        check_direction(lambda w, v, p=penalty: p({"a.weight": w, "b.weight": v}), [W, V], run, relative=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_penalty_has_the_dtype_of_the_parameters(dtype, evaluate):
    assert evaluate(lambda w: L2(0.1)({"weight": w}), W.astype(dtype)).dtype == dtype


@pytest.mark.parametrize("kind", [L1, L2, ElasticNet, GroupLasso, Orthogonality, Activity])
def test_settings_out_of_range(kind):
    name = kind.__name__
    with pytest.raises(ConfigError, match=f"^{name}: strength is -0.1; it must be at least 0$"):
        kind(-0.1)
    with pytest.raises(
        ConfigError, match=f"^{name}: strength is None; it must be a finite number at least 0$"
    ):
        kind(cast(Any, None))
    with pytest.raises(ConfigError, match=f"^{name}: on is ''; it must be a text that is not empty$"):
        kind(0.1, on="")
    with pytest.raises(ConfigError, match=r"^Activity: power is 3; it must be 1 or 2$"):
        Activity(0.1, 3)


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (2, 2, 3, 5)])
def test_orthogonality(shape, evaluate, run):
    w = np.random.default_rng(2).normal(size=shape)
    matrix = w.reshape(-1, shape[-1])
    matrix = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    expected = 0.3 * ((matrix.T @ matrix - np.eye(matrix.shape[1])) ** 2).sum()

    def penalty(w) -> Any:
        return Orthogonality(0.3)({"a.weight": w, "a.bias": w})

    assert evaluate(penalty, w) == pytest.approx(expected, rel=1e-12)
    check_direction(penalty, [w], run, relative=1e-7)
    u, _, v = np.linalg.svd(matrix, full_matrices=False)
    nearest = (u @ v).reshape(shape) if (u @ v).shape[-1] == shape[-1] else (u @ v).T.reshape(shape)
    assert evaluate(penalty, nearest) == pytest.approx(0, abs=1e-25)


def test_orthogonality_leaves_vectors_alone():
    assert Orthogonality(1.0)({"weight": Trace().parameter("weight", (3,))}) is None


@pytest.mark.parametrize("power", [1, 2])
def test_activity(power, evaluate, run):
    h = np.random.default_rng(2).normal(size=(5, 3))
    k = np.random.default_rng(3).normal(size=(5, 2, 2))

    def penalty(h, k) -> Any:
        return Activity(0.3, power).of_outputs({"dense_1": h, "dense_2": k})

    sums = (np.abs(h) ** power).sum(axis=1) + (np.abs(k) ** power).sum(axis=(1, 2))
    assert evaluate(penalty, h, k) == pytest.approx(0.3 * sums.mean() / power, rel=1e-12)
    check_direction(penalty, [h, k], run, relative=1e-7)
    only = evaluate(lambda h, k: Activity(1.0, 1, "*_1").of_outputs({"dense_1": h, "dense_2": k}), h, k)
    assert only == pytest.approx(np.abs(h).sum() / 5, rel=1e-12)


def test_penalties_of_parameters_say_nothing_of_outputs_and_the_other_way_round():
    w = Trace().parameter("dense.weight", (2, 2))
    assert Activity(1.0)({"dense.weight": w}) is None
    assert Activity(1.0, on="none").of_outputs({"dense": w}) is None
    for penalty in (L1(1.0), L2(1.0), Orthogonality(1.0)):
        assert penalty.of_outputs({"dense": w}) is None


def test_an_empty_batch_has_no_activity():
    assert Activity(1.0).of_outputs({"dense": Trace().input("h", (0, 3))}) is None


def test_elastic_net_is_the_weighed_sum_of_both(evaluate):
    found = evaluate(lambda w: ElasticNet(0.1, 0.3)({"dense_1.weight": w}), W)
    assert found == pytest.approx(0.1 * (0.3 * abs(W).sum() + 0.35 * (W * W).sum()), rel=1e-14)
    for share, other in ((0.0, L2(0.1)), (1.0, L1(0.1))):
        net = evaluate(lambda w, s=share: ElasticNet(0.1, s)({"weight": w}), W)
        assert net == pytest.approx(evaluate(lambda w, p=other: p({"weight": w}), W), rel=1e-14)
    with pytest.raises(ConfigError, match=r"^ElasticNet: share is 1.5; it must be at least 0 and at most 1"):
        ElasticNet(0.1, 1.5)


def test_group_lasso_sums_the_lengths_of_rows_or_columns(evaluate, run):
    kernel = np.arange(24.0).reshape(2, 3, 4) / 10 - 1
    groups = {
        "inputs": [kernel[:, i] for i in range(3)],
        "outputs": [kernel[..., o] for o in range(4)],
    }
    for of, parts in groups.items():
        penalty: Any = GroupLasso(0.5, of)
        expected = 0.5 * sum(np.sqrt(part.size) * np.linalg.norm(part) for part in parts)
        found = evaluate(lambda w, p=penalty: p({"conv1d_1.weight": w}), kernel)
        assert found == pytest.approx(expected, rel=1e-14)
        check_direction(lambda w, p=penalty: p({"weight": w}), [kernel], run, relative=1e-7)


def test_group_lasso_has_no_derivative_at_a_group_of_zeros(gradient):
    w = np.array([[0.0, 0.0], [3.0, 4.0]])
    found = gradient(lambda w: GroupLasso(1.0)({"weight": w}), w)
    np.testing.assert_allclose(found, np.sqrt(2) * np.array([[0, 0], [0.6, 0.8]]), rtol=1e-14)


def test_group_lasso_leaves_vectors_alone_and_refuses_other_groups():
    assert GroupLasso(1.0, on="*")({"bias": Trace().parameter("bias", (3,))}) is None
    with pytest.raises(ConfigError, match=r"^GroupLasso: of is 'input' \(did you mean 'inputs'\?\)"):
        GroupLasso(1.0, "input")
