"""A whole run with fakes for estimators, and what can go wrong on the way."""

import json

import numpy as np
import pandas as pd
import pytest
from benchmarks.tables.__main__ import command
from benchmarks.tables.measuring import measure, prepared
from benchmarks.tables.peers import OURS, PEER, PEERS, Peer
from benchmarks.tables.problems import TABLES, Problem, load_problem
from sklearn.dummy import DummyClassifier, DummyRegressor
from typer.testing import CliRunner

from chainrule.data import NAMED_TABLES, Table


def problem(task: str = "classification") -> Problem:
    random = np.random.default_rng(1)
    x = pd.DataFrame({"a": random.normal(size=80), "b": random.choice(["x", "y"], 80)})
    y = (
        np.where(x["a"] > 0, "yes", "no").astype(object)
        if task == "classification"
        else 50 + 3 * x["a"].to_numpy()
    )
    return Problem("toy", "toys", task, x, y)


class Recorder:
    """The most frequent class, or the mean; remembers what it was given."""

    def __init__(self, task: str, seen: list):
        self.model = DummyClassifier() if task == "classification" else DummyRegressor()
        self.seen = seen

    def fit(self, x, y):
        self.seen.append((x, y))
        self.model.fit(x, y)
        return self

    def __getattr__(self, name):
        return getattr(self.model, name)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, list]:
    """What fakes instead of ours and mlp were fitted with; 'trees' breaks."""
    seen: dict[str, list] = {OURS: [], PEER: [], "equal": []}

    def broken(task, frame, seed):
        raise ValueError("no trees today\nand more")

    def fake(name):
        return Peer(
            "a fake",
            (),
            lambda task, frame, seed: Recorder(task, seen[name]),
            lambda task, rows, seed: Recorder(task, seen["equal"]),
        )

    for name in (OURS, PEER):
        monkeypatch.setitem(PEERS, name, fake(name))
    monkeypatch.setitem(PEERS, "trees", Peer("broken", (), broken))
    return seen


def test_everyone_gets_the_same_rows_and_a_row_that_fails_says_why(seen):
    told: list[str] = []
    result = measure(problem(), [OURS, PEER, "trees"], [0, 1], told.append)
    assert result.failed == {"trees": "ValueError: no trees today"}
    assert "toy: round 2 of 2: mlp" in told
    for (x, y), (other_x, other_y) in zip(seen[OURS], seen[PEER], strict=True):
        pd.testing.assert_frame_equal(x, other_x)
        assert np.array_equal(y, other_y)
        assert len(x) == 60
    assert not seen[OURS][0][0].equals(seen[OURS][1][0])  # each seed splits in its own way
    truth = problem().y
    for fit, seed in zip(result.fits[OURS], (0, 1), strict=True):
        split = problem().split(seed)
        assert sorted([*split.y_train, *split.y_test]) == sorted(truth)
        assert fit.metrics["accuracy"] == pytest.approx(
            max((split.y_test == "no").mean(), (split.y_test == "yes").mean())
        )
        assert fit.seconds > 0


def test_at_equal_layers_all_get_the_same_prepared_arrays(seen):
    result = measure(problem("regression"), [OURS, PEER], [0], lambda what: None)
    (x, y), (other_x, other_y) = seen["equal"]
    assert x.dtype == y.dtype == np.float32
    assert np.array_equal(x, other_x)
    assert np.array_equal(y, other_y)
    assert y.mean() == pytest.approx(0, abs=1e-6)
    assert result.equal.keys() == {OURS, PEER}
    assert result.fits[OURS][0].metrics["RMSE"] > result.equal[OURS][0].metrics["RMSE"]  # of scaled values


def test_nothing_of_the_test_rows_enters_the_preparation():
    split = problem().split(0)
    changed = split.x_test.assign(a=1e6)
    usual = prepared(split, "classification")
    other = prepared(type(split)(split.x_train, split.y_train, changed, split.y_test), "classification")
    assert np.array_equal(usual.x_train, other.x_train)


def test_large_tables_are_sampled_and_rows_without_a_target_left_out(monkeypatch):
    frame = pd.DataFrame({"x": range(1000), "price": np.arange(1000.0)})
    frame.loc[::10, "price"] = np.nan
    monkeypatch.setattr(
        "benchmarks.tables.problems.load_named", lambda name, say: Table(frame, "price", name)
    )
    whole, part = (load_problem("diamonds", rows, lambda what: None) for rows in (5000, 100))
    assert (len(whole.x), len(part.x)) == (900, 100)
    assert list(part.x) == ["x"]
    assert (part.y == part.x["x"]).all()
    assert part.x.equals(load_problem("diamonds", 100, lambda what: None).x)


def test_the_tables_have_names():
    assert set(TABLES) <= set(NAMED_TABLES)
    assert len(TABLES) >= 8


def test_the_command_prints_all_and_writes_the_figures(seen, tmp_path):
    file = tmp_path / "figures.json"
    options = ["--only", "wine", "--seeds", "2", "--peers", "mlp", "--json", str(file)]
    answer = CliRunner().invoke(command(), options)
    assert answer.exit_code == 0, answer.output
    assert "wine: three growers" in answer.output
    assert "ours is better than mlp on 0 of 1 tables" in answer.output
    figures = json.loads(file.read_text())
    assert figures["settings"]["seeds"] == 2
    assert [fit["seed"] for fit in figures["figures"]["wine"]["fits"]["mlp"]] == [0, 1]


def test_a_failure_ends_with_1_and_is_told(seen):
    answer = CliRunner().invoke(command(), ["--only", "wine", "--seeds", "1", "--peers", "trees"])
    assert answer.exit_code == 1
    assert "trees failed: ValueError: no trees today" in answer.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "wien"], "did you mean 'wine'"),
        (["--peers", "tree"], "did you mean 'trees'"),
        (["--json", "nowhere/figures.json"], "no folder"),
        (["--seeds", "0"], "--seeds"),
    ],
)
def test_mistakes_on_the_command_line_are_told(arguments: list[str], message: str):
    answer = CliRunner().invoke(command(), arguments)
    assert answer.exit_code == 2
    assert message in " ".join(answer.output.split())


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_peers_of_scikit_learn_learn(task: str):
    each = problem(task)
    result = measure(each, [PEER, "trees"], [0], lambda what: None)
    assert result.failed == {}
    metric = result.metrics[0]
    assert result.fits[PEER][0].metrics[metric] > 0.7
    assert result.equal[PEER][0].metrics.keys() == set(result.metrics)
