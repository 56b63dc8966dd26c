"""What X and sample_weight may be: arrays, sparse matrices, DataFrames of numbers and of mixed columns."""

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from tests.estimators.helpers import blobs, mixed, slope

from chainrule import nn
from chainrule.errors import DataError
from chainrule.estimators import NetClassifier, NetRegressor, PerceptronClassifier

ALIKE: dict[str, Any] = {"max_iter": 4, "random_state": 0}


def test_a_sparse_matrix_and_a_frame_of_numbers_are_the_array_they_hold():
    x, y = blobs(60)
    x[x < 0] = 0
    dense = NetClassifier((8,), **ALIKE).fit(x, y).decision_function(x).tolist()
    for given in (sparse.csr_matrix(x), sparse.coo_array(x), pd.DataFrame(x, columns=list("abcd"))):
        net = NetClassifier((8,), **ALIKE).fit(given, y)
        assert net.decision_function(given).tolist() == dense
    assert net.feature_names_in_.tolist() == list("abcd")


def test_mixed_columns_are_prepared_and_missing_values_filled_in():
    frame, y = mixed()
    net = NetClassifier((16,), max_iter=60, learning_rate_init=0.02, random_state=0)
    net.fit(frame[:120], y[:120])
    assert net.score(frame[120:], y[120:]) > 0.95
    assert net.feature_names_in_.tolist() == list(frame.columns)
    assert net.n_features_in_ == 4
    unseen = frame[:3].assign(town="west", age=np.nan)
    assert net.predict_proba(unseen).shape == (3, 2)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        assert net.predict(frame.to_numpy()).tolist() == net.predict(frame).tolist()


def test_a_number_that_is_no_column_is_a_constant_column():
    frame, y = mixed()
    net = NetClassifier((4,), max_iter=2).fit(frame.assign(country="here"), y)
    assert any("country" in note for note in net.notes_)


def test_columns_that_do_not_fit_are_refused():
    frame, y = mixed()
    net = NetClassifier((4,), max_iter=2).fit(frame, y)
    with pytest.raises(ValueError, match=r"yet now missing:\n- age"):
        net.predict(frame.drop(columns="age"))
    with pytest.raises(ValueError, match="must be in the same order"):
        net.predict(frame[frame.columns[::-1]])
    with pytest.raises(DataError, match="column 'age', row 0: 'old' is not a number"):
        net.predict(frame.astype({"age": object}).assign(age="old"))
    numbers = NetRegressor((4,), max_iter=2).fit(frame[["age"]].fillna(0), np.arange(len(frame)))
    with pytest.raises(
        DataError, match=r"X is NaN in row \d+, column 0 .*fit on a DataFrame that has missing"
    ):
        numbers.predict(frame[["age"]])


def test_what_is_no_number_is_refused_by_row_and_column():
    x, y = slope(20)
    x[3, 2] = np.inf
    with pytest.raises(DataError, match="X is inf in row 3, column 2; fill it in, or give a DataFrame"):
        NetRegressor().fit(x, y)
    x, y = slope(20)
    y[4:6] = np.nan
    with pytest.raises(DataError, match=r"y is missing in row 4, and in 1 more"):
        NetRegressor().fit(x, y)
    with pytest.raises(ValueError, match="X holds the text 'a' in row 0, column 0; give the table as"):
        NetRegressor().fit([["a"], ["b"]], [1, 2])
    with pytest.raises(DataError, match="far beyond what was seen in training"):
        NetRegressor((2,), max_iter=1).fit(np.arange(9.0)[:, None], np.arange(9)).predict([[1e300]])


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1.0, 2.0], r"sample_weight has shape \(2,\), and X has 20 rows"),
        (np.ones((20, 2)), r"sample_weight has shape \(20, 2\), and X has 20 rows"),
        (np.r_[-1, np.ones(19)], "sample_weight is -1 in row 0; give weights of at least 0"),
        (np.r_[1, np.nan, np.ones(18)], "sample_weight is NaN in row 1"),
        (np.zeros(20), "sample_weight: every weight is zero"),
        (["a"] * 20, "sample_weight holds values that are not numbers"),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(np.shape(value)),
)
def test_weights_that_do_not_fit_are_refused(weight, message):
    x, y = slope(20)
    with pytest.raises(DataError, match=message):
        NetRegressor((2,)).fit(x, y, weight)


def test_rows_of_weight_0_are_not_there():
    x, y = blobs(60)
    weight = np.r_[np.ones(45), np.zeros(15)]
    x[50:] = 1e30
    some = NetClassifier((8,), **ALIKE).fit(x, y, weight)
    rest = NetClassifier((8,), **ALIKE).fit(x[:45], y[:45])
    assert some.decision_function(x[:45]).tolist() == rest.decision_function(x[:45]).tolist()
    with pytest.raises(DataError, match="y has 1 class, 1; a classifier needs at least 2"):
        NetClassifier().fit(x, np.arange(60) % 2, np.arange(60) % 2)


