"""save and load: the same answers and the same way on, from a folder without pickle."""

import copy
import json
import pickle  # noqa: TID251 (scikit-learn's tools pickle estimators to send them to other processes)
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from tests.estimators.helpers import blobs, mixed, slope

import chainrule
from chainrule import nn
from chainrule.errors import ConfigError, DataError
from chainrule.estimators import NetClassifier, NetRegressor


@dataclass(frozen=True)
class Doubled(nn.Layer):
    """y = 2 x."""

    def __call__(self, x):
        return x * 2.0


def fitted():
    x, y = blobs(60)
    words = np.array(["red", "green", "blue"])[y]
    frame, answer = mixed()
    plane, numbers = slope(60)
    tokens = np.random.default_rng(0).integers(0, 9, size=(40, 3))
    few: dict[str, Any] = {"max_iter": 3, "random_state": 0}
    held_out = {"early_stopping": True, "class_weight": {"red": 2.0}, **few}
    return {
        "classes": (NetClassifier((8,), **held_out), x, words),
        "objects": (NetClassifier((8,), **few), x, words.astype(object)),
        "labels": (NetClassifier(**few), x, np.eye(3, dtype=int)[y]),
        "frame": (NetClassifier((8,), **few), frame, answer),
        "two targets": (
            NetRegressor((8, nn.LayerNorm()), **few),
            plane,
            np.column_stack([numbers, -numbers]),
        ),
        "quantiles": (NetRegressor((8,), loss="quantile", quantiles=[0.2, 0.8], **few), plane, numbers),
        "own loss": (NetRegressor((8,), loss=nn.Huber(0.5), solver=nn.nesterov(0.01), **few), plane, numbers),
        "own layer": (NetRegressor([Doubled(), nn.BatchNorm(), 4], **few), plane, numbers),
        "tokens": (NetRegressor([nn.Embedding(9, 4), nn.Flatten()], **few), tokens, np.arange(40.0)),
        "average": (
            NetRegressor((4,), solver=nn.chain(nn.adam(0.1), nn.ExponentialMovingAverage(0.5)), **few),
            *(plane, numbers),
        ),
    }


WAYS = {
    "pickle": lambda net, folder: pickle.loads(pickle.dumps(net)),
    "copy": lambda net, folder: copy.deepcopy(net),
    "folder": lambda net, folder: type(net).load(net.save(folder / "net"), classes=(Doubled,)),
}


@pytest.mark.parametrize("case", fitted())
@pytest.mark.parametrize("way", WAYS)
def test_what_comes_back_says_the_same_and_goes_on_the_same(case, way, tmp_path):
    net, x, y = fitted()[case]
    net.fit(x, y)
    back = WAYS[way](net, tmp_path)
    assert back.predict(x).tolist() == net.predict(x).tolist()
    assert back.predict(x).dtype == net.predict(x).dtype
    assert back.history_ == net.history_
    assert (back.n_iter_, back.n_features_in_) == (net.n_iter_, net.n_features_in_)
    assert set(vars(back)) == set(vars(net))
    assert str(back.get_params()) == str(net.get_params()) or way == "folder"
    for each in (net, back):
        each.partial_fit(x, y)
    assert back.predict(x).tolist() == net.predict(x).tolist()


@pytest.mark.parametrize("way", WAYS)
def test_after_early_stopping_it_goes_on_from_the_best_epoch(way, tmp_path):
    x, y = slope(60)
    net = NetRegressor((64,), early_stopping=True, max_iter=200, learning_rate_init=0.03, random_state=0)
    net.fit(x, y)
    assert 0 < net.run_.best_epoch < net.n_iter_
    back = WAYS[way](net, tmp_path)
    for each in (net, back):
        each.partial_fit(x, y)
    assert back.predict(x).tolist() == net.predict(x).tolist()


def test_the_folder_is_a_run_without_pickle(tmp_path):
    net, x, y = fitted()["classes"]
    folder = net.fit(x, y).save(tmp_path / "net")
    assert sorted(path.name for path in folder.iterdir()) == [
        *("config.toml", "estimator.json", "folder.json", "metrics.jsonl"),
        *("training.safetensors", "weights.safetensors"),
    ]
    run = chainrule.load_run(folder)
    assert run.recipe == net.run_.recipe
    back = NetClassifier.load(folder)
    assert back.get_params() == net.get_params()


def test_what_is_no_estimator_is_refused(tmp_path):
    net, x, y = fitted()["classes"]
    with pytest.raises(NotFittedError):
        net.save(tmp_path / "early")
    assert not (tmp_path / "early").exists()
    folder = net.fit(x, y).save(tmp_path / "net")
    with pytest.raises(ConfigError, match="net exists already"):
        net.save(folder)
    with pytest.raises(DataError, match=r"no NetRegressor; load it by NetClassifier\.load"):
        NetRegressor.load(folder)
    with pytest.raises(DataError, match="does not exist"):
        NetClassifier.load(tmp_path / "nowhere")
    content = json.loads((folder / "estimator.json").read_text("utf-8"))
    (folder / "estimator.json").write_text(json.dumps({**content, "inputs": {}}), "utf-8")
    with pytest.raises(DataError, match="net is damaged"):
        NetClassifier.load(folder)
    (folder / "estimator.json").unlink()
    with pytest.raises(DataError, match=r"estimator\.json is missing"):
        NetClassifier.load(folder)
    own = fitted()["own layer"]
    saved = own[0].fit(*own[1:]).save(tmp_path / "own")
    with pytest.raises(ConfigError, match="Doubled is none of chainrule"):
        NetRegressor.load(saved)


@pytest.mark.parametrize("place", ["safetensors.numpy.save", "json.dumps"])
def test_a_failure_while_writing_leaves_nothing(place, tmp_path, monkeypatch):
    net, x, y = fitted()["classes"]
    net.fit(x, y)

    def fail(*given, **named):
        raise OSError("disk full")

    monkeypatch.setattr(place, fail)
    with pytest.raises(OSError, match="disk full"):
        net.save(tmp_path / "net")
    assert list(tmp_path.iterdir()) == []
