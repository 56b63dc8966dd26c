"""What X and sample_weight may be: arrays, sparse matrices, DataFrames of numbers and of mixed columns."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from tests.estimators.helpers import blobs, mixed, slope

from chainrule import nn
from chainrule.errors import DataError
from chainrule.estimators import NetClassifier, NetRegressor

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
    with pytest.raises(DataError, match=r"y is NaN in row 4 \(and 1 more\)"):
        NetRegressor().fit(x, y)
    with pytest.raises(ValueError, match="could not convert string to float"):
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
        (["a"] * 20, "sample_weight holds what is no number"),
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
