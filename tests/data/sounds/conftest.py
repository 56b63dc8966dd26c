"""Small sounds, made on the spot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile


@pytest.fixture
def tone(tmp_path: Path) -> Callable[..., str]:
    """Writes a tone below the folder 'set', and returns its path.

    seconds: its length. silence: seconds before and after it. channels: copies of it, each half as loud as
    the one before.
    """

    def write(
        name: str,
        pitch: float = 440,
        seconds: float = 0.2,
        rate: int = 8000,
        silence: float = 0.0,
        channels: int = 1,
        **options,
    ) -> str:
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        wave = 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)
        wave = np.pad(wave, round(silence * rate))
        soundfile.write(path, wave[:, None] / 2.0 ** np.arange(channels), rate, **options)
        return str(path)

    return write
