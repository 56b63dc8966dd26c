"""The network for sounds: a spectrogram, residual blocks of convolutions over it, attention over time.

A small residual network as He et al. 2016 have them for images; the spectrogram is its image of one channel.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from chainrule.executors import compile_numpy
from chainrule.nn import (
    Activation,
    AttentionPool1D,
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Layer,
    LogMel,
    Reshape,
    Residual,
    Sequential,
    Standardize,
    building,
)
from chainrule.program import Trace

NETWORKS: Mapping[str, tuple[int, ...]] = {
    "small": (16, 32, 64),
    "medium": (24, 48, 96),
    "large": (32, 64, 128),
}
"""Filters of the blocks. Each halves time and frequency."""
BANDS = 40
"""Of a spectrogram; fewer at rates below 8,000, whose frequencies lie too far apart for so many."""
FRAME, HOP = 0.025, 0.010
"""Seconds of a frame of the spectrogram, and from one to the next."""
FLOOR = 1e-3
"""About 45 dB below the loudest energies of sounds of the usual loudness; see `data.sounds.trimming`."""

_LEAST = 0.5


def spectrogram(rate: int) -> LogMel:
    """The layer from waves to frames of 25 ms, 10 ms apart, in bands of frequency."""
    return LogMel(rate, bands_of(rate), round(FRAME * rate), round(HOP * rate), low=20.0, floor=FLOOR)


def standardize(rate: int, waves: np.ndarray) -> Standardize:
    """The layer that gives each band of the spectrograms of waves (sounds, samples) mean 0 and deviation 1.

    Its numbers are rounded, so that they are the same on other machines.
    """
    trace = Trace()
    with building(trace, training=False):
        y = spectrogram(rate)(trace.input("x", waves.shape, "float32"))
    spectra = compile_numpy(trace.program({"y": y})).run({}, {"x": waves})["y"]
    exact = Standardize.of(spectra)
    deviation = np.maximum(exact.deviation, _LEAST)  # a band without sound is not made loud
    return Standardize(np.round(exact.mean, 2).tolist(), np.round(deviation, 2).tolist())


def bands_of(rate: int) -> int:
    """The number of bands of the spectrogram at a rate."""
    return min(BANDS, rate // 200)


def frames_of(rate: int, samples: int) -> int:
    """The number of frames of the spectrogram of a wave."""
    layer = spectrogram(rate)
    return 1 + (samples - layer.frame) // layer.hop


def sound_network(
    rate: int,
    waves: np.ndarray,
    classes: int,
    widths: Sequence[int],
    before: Sequence[Layer],
    after: Sequence[Layer],
    dropout: float,
) -> Sequential:
    """A network from waves (batch, samples) to logits (batch, classes).

    rate: samples a second. waves: training sounds, whose spectrograms are measured. widths: filters of the
    blocks. before, after: augmentation of waves, and of spectrograms. dropout: before the last layer.
    """
    frames = frames_of(rate, waves.shape[1])
    time, bands = frames, bands_of(rate)
    blocks: list[Layer] = []
    for width in widths:
        blocks += _block(width)
        time, bands = -(-time // 2), -(-bands // 2)
    return Sequential(
        [
            *before,
            spectrogram(rate),
            standardize(rate, waves),
            *after,
            Reshape((frames, bands_of(rate), 1)),
            *blocks,
            AvgPool2D((1, bands)),
            Reshape((time, widths[-1])),
            AttentionPool1D(),
            *([Dropout(dropout)] if dropout else []),
            Dense(classes),
        ]
    )


def _block(filters: int) -> list[Layer]:
    def convolution(stride: int = 1) -> list[Layer]:
        return [Conv2D(filters, 3, stride, "same", use_bias=False), BatchNorm(momentum=0.8)]

    inner = [*convolution(), Activation("relu"), *convolution()]
    return [*convolution(2), Activation("relu"), Residual(inner), Activation("relu")]
