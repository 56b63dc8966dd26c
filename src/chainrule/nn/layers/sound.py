"""Spectra of sound: waves in, the energy of frequencies or of bands of them out, in the program."""

import math
from dataclasses import dataclass

import numpy as np

from chainrule.errors import ConfigError, ShapeError
from chainrule.nn.layer import Layer
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import FLOATS, Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class Spectrogram(Layer):
    """y[t, k] = |Σ over n of w[n] · x[t · hop + n] · e^(-2πi k n / fft)|², the energy of each frequency.

    The short-time Fourier transform, squared. Frames are cut from the wave where they fit in whole, without
    padding. w is the periodic Hann window. For logarithms, add a little and take f.log in an `Apply`; for
    bands of frequency there is `LogMel`.

    frame, hop: samples of a frame, and from one to the next, at least 1. fft: samples to which frames are
    filled up with zeros, at least frame; None is frame.
    x: (batch, samples), usually from -1 to 1 -> (batch, frames, fft // 2 + 1), frequency k · rate / fft at k;
    integers become float32.
    Raises ConfigError for bad settings; while recording ShapeError for other shapes and for waves shorter
    than a frame.
    """

    frame: int = 400
    hop: int = 160
    fft: int | None = None

    def __post_init__(self) -> None:
        _check_frames(self)

    def __call__(self, x: Tensor) -> Tensor:
        return _power(self, x, np.arange((self.fft or self.frame) // 2 + 1))


@dataclass(frozen=True)
class LogMel(Layer):
    """y[t, m] = log(floor + Σ over k of M[k, m] · |Σ over n of w[n] · x[t · hop + n] · e^(-2πi k n / fft)|²).

    Frames are cut from the wave where they fit in whole, without padding. w is the periodic Hann window. M
    are triangles of height 1 whose corners are equally spaced in mel, 2595 · log10(1 + f / 700) with f in Hz
    (O'Shaughnessy 1987; HTK's filters, not normalized by their width). The window and the Fourier matrix are
    one constant, and frequencies that no filter takes are not computed.

    rate: samples a second, above 0. mels: number of filters, at least 1. frame, hop: samples of a frame, and
    from one to the next, at least 1. low, high: the range of the filters in Hz, 0 ≤ low < high ≤ rate / 2;
    None is rate / 2. fft: samples to which frames are filled up with zeros, at least frame; None is frame.
    floor: added before the logarithm, above 0.
    x: (batch, samples), usually from -1 to 1 -> (batch, frames, mels); integers become float32.
    Raises ConfigError for bad settings, and for filters so narrow that they take no frequency; while
    recording ShapeError for other shapes and for waves shorter than a frame.
    """

    rate: float
    mels: int = 40
    frame: int = 400
    hop: int = 160
    low: float = 0.0
    high: float | None = None
    fft: int | None = None
    floor: float = 1e-6

    def __post_init__(self) -> None:
        _check_spectrum(self)

    def __call__(self, x: Tensor) -> Tensor:
        return _log_mel(self, x)


@dataclass(frozen=True)
class MFCC(Layer):
    """y = the first coefficients of the cosine transform (DCT-II, orthonormal) of `LogMel` along its filters.

    Mel-frequency cepstral coefficients (Davis and Mermelstein 1980), with natural logarithms and without
    liftering. The first one, number 0, is the loudness.

    coefficients: from 1 to mels. The other settings, shapes of x and errors are those of `LogMel`.
    x: (batch, samples) -> (batch, frames, coefficients).
    """

    rate: float
    coefficients: int = 13
    mels: int = 40
    frame: int = 400
    hop: int = 160
    low: float = 0.0
    high: float | None = None
    fft: int | None = None
    floor: float = 1e-6

    def __post_init__(self) -> None:
        _check_spectrum(self)
        check_whole(self, "coefficients", self.coefficients)
        if self.coefficients > self.mels:
            raise ConfigError(
                f"MFCC: {self.coefficients} coefficients of {self.mels} filters",
                remedy="give at most as many coefficients as mels",
            )

    def __call__(self, x: Tensor) -> Tensor:
        y = _log_mel(self, x)
        number, place = np.arange(self.coefficients), np.arange(self.mels) + 0.5
        cosines = np.cos(np.pi / self.mels * place[:, None] * number) * math.sqrt(2 / self.mels)
        cosines[:, 0] /= math.sqrt(2)
        return y @ y.trace.constant(cosines, y.dtype)


def mel_filters(rate: float, mels: int, fft: int, low: float, high: float) -> np.ndarray:
    """The triangles of `LogMel`: (fft // 2 + 1, mels) float64, for the frequencies 0, rate / fft, … in Hz."""
    lowest, highest = (2595 * math.log10(1 + each / 700) for each in (low, high))
    corners = 700 * (10 ** (np.linspace(lowest, highest, mels + 2) / 2595) - 1)
    frequency = np.arange(fft // 2 + 1)[:, None] * (rate / fft)
    rising = (frequency - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - frequency) / (corners[2:] - corners[1:-1])
    return np.maximum(np.minimum(rising, falling), 0)


def _filters(layer: LogMel | MFCC) -> np.ndarray:
    high = layer.rate / 2 if layer.high is None else layer.high
    return mel_filters(layer.rate, layer.mels, layer.fft or layer.frame, layer.low, high)


def _check_frames(layer: Spectrogram | LogMel | MFCC) -> None:
    for each in ("frame", "hop"):
        check_whole(layer, each, getattr(layer, each))
    if layer.fft is not None:
        check_whole(layer, "fft", layer.fft, at_least=layer.frame)


def _check_spectrum(layer: LogMel | MFCC) -> None:
    name = type(layer).__name__
    check_number(layer, "rate", layer.rate, above=0)
    check_whole(layer, "mels", layer.mels)
    _check_frames(layer)
    check_number(layer, "floor", layer.floor, above=0)
    check_number(layer, "low", layer.low, at_least=0, below=layer.rate / 2)
    if layer.high is not None:
        check_number(layer, "high", layer.high, above=layer.low, at_most=layer.rate / 2)
    empty = np.flatnonzero(~_filters(layer).any(0))
    if len(empty):
        raise ConfigError(
            f"{name}: filter {empty[0]} of {layer.mels} takes none of the frequencies, which are "
            f"{layer.rate / (layer.fft or layer.frame):g} Hz apart",
            remedy="make mels smaller, or frame or fft larger",
        )


def _log_mel(layer: LogMel | MFCC, x: Tensor) -> Tensor:
    filters = _filters(layer)
    used = np.flatnonzero(filters.any(1))
    power = _power(layer, x, used)
    return f.log(power @ power.trace.constant(filters[used], power.dtype) + layer.floor)


def _power(layer: Spectrogram | LogMel | MFCC, x: Tensor, used: np.ndarray) -> Tensor:
    """The energy of some frequencies, numbered from 0, in each frame: (batch, frames, frequencies)."""
    if x.ndim != 2:
        raise ShapeError(
            f"{x.trace.label} got x of shape {x.shape}; it needs (batch, samples)",
            remedy="give a single channel, such as the mean of both" if x.ndim == 3 else "",
        )
    if x.shape[1] < layer.frame:
        raise ShapeError(
            f"{x.trace.label} got waves of {x.shape[1]} samples; a frame has {layer.frame}",
            remedy="fill them up with zeros, or make the frame shorter",
        )
    if x.dtype not in FLOATS:
        x = x.cast("float32")
    n = np.arange(layer.frame)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / layer.frame)
    angle = 2 * np.pi / (layer.fft or layer.frame) * n[:, None] * used
    fourier = np.concatenate([np.cos(angle), -np.sin(angle)], 1) * window[:, None]
    parts = _frames(x, layer.frame, layer.hop) @ x.trace.constant(fourier, x.dtype)
    squares = parts * parts
    return squares[..., : len(used)] + squares[..., len(used) :]


def _frames(x: Tensor, frame: int, hop: int) -> Tensor:
    """The whole frames of waves, (batch, frames, samples of a frame), made of slices of blocks of a hop."""
    batch, samples = x.shape
    count, blocks = 1 + (samples - frame) // hop, -(-frame // hop)
    length = (count + blocks - 1) * hop
    if length > samples:
        x = f.pad(x, (0, 0), (0, length - samples))
    cut = x[:, :length].reshape(batch, count + blocks - 1, hop)
    slices = [cut[:, i : i + count, : min(hop, frame - i * hop)] for i in range(blocks)]
    return f.concatenate(slices, -1) if blocks > 1 else slices[0]
