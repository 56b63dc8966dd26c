"""Frames of episodes: in the order of the steps, drawn without a screen."""

import os

import gymnasium
import numpy as np

from chainrule.control.environments import environment_of
from chainrule.control.frames import frames

DRIVERS: list[str | None] = []


class Steps(gymnasium.Env):
    """Three steps; the frame shows their number. It notes the driver that pygame would draw with."""

    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012
    observation_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.steps += 1
        return np.zeros(1, np.float32), 2.0, self.steps == 3, False, {}

    def render(self):
        DRIVERS.append(os.environ.get("SDL_VIDEODRIVER"))
        return np.full((2, 3, 3), self.steps, np.uint8)


def test_an_episode_is_drawn_step_by_step_without_a_screen(monkeypatch):
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)
    DRIVERS.clear()
    environment = environment_of(Steps)
    shown = list(frames(environment, lambda seen: np.zeros(1, np.int64), seed=0))
    assert [(frame[0, 0, 0], total) for frame, total in shown] == [(0, 0.0), (1, 2.0), (2, 4.0), (3, 6.0)]
    assert "SDL_VIDEODRIVER" not in os.environ
    assert {*DRIVERS} == {"dummy"}
    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    list(frames(environment, lambda seen: np.zeros(1, np.int64), seed=0))
    assert (os.environ["SDL_VIDEODRIVER"], DRIVERS[-1]) == ("x11", "x11")
