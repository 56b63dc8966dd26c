import json
import signal
from pathlib import Path

import pytest

from chainrule.control import load_play

pytest.importorskip("gymnasium")

GAME = '''
import gymnasium
import numpy as np


class Game(gymnasium.Env):
    """The number shown, 0 or 1, is the right answer; five questions."""

    observation_space = gymnasium.spaces.Discrete(2)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.asked, self.shown = 0, int(self.np_random.integers(2))
        return self.shown, {}

    def step(self, action):
        reward = float(action == self.shown)
        self.asked, self.shown = self.asked + 1, int(self.np_random.integers(2))
        return self.shown, reward, self.asked == 5, False, {}
'''
SMALL = ("-s", "worlds=2", "-s", "rollout=32", "-s", "batch=32", "-s", "hidden=8", "-s", "episodes=5")


@pytest.fixture
def game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "game.py").write_text(GAME)
    return "game.py:Game"


def test_it_learns_and_writes_a_run_folder(chainrule, game):
    finished = chainrule("play", game, "--steps", 4000, "-s", "learning_rate=0.01", *SMALL, "--json")
    assert finished.code == 0, finished.err
    told = json.loads(finished.out)
    assert told["metrics"]["return"] == 5
    assert told["baseline"]["return"] < 5
    assert told["environment"] == game
    assert told["run"] == "runs/game.py-Game-001"
    assert "ppo: steps 4000, worlds 2" in finished.err
    assert "step 4,032/4,000  return 5.0" in finished.err or "return 4." in finished.err
    assert load_play(told["run"]).act(1) == 1
    again = chainrule("play", "--config", f"{told['run']}/config.toml", "--out", "again")
    assert again.code == 0
    for name in ("weights.safetensors", "config.toml"):
        assert Path("again", name).read_bytes() == Path(told["run"], name).read_bytes()
    assert Path(chainrule("report", "again").out.strip()).is_file()
    assert "gradient descent" not in chainrule("show", "again").err


def test_killed_it_goes_on_with_the_same_bits(chainrule, started, game):
    order = ("play", game, "--steps", 3000, *SMALL)
    whole = chainrule(*order, "--out", "whole")
    assert whole.code == 0, whole.err
    program = (
        "import sys, os, signal; from chainrule.control import learning; learning.SECONDS_BETWEEN = 0.0;"
        "save = learning.Learning._save\n"
        "def killed(self, path):\n"
        "    save(self, path)\n"
        "    if self.learner.steps > 1500: os.kill(os.getpid(), signal.SIGKILL)\n"
        "learning.Learning._save = killed; from chainrule.cli import main; sys.exit(main())"
    )
    process = started(*order, "--out", "broken", program=program)
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    assert "holds an unfinished run" in chainrule(*order, "--out", "broken").err
    resumed = chainrule("play", "--out", "broken", "--resume")
    assert resumed.code == 0, resumed.err
    assert Path("broken/weights.safetensors").read_bytes() == Path("whole/weights.safetensors").read_bytes()
    assert not Path("broken.checkpoint").exists()
    assert "is finished" in chainrule("play", "--out", "broken", "--resume").err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "no environment was named; name one, as in: chainrule play CartPole-v1"),
        (("CartPol-v1",), "there is no environment 'CartPol-v1' (did you mean 'CartPole-v1'?)"),
        (("game.py:Gam",), "game.py has no 'Gam' (did you mean 'Game'?)"),
        (("other.py:Game",), "other.py: no such file"),
        (("CartPole-v1", "-a", "pp"), "there is no algorithm 'pp' (did you mean 'ppo'?)"),
        (("CartPole-v1", "-s", "bach=3"), "there is no setting 'bach' (did you mean 'batch'?)"),
        (("CartPole-v1", "-s", "clip=0"), "ppo: clip is 0; it must be above 0"),
        (("--resume",), "--resume does not say which run"),
        (("--watch", "nothing"), "nothing does not exist"),
        (("CartPole-v1", "--video", "a.gif"), "--video shows no run"),
    ],
)
def test_bad_input_is_one_line(chainrule, game, arguments, told):
    finished = chainrule("play", *arguments)
    assert finished.code == 2
    assert finished.err.count("\n") == 1
    assert f"chainrule: {told}" in finished.err
    assert not Path("runs").exists()


def test_an_environment_that_breaks_leaves_what_was_learned(chainrule, game, monkeypatch):
    monkeypatch.setattr("chainrule.control.learning.SECONDS_BETWEEN", 0.0)
    failing = "        if self.asked == 4 and self.count(): raise OSError('gone')\n        reward ="
    broken = GAME.replace("        reward =", failing)
    counter = "\n    done = 0\n    def count(self):\n        Game.done += 1\n        return Game.done > 100\n"
    Path("game.py").write_text(broken + counter)
    finished = chainrule("play", game, "--steps", 4000, *SMALL, "--out", "run")
    assert finished.code == 2
    assert "game.py:Game raised OSError in step 5 of episode" in finished.err
    assert "continue with it: chainrule play --out run --resume" in finished.err
    Path("game.py").write_text(GAME)
    resumed = chainrule("play", "--out", "run", "--resume")
    assert resumed.code == 0, resumed.err


def test_a_run_is_drawn(chainrule, game):
    pytest.importorskip("pygame")
    finished = chainrule("play", "CartPole-v1", "--steps", 256, *SMALL, "--out", "run")
    assert finished.code == 0, finished.err
    assert Path("run/episode.png").stat().st_size > 1000
    finished = chainrule("play", "--watch", "run", "--video", "episode.gif", "--json")
    assert finished.code == 0, finished.err
    assert Path("episode.gif").read_bytes()[:3] == b"GIF"
    assert json.loads(finished.out)["returns"][0] >= 8
