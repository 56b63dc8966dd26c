"""Augmentation of sounds: random changes in training, which should not change what the network predicts.

In prediction nothing is changed. The program's counter-based random bits decide, as for images.
"""

from dataclasses import dataclass

import numpy as np

from chainrule.errors import ShapeError
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_floats
from chainrule.nn.layers.sequences import need_sequence
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class RandomTimeShift(Layer):
    """y[n] = x[n - s]; the whole number s is drawn for each wave. In prediction y = x.

    What is shifted beyond an end is lost, and zeros come in at the other.
    most: of |s| in samples, at least 0, drawn uniformly.
    x: float (batch, samples) -> the same shape.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    """

    most: int

    def __post_init__(self) -> None:
        check_whole(self, "most", self.most, at_least=0)

    def __call__(self, x: Tensor) -> Tensor:
        _need_waves(x)
        if not self.training or self.most == 0:
            return x
        batch, samples = x.shape
        begin = _whole(self, (batch, 1), 2 * self.most).cast("int32")
        places = begin + x.trace.constant(np.arange(samples)[None], "int32")
        padded = f.pad(x, (0, self.most), (0, self.most))
        return f.take_along_axis(padded, places, 1)


@dataclass(frozen=True)
class RandomSpeed(Layer):
    """y[n] = x[c + s · (n - c)] about the centre c; the factor s is drawn for each wave. In prediction y = x.

    A sound that is s times as fast is as much higher, too, as another speaker's. Between samples it is
    interpolated linearly; beyond the ends it is zero.
    most: s is drawn from 1 / (1 + most) to 1 + most, uniformly by its logarithm; from 0 to 1.
    x: float (batch, samples) -> the same shape.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    Ko et al. 2015, with any speed instead of three.
    """

    most: float = 0.1

    def __post_init__(self) -> None:
        check_number(self, "most", self.most, at_least=0, at_most=1)

    def __call__(self, x: Tensor) -> Tensor:
        _need_waves(x)
        if not self.training or self.most == 0:
            return x
        batch, samples = x.shape
        speed = f.exp((2 * _uniform(self, (batch, 1), x.dtype) - 1) * float(np.log1p(self.most)))
        centre = (samples - 1) / 2
        # A zero before the wave and two after it: what lies beyond is read from there.
        place = x.trace.constant(np.arange(samples)[None] - centre, x.dtype) * speed + (centre + 1)
        place = f.minimum(f.maximum(place, 0.0), samples + 1.0)
        below = f.floor(place)
        padded, first = f.pad(x, (0, 1), (0, 2)), below.cast("int32")
        low, high = f.take_along_axis(padded, first, 1), f.take_along_axis(padded, first + 1, 1)
        return low + (place - below) * (high - low)


@dataclass(frozen=True)
class RandomNoise(Layer):
    """y = g · (x + a · r · ε), ε ~ uniform with variance 1; g and a are drawn for each wave.

    In prediction y = x. r is the root of the mean square of the wave, so that noise is as strong relative to
    a quiet one.
    share: the most of a, from 0 to 1, drawn uniformly from 0 on. gain: the most change of loudness, from 0 to
    below 1; g is drawn uniformly within 1 ± gain.
    x: float (batch, samples) -> the same shape.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    """

    share: float = 0.1
    gain: float = 0.0

    def __post_init__(self) -> None:
        check_number(self, "share", self.share, at_least=0, at_most=1)
        check_number(self, "gain", self.gain, at_least=0, below=1)

    def __call__(self, x: Tensor) -> Tensor:
        _need_waves(x)
        if not self.training:
            return x
        if self.share:
            loudness = f.sqrt((x * x).mean(1, keepdims=True) + 1e-12)
            strength = _uniform(self, (x.shape[0], 1), x.dtype) * (self.share * 12**0.5) * loudness
            x = x + strength * (_uniform(self, x.shape, x.dtype) - 0.5)
        if self.gain:
            x = x * (1 + self.gain * (2 * _uniform(self, (x.shape[0], 1), x.dtype) - 1))
        return x


