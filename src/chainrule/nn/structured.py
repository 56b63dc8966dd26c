"""Initial values of parameters with a structure: the identity, and few connections."""

import math
from dataclasses import dataclass

import numpy as np

from chainrule.errors import DTypeError, ShapeError
from chainrule.nn.initializers import Initializer
from chainrule.nn.settings import check_number
from chainrule.program import FLOATS


@dataclass(frozen=True)
class Identity(Initializer):
    """W[i, i] = gain and W = 0 elsewhere, such as the recurrent weight of a network of relu units.

    Le, Jaitly and Hinton 2015. gain: any number. Raises ShapeError for another number of axes than two; for
    convolutions there is `dirac`.
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        check_number("identity", "gain", self.gain)

    def __call__(self, shape: tuple[int, ...], random: np.random.Generator, dtype: str) -> np.ndarray:
        if len(shape) != 2:
            raise ShapeError(f"identity got shape {tuple(shape)}", remedy="it needs two axes")
        return self.gain * np.eye(*shape, dtype=_float("identity", dtype))


@dataclass(frozen=True)
class Sparse(Initializer):
    """w ~ N(0, deviation²) for few inputs of each output, drawn anew for each, and w = 0 for the others.

    Martens 2010, section 5: connections so few that units differ. sparsity: the share of zeros in every
    column, rounded up, at least 0 and below 1. deviation: at least 0.
    PyTorch's sparse_ has the zeros in each column of its transposed matrix, that is for each input. A kernel
    (..., inputs, outputs) is one matrix with a column per output. Raises ShapeError for fewer than two axes.
    """

    sparsity: float
    deviation: float = 0.01

    def __post_init__(self) -> None:
        check_number("sparse", "sparsity", self.sparsity, at_least=0, below=1)
        check_number("sparse", "deviation", self.deviation, at_least=0)

    def __call__(self, shape: tuple[int, ...], random: np.random.Generator, dtype: str) -> np.ndarray:
        if len(shape) < 2:
            raise ShapeError(f"sparse got shape {tuple(shape)}", remedy="it needs at least two axes")
        kind = _float("sparse", dtype)
        rows, columns = math.prod(shape[:-1]), shape[-1]
        w = random.normal(0.0, self.deviation, (rows, columns)).astype(kind)
        none = random.random((rows, columns)).argsort(axis=0)[: math.ceil(self.sparsity * rows)]
        np.put_along_axis(w, none, 0, axis=0)
        return w.reshape(shape)


def identity(gain: float = 1.0) -> Initializer:
    """W[i, i] = gain and W = 0 elsewhere (Le, Jaitly and Hinton 2015)."""
    return Identity(gain)


def sparse(sparsity: float, deviation: float = 0.01) -> Initializer:
    """w ~ N(0, deviation²) for few inputs of each output, and w = 0 for the others (Martens 2010)."""
    return Sparse(sparsity, deviation)


def _float(owner: str, dtype: str) -> np.dtype:
    if dtype not in FLOATS:
        raise DTypeError(f"{owner} got dtype {dtype}", remedy="parameters are float32 or float64")
    return np.dtype(dtype)
