"""warm_start and partial_fit: where a call begins, what it keeps, and what a call that fails leaves."""

from typing import Any

import numpy as np
import pytest
from tests.estimators.helpers import blobs, slope

from chainrule import nn
from chainrule.errors import ConfigError, DataError, TrainingError
from chainrule.estimators import NetClassifier, NetRegressor
from chainrule.training import EpochDone, Event


def test_partial_fits_are_the_epochs_of_one_fit():
    """The optimizer, the random key of dropout and the order of the epochs go on; standardizing stays."""
    x, y = slope(64)
    settings: dict[str, Any] = {
        "dropout": 0.2,
        "batch_size": 16,
        "random_state": 3,
        "max_iter": 4,
        "n_iter_no_change": np.inf,
    }
    whole = NetRegressor((8,), **settings).fit(x, y)
    parts = NetRegressor((8,), **settings)
    for _ in range(4):
        parts.partial_fit(x, y)
        assert parts.n_iter_ == 1
    assert parts.predict(x).tolist() == whole.predict(x).tolist()
    assert parts.loss_curve_ == whole.loss_curve_
    assert [record["epoch"] for record in parts.history_] == [1, 2, 3, 4]


def test_partial_fits_take_chunks_of_any_length():
    x, y = blobs(130)
    net = NetClassifier((16,), learning_rate_init=0.02, random_state=0)
    for _ in range(15):
        for start, stop in ((0, 50), (50, 57), (57, 130)):
            net.partial_fit(x[start:stop], y[start:stop], classes=[0, 1, 2])
    assert net.score(x, y) > 0.8


def test_partial_fit_wants_all_classes_at_first():
    x, y = blobs(30)
    with pytest.raises(DataError, match="classes must be passed on the first call to partial_fit"):
        NetClassifier((4,)).partial_fit(x, y)
    net = NetClassifier((4,), random_state=0).partial_fit(x[:1], y[:1], classes=[0, 1, 2, 9])
    assert net.predict_proba(x).shape == (30, 4)
    with pytest.raises(DataError, match=r"y has classes not in classes_: 5; classes_ is 0, 1, 2, 9"):
        net.partial_fit(x, np.where(y == 1, 5, y))
    with pytest.raises(DataError, match=r"classes is 0, 1 and was 0, 1, 2, 9 before"):
        net.partial_fit(x, y, classes=[0, 1])
    with pytest.raises(ConfigError, match="class_weight 'balanced' needs all rows at once"):
        NetClassifier(class_weight="balanced").partial_fit(x, y, classes=[0, 1, 2])
    labels = np.eye(3, dtype=int)[y]
    assert NetClassifier((4,)).partial_fit(x, labels).predict(x).shape == (30, 3)


def test_a_warm_start_goes_on_from_the_weights():
    x, y = slope()
    net = NetRegressor((8,), warm_start=True, max_iter=5, random_state=0).fit(x, y)
    weights = {name: array.copy() for name, array in net.run_.parameters.items()}
    first = net.loss_curve_
    starts = []

    def look(event: Event) -> None:
        if isinstance(event, EpochDone):
            starts.append(event.record["loss"])

    net.set_params(listeners=[look], max_iter=3).fit(x, y)
    assert net.n_iter_ == 3
    assert net.loss_curve_ == [*first, *starts]
    assert net.loss_curve_[-1] < first[-1]
    net.set_params(max_iter=1, learning_rate_init=1e-12).fit(x, y)
    moved = {name: np.abs(array - weights[name]).max() for name, array in net.run_.parameters.items()}
    assert 0 < max(moved.values()) < 0.1  # three epochs away from the fifth, not drawn anew
    assert NetRegressor((8,), max_iter=3, random_state=0).fit(x, y).loss_curve_[0] == first[0]


def test_a_warm_start_with_early_stopping_has_patience_anew():
    x, y = slope()
    net = NetRegressor((8,), warm_start=True, early_stopping=True, n_iter_no_change=2, random_state=0)
    net.set_params(max_iter=20, learning_rate_init=0.01).fit(x, y)
    before = net.n_iter_
    net.fit(x, y)
    assert net.n_iter_ >= 2
    assert len(net.history_) == before + net.n_iter_
    assert len(net.validation_scores_ or ()) == len(net.history_)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"layers": (9,)}, ConfigError),
        ({"layers": (8, 8)}, ConfigError),
        ({"solver": "sgd", "learning_rate_init": 1e30}, TrainingError),
        ({"alpha": -1}, ConfigError),
    ],
    ids=lambda value: str(value),
)
def test_a_call_that_fails_leaves_the_estimator_as_it_was(change, error):
    x, y = slope()
    net = NetRegressor((8,), warm_start=True, max_iter=3, random_state=0).fit(x, y)
    said, history = net.predict(x).tolist(), list(net.history_)
    with pytest.raises(error):
        net.set_params(**change).fit(x, y)
    assert net.predict(x).tolist() == said
    assert net.history_ == history
    net.set_params(warm_start=False, layers=(8,), alpha=0)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        net.fit(x[:, :2], y[:-1])
    assert net.n_features_in_ == 3
    assert net.predict(x).tolist() == said


def test_another_optimizer_starts_from_the_same_weights():
    x, y = slope()
    net = NetRegressor((8,), solver=nn.chain(nn.ClipByGlobalNorm(1.0), nn.adam(0.01)), random_state=0)
    net.partial_fit(x, y)
    loss = net.loss_
    net.set_params(solver="sgd", learning_rate_init=1e-3).partial_fit(x, y)
    assert net.loss_ < loss


def test_training_that_is_not_early_stopped_ends_where_the_loss_stands():
    x, y = slope()
    net = NetRegressor((), max_iter=500, learning_rate_init=0.1, tol=1e-4, n_iter_no_change=3, random_state=0)
    net.fit(x, y)
    assert net.run_.stopped == "converged"
    losses = np.array(net.loss_curve_)
    best = np.minimum.accumulate(np.r_[np.inf, losses[:-1]])
    waiting = np.flatnonzero(losses <= best - 1e-4)[-1]
    assert len(losses) == waiting + 1 + 4  # more than three epochs in a row
    assert net.set_params(n_iter_no_change=np.inf, max_iter=60).fit(x, y).n_iter_ == 60


def test_early_stopping_keeps_the_best_epoch():
    x, y = slope(60)
    net = NetRegressor((64,), early_stopping=True, max_iter=300, learning_rate_init=0.03, random_state=0)
    net.fit(x, y)
    losses = [record["validation_loss"] for record in net.history_]
    assert net.run_.stopped == "early stopping"
    assert net.n_iter_ == np.argmin(losses) + 1 + 10
    assert net.validation_scores_ is not None
    assert net.validation_scores_[0] == net.history_[0]["validation_r2"]


def test_listeners_may_end_training():
    x, y = blobs(40)

    def enough(event: Event) -> None:
        if isinstance(event, EpochDone) and event.record["epoch"] == 4:
            event.stop("enough")

    net = NetClassifier((4,), listeners=[enough]).fit(x, y)
    assert (net.n_iter_, net.run_.stopped) == (4, "enough")
