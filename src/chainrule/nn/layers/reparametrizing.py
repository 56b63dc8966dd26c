"""Weights made of other parameters: of length and direction, or divided by their largest singular value."""

from dataclasses import dataclass
from typing import Any

from chainrule.errors import ConfigError
from chainrule.nn.initializers import Initializer, check_initializers, normal, ones
from chainrule.nn.layer import Layer, current_building
from chainrule.nn.settings import check_number, check_whole
from chainrule.program import Tensor
from chainrule.program import functions as f


@dataclass(frozen=True)
class WeightNorm(Layer):
    """y = layer(x) with W = g v / ‖v‖, the length and direction of each output's weights trained apart.

    Salimans and Kingma 2016, equation 2. For each weight of two axes or more in the layer, v keeps its name,
    such as 'weight', its shape (…, inputs, outputs) and its initializer, and g (outputs,) is 'weight_length'.
    layer: any layer; of a Sequential, all of its layers. length: initializer of g; ones give W the variance
    of lecun_normal, constant(2 ** 0.5) that of he_normal (PyTorch begins with ‖v‖).
    Inputs and outputs are those of the layer; its place has the name of the layer, without WeightNorm.
    Raises ConfigError for something else than a layer; while recording, for a sparse Embedding.
    """

    layer: Layer
    length: Initializer = ones

    def __post_init__(self) -> None:
        _check_layer(self)
        check_initializers(self, "length")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        with current_building(self).reparametrizing(self._scaled):
            return self.layer(*inputs, **options)

    def placed(self) -> Layer:
        """The layer within, which gets the place and name."""
        return self.layer.placed()

    def _scaled(self, owner: Layer, name: str, direction: Tensor) -> Tensor:
        lengths = f.sqrt((direction * direction).sum(range(direction.ndim - 1)))
        g = owner.param(f"{name}_length", lengths.shape, self.length, direction.dtype)
        return direction * (g / lengths)


@dataclass(frozen=True)
class SpectralNorm(Layer):
    """y = layer(x) with W / σ(W), σ the largest singular value: |y - y′| ≤ |x - x′| for a Dense layer.

    Miyato et al. 2018, algorithm 1. For each weight of two axes or more in the layer, a matrix with a column
    per output, a state such as 'weight_vector' (outputs,) is moved towards the singular vector by power
    iteration in every step of training. The derivative takes both vectors as constants.
    layer: any layer; of a Sequential, all of its layers. iterations: in a step, at least 1. epsilon: added to
    lengths, above 0.
    Inputs, outputs and names of parameters are those of the layer, whose place it gets.
    Raises ConfigError for a bad setting; while recording, for a sparse Embedding.
    """

    layer: Layer
    iterations: int = 1
    epsilon: float = 1e-12

    def __post_init__(self) -> None:
        _check_layer(self)
        check_whole(self, "iterations", self.iterations)
        check_number(self, "epsilon", self.epsilon, above=0)

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        with current_building(self).reparametrizing(self._divided):
            return self.layer(*inputs, **options)

    def placed(self) -> Layer:
        """The layer within, which gets the place and name."""
        return self.layer.placed()

    def _divided(self, owner: Layer, name: str, weight: Tensor) -> Tensor:
        matrix = weight.reshape(-1, weight.shape[-1])
        fixed = f.stop_gradient(matrix)
        state = f"{name}_vector"
        kept = owner.state(state, (weight.shape[-1],), normal(0.0, 1.0), weight.dtype)
        right = self._unit(kept.reshape(-1, 1))  # both vectors are columns
        left = self._unit(fixed @ right)
        if owner.training:
            for _ in range(self.iterations):
                right = self._unit(fixed.transpose() @ left)
                left = self._unit(fixed @ right)
            owner.update_state(state, right.reshape(*kept.shape))
        return weight / f.dot(left, matrix @ right)

    def _unit(self, x: Tensor) -> Tensor:
        return f.stop_gradient(x / (f.sqrt((x * x).sum()) + self.epsilon))


def _check_layer(owner: WeightNorm | SpectralNorm) -> None:
    if not isinstance(owner.layer, Layer):
        raise ConfigError(
            f"{type(owner).__name__}: layer is {owner.layer!r}", remedy="give it one, such as Dense(64)"
        )
