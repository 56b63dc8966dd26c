"""Normalization: over the batch, over features, over groups of channels."""

import math
from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.nn.initializers import Initializer, check_initializers, ones, zeros
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_floats, need_space
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class BatchNorm(Layer):
    """y = (x - mean) / √(variance + epsilon) · scale + shift, for each channel.

    Ioffe and Szegedy 2015. In training, mean and variance are those of the batch and all positions, with
    variance Σ (x - mean)² / n. In prediction they are running averages, which every step of training updates:
    running ← momentum · running + (1 - momentum) · batch, here with the unbiased variance
    Σ (x - mean)² / (n - 1). They start at 0 and 1. All this is as in PyTorch, whose momentum is 1 - ours.

    momentum: at least 0 and below 1. epsilon: at least 0. scale, shift: initializers, both (channels,).
    State: 'mean' and 'variance', (channels,). It cancels a bias just before it: set use_bias=False there.
    x: float (batch, ..., channels) -> the same shape.
    Raises ConfigError for a bad setting; while recording, ShapeError for another rank, or in training fewer
    than two values per channel, and DTypeError unless x is float.
    """

    momentum: float = 0.9
    epsilon: float = 1e-5
    scale: Initializer = ones
    shift: Initializer = zeros

    def __post_init__(self) -> None:
        check_number(self, "momentum", self.momentum, at_least=0, below=1)
        _check(self)

    def __call__(self, x: Tensor) -> Tensor:
        channels = _last_axis(x)
        scale, shift = _scale(self, x), _shift(self, x)
        mean = self.state("mean", channels, zeros, x.dtype)
        variance = self.state("variance", channels, ones, x.dtype)
        if not self.training:
            return (x - mean) * (scale / f.sqrt(variance + self.epsilon)) + shift
        values = math.prod(x.shape[:-1])
        if values < 2:
            raise ShapeError(
                f"{x.trace.label} got x of shape {x.shape}, {values} of each channel; training needs 2",
                remedy="give it batches of 2 examples or more, or use LayerNorm or GroupNorm",
            )
        with x.trace.at(part="update"):
            batch_mean, batch_variance = f.moments(x, range(x.ndim - 1))
            unbiased = batch_variance * (values / (values - 1))
            self.update_state("mean", self._moved(mean, batch_mean))
            self.update_state("variance", self._moved(variance, unbiased))
        return f.batch_norm(x, scale, shift, epsilon=self.epsilon)

    def _moved(self, running: Tensor, batch: Tensor) -> Tensor:
        return self.momentum * running + (1.0 - self.momentum) * batch


@dataclass(frozen=True)
class LayerNorm(Layer):
    """y = (x - mean) / √(variance + epsilon) · scale + shift, mean and variance over the last axis.

    Ba, Kiros and Hinton 2016. The variance is Σ (x - mean)² / n. Training and prediction are the same.
    epsilon: at least 0. scale, shift: initializers, both (features,).
    x: float (batch, ..., features) -> the same shape.
    Raises ConfigError for a bad setting, ShapeError for another rank, DTypeError unless x is float.
    """

    epsilon: float = 1e-5
    scale: Initializer = ones
    shift: Initializer = zeros

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, x: Tensor) -> Tensor:
        _last_axis(x)
        return f.layer_norm(x, _scale(self, x), _shift(self, x), epsilon=self.epsilon)


