"""Where in a wave there is sound, and waves of one length and loudness."""

import numpy as np

SILENT = 1e-4
"""A wave that nowhere differs more from its mean is silent: 80 dB below the loudest that a file can hold."""
LOUDNESS = 0.1
"""The root of the mean square to which each sound is scaled."""
_WINDOW = 0.010
_MARGIN = 2  # windows that are kept before and after


def is_silent(samples: np.ndarray) -> bool:
    """Whether a wave holds nothing to hear; see `SILENT`."""
    return bool(np.abs(samples - samples.mean()).max() < SILENT)


def loud_span(samples: np.ndarray, rate: int, decibels: float) -> tuple[int, int]:
    """The (first, end) of a wave without the silence at its ends.

    Silent are windows of 10 ms whose power is more than `decibels` below that of the loudest one; two of them
    are kept on either side. 0 decibels: all of the wave.
    """
    width = max(round(_WINDOW * rate), 1)
    windows = len(samples) // width
    if not decibels or windows < 2:
        return 0, len(samples)
    centred = samples[: windows * width].astype(np.float64) - samples.mean()
    power = (centred.reshape(windows, width) ** 2).mean(1)
    loud = np.flatnonzero(power > power.max() * 10 ** (-decibels / 10))
    first, end = max(int(loud[0]) - _MARGIN, 0), int(loud[-1]) + 1 + _MARGIN
    return first * width, len(samples) if end >= windows else end * width


def fitted(samples: np.ndarray, length: int) -> np.ndarray:
    """A wave of this length, (length,) float32, of the usual loudness: its middle, or zeros around it."""
    spare = len(samples) - length
    cut = samples[spare // 2 : spare // 2 + length] if spare > 0 else samples
    power = np.sqrt(np.mean(np.square(cut, dtype=np.float64)))
    whole = np.zeros(length, np.float32)
    begin = max(-spare, 0) // 2
    whole[begin : begin + len(cut)] = cut * (LOUDNESS / max(power, SILENT))
    return whole
