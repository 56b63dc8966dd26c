"""Regression targets: scikit-learn's PowerTransformer is the oracle for Yeo and Johnson's power."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import PowerTransformer

from chainrule.data.target import TargetScale, fit_target, skewness

RANDOM = np.random.default_rng(0)
NORMAL = RANDOM.normal(5, 2, 500)
PRICES = np.exp(RANDOM.normal(3, 1, 500))
BOTH_SIGNS = PRICES - 30


def fitted(values: np.ndarray, *, transform: bool = True) -> TargetScale:
    return fit_target(pd.Series(values, name="y"), "t.csv", transform=transform)


@pytest.mark.parametrize(
    ("values", "transform"), [(NORMAL, "none"), (PRICES, "log1p"), (BOTH_SIGNS, "yeo_johnson")]
)
def test_the_transform_by_the_skewness_and_back(values: np.ndarray, transform: str) -> None:
    scale = fitted(values)
    assert scale.transform == transform
    scaled = scale.applied(values)
    assert (scaled.mean(), scaled.std()) == pytest.approx((0, 1), abs=1e-9)
    assert abs(skewness(scaled)) < max(abs(skewness(values)) / 2, 1)
    np.testing.assert_allclose(scale.inverted(scaled), values, rtol=1e-9)
    assert TargetScale(**json.loads(json.dumps(asdict(scale)))) == scale


def test_nothing_is_transformed_unless_asked() -> None:
    assert fitted(PRICES, transform=False).transform == "none"


@pytest.mark.parametrize("sign", [1, -1])
def test_yeo_johnson_is_scikit_learns(sign: int) -> None:
    values = sign * BOTH_SIGNS
    oracle: Any = PowerTransformer().fit(values[:, None])
    scale = fitted(values)
    assert scale.transform == "yeo_johnson"
    np.testing.assert_allclose(
        scale.applied(values), oracle.transform(values[:, None])[:, 0], rtol=1e-6, atol=1e-9
    )
    inner = np.linspace(-2, 2, 50)
    np.testing.assert_allclose(
        scale.inverted(inner), oracle.inverse_transform(inner[:, None])[:, 0], rtol=1e-6
    )


@pytest.mark.parametrize("power", [0.0, 2.0, 0.5, -0.7, 3.1])
def test_powers_of_every_kind_are_inverted(power: float) -> None:
    values = np.linspace(-3, 3, 31)
    scale = TargetScale("yeo_johnson", power, 0.0, 1.0, -1e9, 1e9)
    np.testing.assert_allclose(scale.inverted(scale.applied(values)), values, rtol=1e-9, atol=1e-12)


def test_predictions_beyond_the_training_rows_stay_finite() -> None:
    for values in (PRICES, BOTH_SIGNS):
        scale = fitted(values)
        far = scale.inverted(np.array([-1e6, 1e6]))
        assert np.isfinite(far).all()
        assert far[0] <= values.min()
        assert far[1] >= values.max()