@dataclass(frozen=True)
class GroupNorm(Layer):
    """y = (x - mean) / √(variance + epsilon) · scale + shift, for each example and group of channels.

    Wu and He 2018. Mean and variance Σ (x - mean)² / n are over the channels of a group and all positions, in
    training and in prediction. One group is the layer normalization of images; a group for each channel is
    instance normalization (Ulyanov, Vedaldi and Lempitsky 2016).
    groups: at least 1; it must divide the channels. epsilon: at least 0. scale, shift: initializers, both
    (channels,).
    x: float (batch, ..., channels) -> the same shape.
    Raises ConfigError for a bad setting; while recording, ShapeError for another rank or if the groups do not
    divide the channels, and DTypeError unless x is float.
    """

    groups: int
    epsilon: float = 1e-5
    scale: Initializer = ones
    shift: Initializer = zeros

    def __post_init__(self) -> None:
        check_whole(self, "groups", self.groups)
        _check(self)

    def __call__(self, x: Tensor) -> Tensor:
        (channels,) = _last_axis(x)
        if channels % self.groups:
            raise ShapeError(
                f"{x.trace.label} got x of shape {x.shape}; its {self.groups} groups must divide the "
                f"{channels} channels"
            )
        places = math.prod(x.shape[1:-1])
        grouped = x.reshape(x.shape[0], places, self.groups, channels // self.groups)
        centred = grouped - grouped.mean((1, 3), keepdims=True)
        variance = (centred * centred).mean((1, 3), keepdims=True)
        standardized = (centred / f.sqrt(variance + self.epsilon)).reshape(*x.shape)
        return standardized * _scale(self, x) + _shift(self, x)


@dataclass(frozen=True)
class InstanceNorm(Layer):
    """y = (x - mean) / √(variance + epsilon) · scale + shift, for each example and channel.

    Ulyanov, Vedaldi and Lempitsky 2016: mean and variance Σ (x - mean)² / n are over the positions, in
    training and in prediction. It takes contrast and brightness out of an image.
    epsilon: at least 0. scale, shift: initializers, both (channels,); PyTorch has them with affine=True.
    x: float (batch, *space, channels), with one to three axes of space -> the same shape.
    Raises ConfigError for a bad setting, ShapeError for another rank, DTypeError unless x is float.
    """

    epsilon: float = 1e-5
    scale: Initializer = ones
    shift: Initializer = zeros

    def __post_init__(self) -> None:
        _check(self)

    def __call__(self, x: Tensor) -> Tensor:
        need_space(x, 1, 2, 3)
        places = range(1, x.ndim - 1)
        centred = x - x.mean(places, keepdims=True)
        variance = (centred * centred).mean(places, keepdims=True)
        return centred / f.sqrt(variance + self.epsilon) * _scale(self, x) + _shift(self, x)


@dataclass(frozen=True)
class RMSNorm(Layer):
    """y = x / √(mean of x² + epsilon) · scale over the last axis (Zhang and Sennrich 2019).

    epsilon: at least 0; the paper has none. scale: initializer, (features,).
    x: float (batch, ..., features) -> the same shape.
    Raises ConfigError for a bad setting, ShapeError for another rank, DTypeError unless x is float.
    """

    epsilon: float = 1e-5
    scale: Initializer = ones

    def __post_init__(self) -> None:
        check_number(self, "epsilon", self.epsilon, at_least=0)
        check_initializers(self, "scale")

    def __call__(self, x: Tensor) -> Tensor:
        _last_axis(x)
        return x / f.sqrt((x * x).mean(-1, keepdims=True) + self.epsilon) * _scale(self, x)


def _check(layer: BatchNorm | LayerNorm | GroupNorm | InstanceNorm) -> None:
    check_number(layer, "epsilon", layer.epsilon, at_least=0)
    check_initializers(layer, "scale", "shift")


def _last_axis(x: Tensor) -> tuple[int]:
    """(length of the last axis,); raises ShapeError unless there is an axis after the batch."""
    if x.ndim < 2:
        raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; it needs (batch, …, channels)")
    need_floats(x)
    return (x.shape[-1],)


def _scale(layer: BatchNorm | LayerNorm | GroupNorm | InstanceNorm | RMSNorm, x: Tensor) -> Tensor:
    return layer.param("scale", x.shape[-1:], layer.scale, x.dtype)


def _shift(layer: BatchNorm | LayerNorm | GroupNorm | InstanceNorm, x: Tensor) -> Tensor:
    return layer.param("shift", x.shape[-1:], layer.shift, x.dtype)
