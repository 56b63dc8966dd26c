import numpy as np
import pytest

from chainrule.control import PPOSettings, load_play, play
from chainrule.control.environments import environment_of
from chainrule.errors import ConfigError, DataError

SMALL = {"worlds": 4, "rollout": 32, "batch": 64, "epochs": 4, "hidden": (16,), "episodes": 10}


class StopError(Exception):
    """Like a kill between two iterations."""


def test_ppo_learns_the_corridor(corridor):
    played = play(corridor, {**SMALL, "steps": 6000, "learning_rate": 0.01})
    figures = played.evaluation["metrics"]
    assert figures["least"] > 0.3  # at most 7 steps to the right
    assert figures["return"] > played.evaluation["baseline"]["return"] + 1
    assert [record["step"] for record in played.run.history] == list(range(128, 6017, 128))
    assert played.run.history[-1]["episodes"] > 100
    assert played.act([0.5, 1]) == 1


def test_ppo_learns_numbers(target):
    played = play(target, {**SMALL, "steps": 12_000, "learning_rate": 0.01, "normalize": True})
    assert played.evaluation["metrics"]["return"] > -0.5
    assert played.evaluation["baseline"]["return"] < -5
    assert played.act([0.5])[0] == pytest.approx(0.5, abs=0.25)


def same(one, other):
    assert one.run.parameters.keys() == other.run.parameters.keys()
    for name, array in one.run.parameters.items():
        np.testing.assert_array_equal(array, other.run.parameters[name], err_msg=name)
    assert one.evaluation["returns"] == other.evaluation["returns"]
    for first, second in zip(one.run.history, other.run.history, strict=True):
        assert {**first, "seconds": 0} == {**second, "seconds": 0}


@pytest.mark.parametrize("kind", ["corridor", "target"])
def test_killed_and_resumed_it_ends_with_the_same_bits(kind, request, tmp_path, monkeypatch):
    monkeypatch.setattr("chainrule.control.learning.SECONDS_BETWEEN", 0.0)
    make = request.getfixturevalue(kind)
    settings = {**SMALL, "steps": 1500, "normalize": True}
    unbroken = play(make, settings)
    path = tmp_path / "state.safetensors"

    def killed(record):
        if record["epoch"] == 6:
            raise StopError

    with pytest.raises(StopError):
        play(make, settings, checkpoint=path, listeners=[killed])
    begun = []
    same(unbroken, play(make, settings, checkpoint=path, listeners=[begun.append]))
    assert begun[0]["epoch"] == 6  # the record of the sixth was told, and its state not yet kept
    with pytest.raises(DataError, match="belongs to a run with another discount"):
        play(make, {**settings, "discount": 0.5}, checkpoint=path)


def test_equal_seeds_are_equal_and_others_are_not(corridor):
    one, other = (play(corridor, {**SMALL, "steps": 600, "seed": seed}) for seed in (0, 0))
    same(one, other)
    third = play(corridor, {**SMALL, "steps": 600, "seed": 1})
    assert any((one.run.parameters[n] != a).any() for n, a in third.run.parameters.items())


def test_a_folder_keeps_the_policy(corridor, tmp_path):
    played = play(corridor, {**SMALL, "steps": 600})
    folder = played.save(tmp_path / "run")
    loaded = load_play(folder, corridor)
    same(played, loaded)
    assert loaded.settings == played.settings
    assert loaded.run.recipe == played.run.recipe
    rows = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    np.testing.assert_array_equal(loaded.player(8)(rows), played.player(8)(rows))
    report = (folder / "report.html").read_text()
    for word in ("mean return", "Divergence", "random actions", "Corridor", "learning_rate"):
        assert word in report
    with pytest.raises(ConfigError, match="exists already"):
        played.save(tmp_path / "run")


def test_what_is_not_finite_ends_learning_with_one_line(corridor):
    class Lost(corridor):
        def step(self, action):
            seen, *rest = super().step(action)
            return np.full_like(seen, np.nan) if self.steps == 5 else seen, *rest

    with pytest.raises(DataError, match="Lost gave an observation that is not a finite number, in world"):
        play(Lost, {**SMALL, "steps": 600})


def test_wrong_settings_are_refused(corridor):
    with pytest.raises(ConfigError, match="no algorithm 'pp' \\(did you mean 'ppo'\\?\\)"):
        play(corridor, algorithm="pp")
    with pytest.raises(ConfigError, match="no setting 'bach' \\(did you mean 'batch'\\?\\)"):
        play(corridor, {"bach": 3})
    with pytest.raises(ConfigError, match="batch is 60, and a rollout has 128 examples"):
        play(corridor, {**SMALL, "batch": 60})
    with pytest.raises(ConfigError, match="the settings are Environment"):
        play(corridor, environment_of(corridor))


@pytest.mark.parametrize(
    ("name", "value"),
    [("clip", 0), ("discount", 1.5), ("hidden", (0,)), ("activation", "tan"), ("decay", 3), ("steps", 0)],
)
def test_settings_out_of_range_are_named(name, value):
    with pytest.raises(ConfigError, match=rf"ppo: .*{name if name != 'activation' else 'tan'}"):
        PPOSettings(**{name: value})


def test_reinforce_learns_the_corridor(corridor):
    settings = {"worlds": 4, "rollout": 60, "hidden": (16,), "episodes": 10, "steps": 20_000}
    played = play(corridor, {**settings, "learning_rate": 0.03}, algorithm="reinforce")
    assert played.evaluation["metrics"]["least"] > 0.3
    assert "clipped" not in played.run.history[0]
