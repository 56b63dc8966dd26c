"""Rows that are alike, taken together: by hand, and what follows for training."""

import numpy as np
import pandas as pd
import pytest

from chainrule.errors import DataError
from chainrule.estimators import NetClassifier, NetRegressor
from chainrule.estimators.alike import together

X = np.array([[1.0, -0.0], [2.0, 5.0], [1.0, 0.0], [1.0, 0.0], [2.0, 5.0]])
LABELS = np.array(["no", "yes", "no", "yes", "yes"])


def always(rows: int) -> bool:
    return True


def as_set(x: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> set[tuple]:
    weight = np.ones(len(y)) if weight is None else weight
    return {
        (*row, label, float(w))
        for row, label, w in zip(np.asarray(x).tolist(), y.tolist(), weight, strict=True)
    }


def test_rows_alike_in_x_and_y_are_counted():
    """Rows 0 and 2 differ by the sign of zero alone; row 3 has another label."""
    found = together(X, LABELS, None, always)
    assert as_set(*found) == {(1, 0, "no", 2), (2, 5, "yes", 2), (1, 0, "yes", 1)}


def test_weights_are_added():
    found = together(X, LABELS, np.array([0.5, 1, 0.25, 3, 2]), always)
    assert as_set(*found) == {(1, 0, "no", 0.75), (2, 5, "yes", 3), (1, 0, "yes", 3)}


def test_the_order_is_the_same_whatever_it_was():
    x, y, _ = together(X, LABELS, None, always)
    for order in ([4, 3, 2, 1, 0], [1, 0, 3], [0, 1, 2, 3, 3, 3, 4]):
        again = together(X[order], LABELS[order], None, always)
        np.testing.assert_array_equal(again[0], x)
        np.testing.assert_array_equal(again[1], y)


def test_frames_with_anything_in_them():
    frame = pd.DataFrame({"a": [1.5, None, 1.5, None], "b": ["x", None, "x", "x"]})
    found, y, weight = together(frame, np.array([0.5, 1.0, 0.5, 1.0]), None, always)
    assert weight is not None
    assert sorted(zip(found["b"].fillna("").tolist(), y.tolist(), weight.tolist(), strict=True)) == [
        *[("", 1.0, 1.0), ("x", 0.5, 2.0), ("x", 1.0, 1.0)]
    ]


def test_what_can_not_be_compared_is_like_nothing_else():
    frame = pd.DataFrame({"a": [[1], [1]]})
    assert len(together(frame, np.array([0, 0]), None, always)[1]) == 2


@pytest.mark.parametrize("rows", [4, 5000])
def test_too_many_that_differ_stay_as_they_are(rows: int):
    x, y = np.arange(rows, dtype=np.float64)[:, None] % 3000, np.zeros(rows)
    asked = []
    found = together(x, y, None, lambda count: bool(asked.append(count)))
    assert found[0] is x
    assert found[1] is y
    assert max(asked) <= 1000  # of a large table no more are looked at than needed


def test_several_targets():
    y = np.array([[0.0, 1.0], [2.0, 3.0], [0.0, 1.0], [0.0, 2.0], [2.0, 3.0]])
    _, targets, weight = together(X, y, None, always)
    assert sorted(targets.tolist()) == [[0, 1], [0, 2], [2, 3]]
    assert weight is not None
    assert weight.sum() == 5


@pytest.mark.parametrize("layers", [None, (8,)])
def test_the_order_of_few_rows_does_not_matter(layers: tuple[int, ...] | None):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(25, 3)), random.normal(size=25)
    order = random.permutation(25)
    one, other = (
        NetRegressor(layers, max_iter=5, random_state=0).fit(x[each], y[each]).predict(x)
        for each in (np.arange(25), order)
    )
    np.testing.assert_array_equal(one, other)


def test_rows_of_a_call_to_partial_fit_keep_their_number():
    """Else each call would need a program of its own."""
    x, y = np.ones((20, 2)), np.arange(20) % 2
    net = NetClassifier((4,), random_state=0).partial_fit(x, y, classes=[0, 1])
    assert net.run_.batch.rows == 20


def test_rows_that_are_held_out_are_not_taken_together():
    x, y = np.ones((40, 2)), np.arange(40) % 2
    net = NetClassifier((4,), early_stopping=True, random_state=0, max_iter=2).fit(x, y)
    assert net.run_.batch.rows == 36
    assert NetClassifier((4,), random_state=0, max_iter=2).fit(x, y).run_.batch.rows == 2


def test_errors_name_rows_as_they_were_given():
    x, y = np.ones((120, 2)), np.arange(120.0)
    y[[50, 51]] = -1.0
    for early_stopping in (False, True):
        net = NetRegressor((4,), loss="poisson", early_stopping=early_stopping, random_state=0)
        with pytest.raises(DataError, match="in row 50 is -1"):
            net.fit(x, y)
        with pytest.raises(DataError, match="in row 1 is -1"):
            net.fit(x[49:], y[49:])
