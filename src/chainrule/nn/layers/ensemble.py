"""Ensembles in one network: members share weights, and each scales inputs and outputs by its own factors."""

from dataclasses import dataclass

from chainrule.errors import ShapeError
from chainrule.nn.activations import activate, check_activation
from chainrule.nn.initializers import Initializer, check_initializers, he_normal, normal, ones, zeros
from chainrule.nn.layer import Layer
from chainrule.nn.layers.inputs import need_floats
from chainrule.nn.settings import check_choice, check_whole
from chainrule.program import Tensor


@dataclass(frozen=True)
class Members(Layer):
    """y[n, m] = x[n] ⊙ r_m: a copy of the input for every member of an ensemble, scaled by a trained row.

    The random r makes members with shared weights differ from the start (Gorishniy et al. 2024; in the 'mini'
    form of TabM it is all that differs).
    count: number of members, at least 1. scale: initializer of r (count, features).
    x: float (batch, features) -> (batch, count, features).
    Raises ConfigError for a bad setting; while recording, ShapeError for other shapes.
    """

    count: int
    scale: Initializer = normal(0.0, 1.0)

    def __post_init__(self) -> None:
        check_whole(self, "count", self.count)
        check_initializers(self, "scale")

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim != 2:
            raise ShapeError(f"{x.trace.label} got x of shape {x.shape}; it needs (batch, features)")
        need_floats(x)
        scale = self.param("scale", (self.count, x.shape[1]), self.scale, x.dtype)
        return x[:, None, :] * scale


@dataclass(frozen=True)
class EnsembleDense(Layer):
    """y_m = activation(((x_m ⊙ r_m) W) ⊙ s_m + b_m) for every member m of an ensemble.

    BatchEnsemble (Wen et al. 2020), as in TabM (Gorishniy et al. 2024): member m has the matrix W ⊙ r_m s_mᵀ,
    and one product with W serves all members.
    units: width of the output, at least 1. activation: a name in nn.ACTIVATIONS; None is linear.
    weights: 'shared', as above, with r and s starting at 1; or 'own', y_m = activation(x_m W_m + b_m), for
    narrow outputs.
    weight: initializer of W (features, units), for 'own' (features, members × units). bias: initializer of b.
    x: float (batch, members, features) -> (batch, members, units).
    Raises ConfigError for a bad setting; while recording, ShapeError for other shapes.
    """

    units: int
    activation: str | None = None
    weights: str = "shared"
    weight: Initializer = he_normal()
    bias: Initializer = zeros

    def __post_init__(self) -> None:
        check_whole(self, "units", self.units)
        check_activation("EnsembleDense", self.activation)
        check_choice(self, "weights", self.weights, ("shared", "own"))
        check_initializers(self, "weight", "bias")

    def __call__(self, x: Tensor) -> Tensor:
        if x.ndim != 3:
            raise ShapeError(
                f"{x.trace.label} got x of shape {x.shape}; it needs (batch, members, features)",
                remedy="put Members in front of it",
            )
        need_floats(x)
        z = self._shared(x) if self.weights == "shared" else self._own(x)
        bias = self.param("bias", (x.shape[1], self.units), self.bias, x.dtype)
        return activate(self.activation, z + bias)

    def _shared(self, x: Tensor) -> Tensor:
        batch, members, features = x.shape
        weight = self.param("weight", (features, self.units), self.weight, x.dtype)
        before = self.param("input_scale", (members, features), ones, x.dtype)
        after = self.param("output_scale", (members, self.units), ones, x.dtype)
        rows = (x * before).reshape(batch * members, features)  # one product for all members
        return (rows @ weight).reshape(batch, members, self.units) * after

    def _own(self, x: Tensor) -> Tensor:
        _, members, features = x.shape
        weight = self.param("weight", (features, members * self.units), self.weight, x.dtype)
        weights = weight.reshape(features, members, self.units).transpose(1, 0, 2)
        return (x.transpose(1, 0, 2) @ weights).transpose(1, 0, 2)  # (batch, members, units)
