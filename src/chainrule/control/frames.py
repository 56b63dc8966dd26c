"""Frames of an episode: a strip for the report, a video, a window."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.control.environments import Environment, made
from chainrule.control.worlds import seed_of
from chainrule.errors import ConfigError

Decide = Callable[[np.ndarray], np.ndarray]
_STRIP = 8
_STRIP_HEIGHT = 160
_MOST_STEPS = 5_000
_FEWEST_FRAMES_PER_SECOND = 1


def frames(environment: Environment, decide: Decide, seed: int) -> Iterator[tuple[np.ndarray, float]]:
    """The frames of one episode, (height, width, 3) uint8, each with the reward so far.

    decide: for one observation, float32 (1, features). Raises ConfigError where it can't be drawn.
    """
    env = made(environment.name, environment.make, "rgb_array")
    try:
        for reward in _episode(env, environment, decide, seed):
            with _without_screen():
                frame = _drawn(env, environment)
            yield frame, reward
    finally:
        env.close()


def strip_of(environment: Environment, decide: Decide, seed: int) -> np.ndarray | None:
    """Eight frames of an episode side by side; None where the environment can't be drawn."""
    try:
        shown = [frame for frame, _ in frames(environment, decide, seed)]
    except ConfigError:
        return None
    chosen = [shown[place] for place in np.linspace(0, len(shown) - 1, min(_STRIP, len(shown))).astype(int)]
    return np.concatenate([_scaled(frame) for frame in chosen], axis=1)


def write_video(environment: Environment, decide: Decide, seed: int, path: Path) -> float:
    """Write an episode as a video, .gif or .mp4, and return its reward.

    Raises ConfigError where imageio, or what it needs for this kind of file, is missing.
    """
    try:
        import imageio.v3 as imageio
    except ImportError:
        raise ConfigError("imageio is not installed", remedy="pip install 'chainrule[control]'") from None
    shown = list(frames(environment, decide, seed))
    rate = frame_rate(environment)
    options: dict[str, Any] = {"duration": 1000 / rate, "loop": 0} if path.suffix == ".gif" else {"fps": rate}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        imageio.imwrite(path, [frame for frame, _ in shown], **options)
    except OSError as error:
        if error.filename is not None:
            raise
        raise ConfigError(
            f"{path} can't be written ({' '.join(str(error).split())})",
            remedy="name it as .gif, or install imageio-ffmpeg for .mp4",
        ) from None
    return shown[-1][1]


def frame_rate(environment: Environment) -> int:
    """Frames a second, as the environment says; 30 where it does not."""
    env = made(environment.name, environment.make)
    try:
        return max(int(env.metadata.get("render_fps") or 30), _FEWEST_FRAMES_PER_SECOND)
    finally:
        env.close()


def watch(environment: Environment, decide: Decide, seed: int, episodes: int) -> Iterator[float]:
    """Show episodes in a window, and give the reward of each. Raises ConfigError where there is none."""
    env = made(environment.name, environment.make, "human")
    try:
        for number in range(episodes):
            rewards = [0.0]
            for total in _episode(env, environment, decide, seed + number):
                _drawn(env, environment)
                rewards.append(total)
            yield rewards[-1]
    finally:
        env.close()


def _episode(env: Any, environment: Environment, decide: Decide, seed: int) -> Iterator[float]:
    """The reward so far after each step, and 0 at the start."""
    spaces, total, ended, cut = environment.spaces, 0.0, False, False
    seen, _ = env.reset(seed=seed_of(seed, 0, 0))
    yield total
    for _ in range(_MOST_STEPS):
        action = spaces.actions.taken(decide(spaces.seen(seen)[None]))[0]
        seen, reward, ended, cut, _ = env.step(action)
        total += float(reward)
        yield total
        if ended or cut:
            return


def _drawn(env: Any, environment: Environment) -> np.ndarray:
    try:
        frame = env.render()
    except Exception as error:
        raise ConfigError(
            f"{environment.name} can't be drawn ({' '.join(str(error).split())})",
            remedy="install what it is drawn with: pip install 'chainrule[control]'",
        ) from error
    return np.zeros((1, 1, 3), np.uint8) if frame is None else np.asarray(frame, np.uint8)


@contextmanager
def _without_screen() -> Iterator[None]:
    """SDL, with which pygame draws, is not to look for a screen: where there is none, it complains."""
    if "SDL_VIDEODRIVER" in os.environ:
        yield
        return
    os.environ["SDL_VIDEODRIVER"] = "dummy"
    try:
        yield
    finally:
        del os.environ["SDL_VIDEODRIVER"]


def _scaled(frame: np.ndarray) -> np.ndarray:
    from PIL import Image

    height, width, _ = frame.shape
    size = (max(1, round(width * _STRIP_HEIGHT / height)), _STRIP_HEIGHT)
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))
