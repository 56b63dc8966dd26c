"""One line of NumPy for each operation: the reference that every other executor is held to."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from chainrule.executors.numpy_.convolution import (
    convolution,
    convolution_input_adjoint,
    convolution_weight_adjoint,
)
from chainrule.executors.numpy_.ordering import arg_top_k, argsort, cumsum, factorize
from chainrule.executors.numpy_.pooling import (
    average_pool,
    average_pool_adjoint,
    max_pool,
    max_pool_adjoint,
    max_pool_positions,
)
from chainrule.executors.numpy_.random_bits import random_bits
from chainrule.executors.numpy_.resizing import resize, resize_adjoint
from chainrule.executors.numpy_.scanning import scan

Kernel = Callable[..., np.ndarray]


def _erf(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf  # SciPy takes long to load, and few networks need it

    return erf(x)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    """From e^-|x|, which never overflows and keeps the digits of both tails."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, x.dtype.type(1), small) / (1 + small)


def _cast(x: np.ndarray, dtype: str) -> np.ndarray:
    """An int64 that int32 can't hold becomes its end, so that an index out of range stays out of range."""
    if x.dtype == np.int64 and dtype == "int32":
        ends = np.iinfo(np.int32)
        x = np.clip(x, ends.min, ends.max)
    if x.dtype.kind == "f" and dtype == "uint8":
        x = x.astype(np.int32)  # then its last byte; from floats NumPy leaves it to the processor
    return x.astype(dtype)


def _slice(x: np.ndarray, start: Any, stop: Any, step: Any) -> np.ndarray:
    return x[tuple(slice(*each) for each in zip(start, stop, step, strict=True))]


def _pad(x: np.ndarray, low: Any, high: Any, interior: Any) -> np.ndarray:
    filled = [n + max(n - 1, 0) * gap for n, gap in zip(x.shape, interior, strict=True)]
    y = np.zeros([lo + n + hi for lo, n, hi in zip(low, filled, high, strict=True)], x.dtype)
    y[tuple(slice(lo, lo + n, gap + 1) for lo, n, gap in zip(low, filled, interior, strict=True))] = x
    return y


def _gather(x: np.ndarray, indices: np.ndarray, axis: int) -> np.ndarray:
    return np.take(x, indices, axis)


def _scatter_add(x: np.ndarray, indices: np.ndarray, updates: np.ndarray, axis: int) -> np.ndarray:
    y = x.copy()
    place: Any = (*[slice(None)] * axis, indices)
    np.add.at(y, place, updates)
    return y


def _put(x: np.ndarray, indices: np.ndarray, updates: np.ndarray) -> np.ndarray:
    y, rows = x.copy(), updates.reshape(indices.size, *x.shape[1:])
    y[indices.reshape(-1)[::-1]] = rows[::-1]  # of equal indices NumPy keeps the last
    return y


def _one_hot(indices: np.ndarray, depth: int, dtype: str) -> np.ndarray:
    return (indices[..., None] == np.arange(depth, dtype=indices.dtype)).astype(dtype)


KERNELS: Mapping[str, Kernel] = {
    "negative": np.negative,
    "absolute": np.absolute,
    "sign": np.sign,
    "floor": np.floor,
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "arctan": np.arctan,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "softplus": lambda x: np.logaddexp(x, x.dtype.type(0)),
    "erf": _erf,
    "relu": lambda x: np.maximum(x, x.dtype.type(0)),
    "isfinite": np.isfinite,
    "logical_not": np.logical_not,
    "cast": _cast,
    "stop_gradient": lambda x: x,
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "power": np.power,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "shift_right": np.right_shift,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
    "where": np.where,
    "reshape": lambda x, shape: x.reshape(shape),
    "transpose": lambda x, order: x.transpose(order),
    "broadcast_to": lambda x, shape: np.broadcast_to(x, shape),
    "slice": _slice,
    "pad": _pad,
    "recompute": lambda x, after: x,
    "concatenate": lambda *xs, axis: np.concatenate(xs, axis),
    "sum": lambda x, axes, keepdims: x.sum(axes, dtype=x.dtype, keepdims=keepdims),
    "max": lambda x, axes, keepdims: x.max(axes, keepdims=keepdims),
    "min": lambda x, axes, keepdims: x.min(axes, keepdims=keepdims),
    "matmul": np.matmul,
    "gather": _gather,
    "scatter_add": _scatter_add,
    "put": _put,
    "convolution": convolution,
    "convolution_input_adjoint": convolution_input_adjoint,
    "convolution_weight_adjoint": convolution_weight_adjoint,
    "max_pool": max_pool,
    "max_pool_positions": max_pool_positions,
    "max_pool_adjoint": max_pool_adjoint,
    "average_pool": average_pool,
    "average_pool_adjoint": average_pool_adjoint,
    "cumsum": cumsum,
    "argmax": lambda x, axis: x.argmax(axis).astype(np.int32),
    "argsort": argsort,
    "arg_top_k": arg_top_k,
    "factorize": factorize,
    "resize": resize,
    "resize_adjoint": resize_adjoint,
    "scan": scan,
    "one_hot": _one_hot,
    "constant": lambda value: value,
    "iota": lambda length, dtype: np.arange(length, dtype=dtype),
    "random_bits": random_bits,
}
"""Primitive operation -> the function of arrays that runs it."""
