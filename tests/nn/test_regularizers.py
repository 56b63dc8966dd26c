"""Penalties against NumPy, and their gradients against the numerical slope."""

from typing import Any, cast

import numpy as np
import pytest

from chainrule.backprop import check_direction
from chainrule.errors import ConfigError
from chainrule.nn.regularizers import L1, L2
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


@pytest.mark.parametrize("kind", [L1, L2])
def test_settings_out_of_range(kind):
    name = kind.__name__
    with pytest.raises(ConfigError, match=f"^{name}: strength is -0.1; it must be at least 0$"):
        kind(-0.1)
    with pytest.raises(
        ConfigError, match=f"^{name}: strength is None; it must be a finite number at least 0$"
    ):
        kind(cast(Any, None))
    with pytest.raises(ConfigError, match=f"^{name}: on is ''; it must be a text that is not empty$"):
        kind(0.1, "")