@dataclass(frozen=True)
class RandomEqualizer(Layer):
    """y[t, m] = x[t, m] + c[m]; the curve c is drawn for each sound. In prediction y = x.

    On logarithms of energy, as of LogMel, this is another microphone or room. c is linear along the
    frequencies between points at equal distances, the first and the last frequency among them.
    most: of |c| at each point, in the units of x, at least 0, drawn uniformly; a decibel of power is 0.23.
    points: at least 2. x: float (batch, time, frequencies) -> the same shape.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    As FilterAugment with linear boundaries (Nam, Kim and Park 2022), with fixed places of the points.
    """

    most: float = 1.4
    points: int = 5

    def __post_init__(self) -> None:
        check_number(self, "most", self.most, at_least=0)
        check_whole(self, "points", self.points, at_least=2)

    def __call__(self, x: Tensor) -> Tensor:
        need_sequence(x)
        if not self.training or self.most == 0:
            return x
        batch, _, frequencies = x.shape
        along = np.linspace(0, self.points - 1, frequencies)
        hats = np.maximum(1 - np.abs(along - np.arange(self.points)[:, None]), 0)  # (points, frequencies)
        heights = self.most * (2 * _uniform(self, (batch, self.points), x.dtype) - 1)
        return x + (heights @ x.trace.constant(hats, x.dtype)).reshape(batch, 1, frequencies)


@dataclass(frozen=True)
class RandomMasks(Layer):
    """y = 0 within random bands of time and of frequency, else x (SpecAugment, Park et al. 2019).

    In prediction y = x. Each band has a width drawn uniformly from 0 to the most, and begins anywhere where
    it fits in. Times and frequencies are not warped. x should have mean 0, as after BatchNorm.
    time, frequency: the most width of a band, at least 0. count: of the bands of each kind, at least 1.
    x: float (batch, time, frequencies) -> the same shape.
    Raises ConfigError for a bad setting; while recording ShapeError and DTypeError for other inputs.
    """

    time: int = 10
    frequency: int = 8
    count: int = 1

    def __post_init__(self) -> None:
        check_whole(self, "time", self.time, at_least=0)
        check_whole(self, "frequency", self.frequency, at_least=0)
        check_whole(self, "count", self.count)

    def __call__(self, x: Tensor) -> Tensor:
        need_sequence(x)
        if not self.training:
            return x
        for _ in range(self.count):
            for axis, most in ((1, self.time), (2, self.frequency)):
                if most:
                    x = f.where(self._outside(x, axis, min(most, x.shape[axis])), x, 0.0)
        return x

    def _outside(self, x: Tensor, axis: int, most: int) -> Tensor:
        """Whether each place along an axis lies outside of a band: (batch, time or 1, frequencies or 1)."""
        draws = (x.shape[0], 1, 1)
        width = _whole(self, draws, most).cast(x.dtype)
        begin = f.floor(_uniform(self, draws, x.dtype) * (x.shape[axis] + 1.0 - width))
        places = np.arange(x.shape[axis]).reshape((1, -1, 1) if axis == 1 else (1, 1, -1))
        along = x.trace.constant(places, x.dtype)
        return f.logical_or(along < begin, along >= begin + width)


def _need_waves(x: Tensor) -> None:
    if x.ndim != 2:
        raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; it needs (batch, samples)")
    need_floats(x)


def _uniform(layer: Layer, shape: tuple[int, ...], dtype: str) -> Tensor:
    """Uniform random numbers from 0 to 1; the largest draws round up to 1 in float32."""
    return layer.random_bits(shape).cast(dtype) * 2.0**-32


def _whole(layer: Layer, shape: tuple[int, ...], most: int) -> Tensor:
    """Uniform random whole numbers from 0 to most, as float32."""
    return f.minimum(f.floor(_uniform(layer, shape, "float32") * float(most + 1)), float(most))
