"""Predicting at once: by several threads, of many rows in little memory, of usual arrays without delay."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from chainrule.errors import DataError
from chainrule.estimators import NetClassifier, NetRegressor
from chainrule.training.programs import BLOCK_ROWS

RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(60, 4))
CLASSES = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


@pytest.fixture(scope="module")
def classifier() -> NetClassifier:
    return NetClassifier((8,), max_iter=2, random_state=0).fit(X, CLASSES)


def test_threads_that_predict_at_once_give_the_same_bits(classifier):
    tables = [RANDOM.normal(size=(rows, 4)) for rows in (1, 3, 70, 513) * 2]
    barrier = Barrier(len(tables))

    def repeat(x: np.ndarray) -> list[bytes]:
        barrier.wait()
        return [classifier.predict_proba(x).tobytes() for _ in range(10)]

    with ThreadPoolExecutor(len(tables)) as pool:
        found = list(pool.map(repeat, tables))
    for x, several in zip(tables, found, strict=True):
        assert {*several} == {classifier.predict_proba(x).tobytes()}


@pytest.mark.parametrize("layers", [(8,), None])
def test_many_rows_take_little_memory_beyond_their_own(layers):
    """Also for the outputs of 16 members."""
    net = NetClassifier(layers, max_iter=1, random_state=0).fit(X, CLASSES)
    x = RANDOM.normal(size=(60_000, 4))
    net.predict_proba(x[:600])
    tracemalloc.start()
    try:
        predicted = net.predict_proba(x)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < predicted.nbytes + 3_000_000  # 16 members say 23,000,000 bytes of float64


def test_an_array_that_is_not_as_usual_says_what_it_said(classifier):
    with pytest.raises(ValueError, match="X has 5 features, but NetClassifier is expecting 4 features"):
        classifier.predict(np.ones((2, 5)))
    with pytest.raises(ValueError, match="Found array with 0 sample"):
        classifier.predict(np.ones((0, 4)))
    with pytest.raises(DataError, match="X is NaN in row 1, column 2"):
        classifier.predict(np.where(np.arange(8).reshape(2, 4) == 6, np.nan, 1.0))
    expected = classifier.predict(X).tolist()
    assert classifier.predict(X.tolist()).tolist() == expected
    assert classifier.predict(X.astype(">f8")).tolist() == expected


def test_what_is_wrong_in_one_of_many_rows_is_placed_among_all(classifier):
    x = np.zeros((BLOCK_ROWS + 9, 4))
    x[BLOCK_ROWS + 4, 1] = 1e300
    with pytest.raises(DataError, match=rf"X is inf in row {BLOCK_ROWS + 4}, column 1"):
        classifier.predict(x)


def test_means_and_deviations_of_many_rows_are_those_of_each():
    net = NetRegressor((8,), loss="gaussian", max_iter=2, random_state=0).fit(X, X[:, :2])
    x = RANDOM.normal(size=(700, 4))
    means, deviations = net.predict(x, return_std=True)
    assert means.shape == deviations.shape == (700, 2)
    np.testing.assert_allclose(means, net.predict(x), rtol=1e-5, atol=1e-6)
    few = net.predict(x[600:], return_std=True)
    np.testing.assert_allclose([means[600:], deviations[600:]], few, rtol=1e-5)
