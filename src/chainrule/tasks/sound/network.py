"""The network for sounds: a spectrogram, residual blocks of convolutions over it, attention over time.

A small residual network as He et al. 2016 have them for images; the spectrogram is its image of one channel.
"""

from collections.abc import Mapping, Sequence

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
)

NETWORKS: Mapping[str, tuple[int, ...]] = {
    "small": (16, 32, 64),
    "medium": (24, 48, 96),
    "large": (32, 64, 128),
}
"""Filters of the blocks. Each halves time and frequency."""
MELS = 40
FRAME, HOP = 0.025, 0.010
"""Seconds of a frame of the spectrogram, and from one to the next."""


def spectrogram(rate: int) -> LogMel:
    """The layer from waves to frames of 25 ms, 10 ms apart, in 40 bands."""
    return LogMel(rate, MELS, round(FRAME * rate), round(HOP * rate), low=20.0)


def frames_of(rate: int, samples: int) -> int:
    """The number of frames of the spectrogram of a wave."""
    layer = spectrogram(rate)
    return 1 + (samples - layer.frame) // layer.hop


def sound_network(
    rate: int,
    samples: int,
    classes: int,
    widths: Sequence[int],
    before: Sequence[Layer],
    after: Sequence[Layer],
    dropout: float,
) -> Sequential:
    """A network from waves (batch, samples) to logits (batch, classes).

    rate: samples a second. widths: filters of the blocks. before, after: augmentation of waves, and of
    spectrograms. dropout: before the last layer.
    """
    time, bands = frames_of(rate, samples), MELS
    blocks: list[Layer] = []
    for width in widths:
        blocks += _block(width)
        time, bands = -(-time // 2), -(-bands // 2)
    return Sequential(
        [
            *before,
            spectrogram(rate),
            BatchNorm(),
            *after,
            Reshape((frames_of(rate, samples), MELS, 1)),
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
        return [Conv2D(filters, 3, stride, "same", use_bias=False), BatchNorm()]

    inner = [*convolution(), Activation("relu"), *convolution()]
    return [*convolution(2), Activation("relu"), Residual(inner), Activation("relu")]