def test_whole_numbers_that_are_looked_up_stay_whole():
    random = np.random.default_rng(0)
    tokens = random.integers(0, 12, size=(80, 5))
    y = (tokens == 3).any(axis=1)
    net = NetClassifier(
        [nn.Embedding(12, 4), nn.Flatten(), 16], max_iter=80, learning_rate_init=0.02, random_state=0
    )
    assert net.fit(tokens, y).score(tokens, y) > 0.9
    with pytest.raises(DataError, match="token 12 in row 0; the vocabulary has 12"):
        net.predict(np.full((1, 5), 12))


def test_columns_may_stay_as_they_are():
    x, y = slope(100)
    raw = NetRegressor((8,), standardize=False, **ALIKE).fit(10 + x, y)
    assert raw.loss_ > NetRegressor((8,), **ALIKE).fit(10 + x, y).loss_


@pytest.mark.parametrize("factor", [2.0**-170, 1e-50, 1e15, 2.0**200])
@pytest.mark.parametrize("kind", [NetClassifier, NetRegressor])
def test_weights_of_any_size_count_in_proportion(kind, factor):
    x, y = blobs(60) if kind is NetClassifier else slope(60)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    nets = [
        kind((8,), alpha=0, max_iter=5, random_state=0).fit(x, y, each) for each in (weight, factor * weight)
    ]
    outputs = [net.decision_function(x) if kind is NetClassifier else net.predict(x) for net in nets]
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-4, atol=1e-5)


def test_a_power_of_two_changes_no_bit():
    x, y = blobs(60)
    weight = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    nets = [
        NetClassifier((8,), alpha=0, max_iter=5, random_state=0).fit(x, y, w) for w in (weight, 8 * weight)
    ]
    assert nets[0].decision_function(x).tolist() == nets[1].decision_function(x).tolist()


@pytest.mark.parametrize("factor", [1e-50, 1e15])
def test_equal_weights_of_any_size_are_none(factor):
    x, y = blobs(60)
    net, other = (NetClassifier((8,), max_iter=5, random_state=0) for _ in range(2))
    weighted = net.fit(x, y, np.full(60, factor)).decision_function(x)
    assert weighted.tolist() == other.fit(x, y).decision_function(x).tolist()


def test_class_weights_of_any_size_count_in_proportion():
    x, y = blobs(60)
    nets = [
        NetClassifier((8,), class_weight={0: c, 1: 2 * c, 2: 3 * c}, alpha=0, max_iter=5, random_state=0).fit(
            x, y
        )
        for c in (1.0, 1e-50)
    ]
    np.testing.assert_allclose(nets[0].predict_proba(x), nets[1].predict_proba(x), rtol=1e-4, atol=1e-5)


LABELS = ["a", "b", None, "a", "b", "a"]
NUMBERS = [0.0, 1.0, None, 0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    "y",
    [
        *(LABELS, np.array(LABELS, object), np.array(NUMBERS, float), pd.Series(LABELS)),
        *(pd.Series(LABELS, dtype=dtype) for dtype in ("string", "category", "string[pyarrow]")),
        *(pd.Series(NUMBERS, dtype=dtype) for dtype in ("Int64", "Float64", "boolean", "int64[pyarrow]")),
        *(pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02", None] * 2)), pl.Series(LABELS)),
    ],
    ids=lambda y: str(getattr(y, "dtype", "list")),
)
@pytest.mark.parametrize("net", [NetClassifier(()), NetRegressor(()), PerceptronClassifier()])
def test_a_missing_label_is_told_by_its_row(net, y):
    with pytest.raises(DataError, match=r"^y is missing in row 2[,;]"):
        net.fit(np.arange(12.0).reshape(6, 2), y)


def test_frames_of_polars_are_prepared_as_those_of_pandas():
    frame, y = mixed()
    frame = frame.select_dtypes(exclude="datetime")
    net = NetClassifier((4,), max_iter=2, random_state=0).fit(pl.from_pandas(frame), y)
    other = NetClassifier((4,), max_iter=2, random_state=0).fit(frame, y)
    assert net.predict_proba(pl.from_pandas(frame)).tolist() == other.predict_proba(frame).tolist()


def test_objects_and_lists_are_the_numbers_they_hold():
    x, y = slope(20)
    expected = NetRegressor((4,), max_iter=2, random_state=0).fit(x, y).predict(x).tolist()
    for given in (x.astype(object), x.tolist(), [[Decimal(value) for value in row] for row in x.tolist()]):
        net = NetRegressor((4,), max_iter=2, random_state=0).fit(given, y)
        assert net.predict(given).tolist() == expected


@pytest.mark.parametrize("settings", [{}, {"standardize": False}, {"layers": (8,), "standardize": False}])
def test_bytes_are_the_numbers_that_they_hold(settings: dict[str, Any]):
    x = np.random.default_rng(0).integers(0, 256, (60, 9)).astype(np.uint8)
    y = x[:, 0] > 100
    net, other = (NetClassifier(**ALIKE | settings).fit(given, y) for given in (x, x.astype(float)))
    found = net.predict_proba(x)
    assert found.dtype == np.float64
    assert found.tobytes() == other.predict_proba(x.astype(float)).tobytes()
