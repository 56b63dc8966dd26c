"""scikit-learn's own checks of estimators."""

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator

from chainrule.estimators import NetClassifier, NetRegressor, PerceptronClassifier

# Rows repeated and rows weighted are to lead to the same answers within 1e-7, which no training in float32
# does; and the default network draws dropout for each row. scikit-learn runs this check of its own networks
# with another solver than their default; below, it is run in float64 with several.
ROUNDING = "rounding in float32, and dropout, differ by more than 1e-7 where rows are weighted or repeated"
EXPECTED = {f"check_sample_weight_equivalence_on_{kind}_data": ROUNDING for kind in ("dense", "sparse")}
pytestmark = pytest.mark.filterwarnings("ignore")  # the checks provoke warnings, and look at them themselves


def failed(estimator: BaseEstimator, expected: dict[str, str] | None = None) -> list[str]:
    results = check_estimator(estimator, on_fail=None, on_skip=None, expected_failed_checks=expected or {})
    assert len(results) > 50
    return [f"{r['check_name']}: {r['exception']}" for r in results if r["status"] == "failed"]


@pytest.mark.parametrize(
    "estimator",
    [
        NetClassifier((16,), dtype="float64", max_iter=60, learning_rate_init=0.01),
        NetRegressor((16,), dtype="float64", max_iter=60, learning_rate_init=0.01),
        PerceptronClassifier(max_iter=100),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_every_check_passes(estimator):
    assert failed(estimator) == []


@pytest.mark.parametrize(
    "estimator",
    [NetClassifier(max_iter=30), NetRegressor(max_iter=30)],
    ids=lambda estimator: type(estimator).__name__,
)
def test_every_check_but_that_of_weights_passes_for_the_default_network(estimator):
    assert failed(estimator, EXPECTED) == []


@pytest.mark.parametrize("kind", [NetClassifier, NetRegressor])
@pytest.mark.parametrize("solver", ["adam", "nesterov", "adamw", "lbfgs"])
def test_weighting_rows_is_repeating_them(kind, solver):
    estimator = kind((16,), dtype="float64", max_iter=30, solver=solver)
    for check in EXPECTED:
        getattr(estimator_checks, check)(kind.__name__, estimator)
