"""Sounds in a report: short ones that stand inside the page and can be played."""

import base64
import io
import wave

import numpy as np


def playable(samples: np.ndarray, rate: int) -> str:
    """A WAV file of one channel as a data URI. samples: (samples,) int16. rate: samples a second."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return "data:audio/wav;base64," + base64.b64encode(buffer.getvalue()).decode()
