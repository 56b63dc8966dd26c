"""Small pictures, made on the spot."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(3)


@pytest.fixture
def picture(tmp_path: Path, draw: np.random.Generator) -> Callable[..., str]:
    """Writes a picture of random pixels below the folder 'set', and returns its path."""

    def write(name: str, size: tuple[int, int] = (6, 8), mode: str = "RGB", **options) -> str:
        path = tmp_path / "set" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = draw.integers(0, 256, (*size, 3)).astype(np.uint8)
        Image.fromarray(pixels).convert(mode).save(path, **options)
        return str(path)

    return write
