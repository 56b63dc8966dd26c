"""scikit-learn's own checks of estimators."""

from typing import Any

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator

from chainrule.estimators import NetClassifier, NetRegressor, PerceptronClassifier

pytestmark = pytest.mark.filterwarnings("ignore")  # the checks provoke warnings, and look at them themselves


def failed(estimator: BaseEstimator) -> list[str]:
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    assert len(results) > 50
    return [f"{r['check_name']}: {r['exception']}" for r in results if r["status"] == "failed"]


@pytest.mark.parametrize(
    "estimator",
    [
        NetClassifier(),
        NetRegressor(),
        NetClassifier((16,), max_iter=60, learning_rate_init=0.01),
        NetRegressor((16,), dtype="float64", max_iter=60, learning_rate_init=0.01),
        NetClassifier((16,), max_iter=60, learning_rate_init=0.01, doctor="repair"),
        NetRegressor((16,), max_iter=60, learning_rate_init=0.01, doctor="advise"),
        PerceptronClassifier(max_iter=100),
    ],
    ids=str,
)
def test_every_check_passes(estimator: BaseEstimator):
    assert failed(estimator) == []


@pytest.mark.parametrize("kind", [NetClassifier, NetRegressor])
@pytest.mark.parametrize(
    "settings",
    [
        *({"solver": solver} for solver in ("adam", "nesterov", "adamw", "lbfgs")),
        {"dropout": 0.2},
        {"batch_norm": True},
        {"dtype": "float64"},
    ],
    ids=str,
)
def test_weighting_rows_is_repeating_them(kind: type[NetClassifier | NetRegressor], settings: dict[str, Any]):
    estimator = kind((16,), max_iter=30, **settings)
    for check in ("dense", "sparse"):
        getattr(estimator_checks, f"check_sample_weight_equivalence_on_{check}_data")(
            kind.__name__, estimator
        )
