"""Curvature: the second derivatives of a loss, by products of its Hessian with vectors.

The Hessian H of a loss with n parameters has n² entries and is never formed. Its product with a vector v is
the gradient of the number g · v, where g is the gradient of the loss and v is held: exact, for the cost of a
few gradients (Pearlmutter 1994, who takes the same derivative in the forward direction). Derivative rules
record in the language that they read, so the product is a program like any other.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.backprop.reverse import differentiate
from chainrule.errors import ChainruleError, ConfigError
from chainrule.program import NamedArrays, Program, Tensor, Value
from chainrule.program import functions as f

DIRECTION, GRADIENT, PRODUCT = "direction ", "gradient ", "product "
_TOLERANCE = 1e-3  # of an eigenvalue's residual, relative to the largest
_FORMED = 40  # parameters up to which all columns cost no more than Lanczos's method
_RESTARTS = 50

Evaluate = Callable[[NamedArrays], Iterable[tuple[NamedArrays, float]]]
"""Directions, by the name of the input -> outputs of a `hessian_program` and weight, for each batch."""


def hessian_product(output: Tensor, directions: Mapping[Tensor, Tensor]) -> Mapping[Tensor, Tensor]:
    """H v for each parameter, H the second derivatives of `output` with respect to all of them.

    output: a float scalar, shape (). directions: parameter -> its part of v, of the same shape and dtype,
    which is held. Returns parameter -> its part of H v, recorded in the same trace.
    Where the gradient has a kink or jumps, as at 0 of ReLU, the product is that of the side that its rule
    takes, so networks of ReLU have the curvature of the loss and of the layers' products, and none of their
    own. What `stop_gradient` holds is held twice, and H need not be symmetric then.
    Raises as `differentiate`.
    """
    return _slopes_along(differentiate(output, directions), directions)


def hessian_program(loss: Tensor) -> Program:
    """A program that multiplies the Hessian of a recorded loss by a vector, for any executor.

    loss: a float scalar; H is by all parameters of its trace. The program takes the inputs of the trace and
    'direction NAME' for each parameter. Outputs: 'loss', and for each parameter 'gradient NAME' and 'product
    NAME', its part of H v.
    Raises ChainruleError for a loss without parameters, else as `differentiate`.
    """
    trace, parameters = loss.trace, dict(loss.trace.parameters)
    if not parameters:
        raise ChainruleError(
            "the loss has no parameters to differentiate it by", remedy="give a model with weights"
        )
    directions = {p: trace.input(DIRECTION + name, p.shape, p.dtype) for name, p in parameters.items()}
    gradients = differentiate(loss, parameters.values())
    products = _slopes_along(gradients, directions)
    outputs = {"loss": loss}
    outputs |= {GRADIENT + name: gradients[p.value] for name, p in parameters.items()}
    outputs |= {PRODUCT + name: products[p] for name, p in parameters.items()}
    return trace.program(outputs)


def _slopes_along(
    gradients: Mapping[Value, Tensor], directions: Mapping[Tensor, Tensor]
) -> dict[Tensor, Tensor]:
    """The gradient of g · v with v held."""
    first, *others = [f.dot(gradients[p.value], f.stop_gradient(v)) for p, v in directions.items()]
    for other in others:
        first = first + other
    products = differentiate(first, directions)
    return {parameter: products[parameter.value] for parameter in directions}


@dataclass(frozen=True)
class Estimate:
    """A number that was estimated from random samples, and the standard error of their mean."""

    value: float
    error: float


@dataclass(frozen=True, eq=False)
class Hessian:
    """The Hessian of a mean loss at one point, known by its products with vectors.

    parameters: name -> array, the point. evaluate: directions, named as a `hessian_program` takes them -> for
    each batch of the data the program's outputs, and what the batch weighs in the mean, such as its number of
    examples: where losses are means over examples, the result is that of one batch of all.
    Vectors are flat: all parameters one after the other, in their order.
    """

    parameters: NamedArrays
    evaluate: Evaluate

    @property
    def size(self) -> int:
        """Number of parameters: H is (size, size)."""
        return sum(array.size for array in self.parameters.values())

    def product(self, vector: np.ndarray) -> np.ndarray:
        """H v: (size,) -> (size,), summed over the batches in float64.

        Raises ChainruleError where it is not finite.
        """
        _, product = self._sums(vector, PRODUCT)
        if not np.isfinite(product).all():
            raise ChainruleError(
                "the second derivatives of the loss are not finite at these weights",
                remedy="take weights from before training broke down, or scale the data",
            )
        return product

    def gradient(self) -> tuple[float, np.ndarray]:
        """The loss, and its gradient: (size,)."""
        return self._sums(np.zeros(self.size), GRADIENT)

    def eigenvalues(self, count: int = 1, *, seed: int = 0) -> np.ndarray:
        """The eigenvalues of largest magnitude, descending in it: (count,).

        count: 1 … size. Lanczos's method with restarts (SciPy's `eigsh`, which is ARPACK; Lehoucq, Sorensen
        and Yang 1998), from a start that seed decides, to three digits; few parameters have H formed. It
        keeps about 20 + 2 count vectors of float64 in memory, and takes some dozens of products.
        Raises ConfigError for another count, ChainruleError where H is not finite or the method does not
        converge.
        """
        if not 1 <= count <= self.size:
            raise ConfigError(
                f"count is {count}; H has {self.size:,} eigenvalues", remedy="ask for at least one of them"
            )
        found = self._eigenvalues(self.product, count, seed)
        return found[np.argsort(-np.abs(found), kind="stable")]

    def ends(self, *, seed: int = 0) -> tuple[float, float]:
        """The smallest and the largest eigenvalue: the least and the greatest curvature of any direction.

        At a minimum none is negative; at a saddle point some are. The sharpness of a minimum is the largest.
        Each is exact to three digits of the larger magnitude. Raises as `eigenvalues`.
        """
        top = float(self._eigenvalues(self.product, 1, seed)[0])
        # Shifted so that the other end is the one of largest magnitude: its own may be far below H's noise.
        shifted = self._eigenvalues(lambda v: self.product(v) - top * v, 1, seed)
        other = top + float(shifted[0])
        return min(top, other), max(top, other)

    def trace(self, samples: int = 30, *, seed: int = 0) -> Estimate:
        """The trace of H, the sum of its eigenvalues: the mean of z · H z over random signs z.

        samples: at least 2, a product each. Hutchinson 1990; the error falls as 1/√samples.
        """
        if samples < 2:
            raise ConfigError(f"samples is {samples}", remedy="give at least 2, for an estimate of the error")
        random = np.random.default_rng(seed)
        signs = (random.integers(0, 2, self.size) * 2.0 - 1.0 for _ in range(samples))
        found = np.array([z @ self.product(z) for z in signs])
        return Estimate(float(found.mean()), float(found.std(ddof=1) / np.sqrt(samples)))

    def _eigenvalues(self, product: Callable[[np.ndarray], np.ndarray], count: int, seed: int) -> np.ndarray:
        """Those of largest magnitude of a symmetric product."""
        if self.size <= max(_FORMED, 2 * count):
            formed = np.stack([product(column) for column in np.eye(self.size)])
            every = np.linalg.eigvalsh((formed + formed.T) / 2)
            return every[np.argsort(-np.abs(every), kind="stable")[:count]]
        from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

        start = np.random.default_rng(seed).normal(size=self.size)
        if not product(start).any():  # H is 0, and the method would start from 0
            return np.zeros(count)
        shape: Any = (self.size, self.size)
        operator: Any = LinearOperator(shape, matvec=product, dtype=np.float64)  # type: ignore[call-arg]
        how: dict[str, Any] = {"tol": _TOLERANCE, "maxiter": _RESTARTS, "return_eigenvectors": False}
        try:
            return np.asarray(eigsh(operator, count, which="LM", v0=start, **how))
        except ArpackError as error:  # also where it has not converged
            raise ChainruleError(
                f"the eigenvalues of the Hessian could not be found ({error})",
                remedy="compute in float64, or over more examples",
            ) from error

    def _sums(self, vector: np.ndarray, what: str) -> tuple[float, np.ndarray]:
        """The mean loss and the mean of what the program says of every parameter, flat."""
        parts = np.split(vector, np.cumsum([array.size for array in self.parameters.values()])[:-1])
        directions = {
            DIRECTION + name: part.reshape(array.shape).astype(array.dtype)
            for (name, array), part in zip(self.parameters.items(), parts, strict=True)
        }
        loss, total, weights = 0.0, np.zeros(self.size), 0.0
        for outputs, weight in self.evaluate(directions):
            flat = np.concatenate([outputs[what + name].ravel() for name in self.parameters])
            total += weight * flat
            loss += weight * float(outputs["loss"])
            weights += weight
        return loss / weights, total / weights
