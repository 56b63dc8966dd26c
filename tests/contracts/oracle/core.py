"""The meaning of the operations that every network is made of."""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

WRAP = 2**32


def each(function: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    """A function of Python numbers at every place of the broadcast arrays."""
    stretched = [array.tolist() for array in np.broadcast_arrays(*arrays)]
    shape = np.broadcast_shapes(*(array.shape for array in arrays))
    result = np.empty(shape, object)
    for place in np.ndindex(*shape):
        numbers = stretched
        for i in place:
            numbers = [number[i] for number in numbers]
        result[place] = function(*numbers)
    return result


def elementwise(function: Callable[..., Any]) -> Callable[..., np.ndarray]:
    return lambda *arrays: each(function, *arrays)


def _wrapped(function: Callable[[Any, Any], Any]) -> Callable[..., np.ndarray]:
    def apply(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
        result = each(function, x1, x2)
        return result % WRAP if x1.dtype == np.uint32 else result

    return apply


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else math.exp(x)


def _softplus(x: float) -> float:
    return math.log1p(math.exp(-abs(x))) + max(x, 0.0)


def _cast(x: np.ndarray, dtype: str) -> np.ndarray:
    kinds = {"float32": float, "float64": float, "int64": int, "uint32": int, "bool": bool}
    kinds |= {"int32": lambda n: min(max(int(n), -(2**31)), 2**31 - 1), "uint8": lambda n: int(n) % 256}
    return each(kinds[dtype], x)


def _reshape(x: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    y = np.empty(shape, object)
    for place, number in zip(np.ndindex(*shape), x.ravel().tolist(), strict=True):
        y[place] = number
    return y


def _transpose(x: np.ndarray, order: Sequence[int]) -> np.ndarray:
    y = np.empty([x.shape[axis] for axis in order], object)
    for place in np.ndindex(*x.shape):
        y[tuple(place[axis] for axis in order)] = x[place]
    return y


def _broadcast_to(x: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    y = np.empty(shape, object)
    for place in np.ndindex(*shape):
        own = place[len(shape) - x.ndim :]
        y[place] = x[tuple(0 if n == 1 else i for i, n in zip(own, x.shape, strict=True))]
    return y


def _slice(x: np.ndarray, start: Any, stop: Any, step: Any) -> np.ndarray:
    taken = [range(*each) for each in zip(start, stop, step, strict=True)]
    y = np.empty([len(places) for places in taken], object)
    for place in np.ndindex(*y.shape):
        y[place] = x[tuple(places[i] for places, i in zip(taken, place, strict=True))]
    return y


def _pad(x: np.ndarray, low: Any, high: Any, interior: Any) -> np.ndarray:
    lengths = [
        lo + n + (n - 1) * gap + hi if n else lo + hi
        for lo, n, gap, hi in zip(low, x.shape, interior, high, strict=True)
    ]
    y = np.zeros(lengths, object)
    for place in np.ndindex(*x.shape):
        y[tuple(lo + i * (gap + 1) for lo, i, gap in zip(low, place, interior, strict=True))] = x[place]
    return y


def _concatenate(*arrays: np.ndarray, axis: int) -> np.ndarray:
    shape = list(arrays[0].shape)
    shape[axis] = sum(array.shape[axis] for array in arrays)
    y, before = np.empty(shape, object), 0
    for array in arrays:
        for place in np.ndindex(*array.shape):
            y[(*place[:axis], place[axis] + before, *place[axis + 1 :])] = array[place]
        before += array.shape[axis]
    return y


def _reduction(function: Callable[[list[Any]], Any]) -> Callable[..., np.ndarray]:
    def reduce(x: np.ndarray, axes: Sequence[int], keepdims: bool) -> np.ndarray:
        kept = [1 if axis in axes else n for axis, n in enumerate(x.shape)]
        groups: dict[tuple[int, ...], list[Any]] = {place: [] for place in np.ndindex(*kept)}
        for place in np.ndindex(*x.shape):
            groups[tuple(0 if axis in axes else i for axis, i in enumerate(place))].append(x[place].item())
        y = np.empty(kept, object)
        for place, numbers in groups.items():
            y[place] = function(numbers)
        return y if keepdims else _reshape(y, [n for axis, n in enumerate(x.shape) if axis not in axes])

    return reduce


def _sum(x: np.ndarray, axes: Sequence[int], keepdims: bool) -> np.ndarray:
    if x.dtype == np.uint32:
        return _reduction(lambda numbers: sum(numbers) % WRAP)(x, axes, keepdims)
    return _reduction(math.fsum)(x, axes, keepdims)


def _extreme(best: Callable[[list[Any]], Any]) -> Callable[..., np.ndarray]:
    return _reduction(lambda numbers: math.nan if any(n != n for n in numbers) else best(numbers))


def _matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = np.broadcast_to(a, (*batch, *a.shape[-2:])), np.broadcast_to(b, (*batch, *b.shape[-2:]))
    y = np.empty((*batch, a.shape[-2], b.shape[-1]), object)
    for *outer, i, j in np.ndindex(*y.shape):
        y[(*outer, i, j)] = math.fsum(
            a[(*outer, i, k)].item() * b[(*outer, k, j)].item() for k in range(a.shape[-1])
        )
    return y


def _picked(x: np.ndarray, indices: np.ndarray, axis: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Pairs (place in what is gathered, place in x)."""
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    return [
        ((*outer, *place, *inner), (*outer, int(indices[place]), *inner))
        for outer, place, inner in itertools.product(
            np.ndindex(*before), np.ndindex(*indices.shape), np.ndindex(*after)
        )
    ]


def _gather(x: np.ndarray, indices: np.ndarray, axis: int) -> np.ndarray:
    y = np.empty((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), object)
    for to, source in _picked(x, indices, axis):
        y[to] = x[source].item()
    return y


def _put(x: np.ndarray, indices: np.ndarray, updates: np.ndarray) -> np.ndarray:
    y = np.empty(x.shape, object)
    for place in np.ndindex(*x.shape):
        y[place] = x[place].item()
    done: set[int] = set()
    for place in np.ndindex(*indices.shape):
        row = int(indices[place]) % len(x)
        for column in np.ndindex(*x.shape[1:]) if row not in done else ():
            y[(row, *column)] = updates[(*place, *column)].item()
        done.add(row)
    return y


def _scatter_add(x: np.ndarray, indices: np.ndarray, updates: np.ndarray, axis: int) -> np.ndarray:
    y = np.empty(x.shape, object)
    for place in np.ndindex(*x.shape):
        y[place] = x[place].item()
    for source, to in _picked(x, indices, axis):
        y[to] += updates[source].item()
    return y


def _one_hot(indices: np.ndarray, depth: int, dtype: str) -> np.ndarray:
    y = np.empty((*indices.shape, depth), object)
    for *place, i in np.ndindex(*y.shape):
        y[(*place, i)] = int(indices[tuple(place)] == i)
    return y


def philox(counter: Sequence[int], key: Sequence[int]) -> list[int]:
    """Philox4x32-10 in Python's own whole numbers (Salmon et al. 2011, section 4.3)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c[0], WRAP)
        high1, low1 = divmod(0xCD9E8D57 * c[2], WRAP)
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(k[0] + 0x9E3779B9) % WRAP, (k[1] + 0xBB67AE85) % WRAP]
    return c


def _random_bits(key: np.ndarray, shape: Sequence[int], stream: int) -> np.ndarray:
    y = np.empty(shape, object)
    for element, place in enumerate(np.ndindex(*shape)):
        y[place] = philox([element // 4, 0, stream, 0], key.tolist())[element % 4]
    return y


def _root_mean_square(x: np.ndarray) -> np.ndarray:
    total = math.fsum(number * number for number in x.ravel().tolist())
    return np.array(math.sqrt(total / max(x.size, 1)), object)


def _softmax_cross_entropy(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    y = np.empty(logits.shape[:-1], object)
    for place in np.ndindex(*y.shape):
        row = logits[place].tolist()
        top = max(row)
        log_total = top + math.log(math.fsum(math.exp(number - top) for number in row))
        y[place] = math.fsum(
            t * (log_total - number) for t, number in zip(targets[place].tolist(), row, strict=True)
        )
    return y


def _softmax_cross_entropy_delta(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    y = np.empty(logits.shape, object)
    for place in np.ndindex(*y.shape[:-1]):
        row, given = logits[place].tolist(), targets[place].tolist()
        powers = [math.exp(number - max(row)) for number in row]
        share = math.fsum(given) / math.fsum(powers)
        y[place] = [power * share - t for power, t in zip(powers, given, strict=True)]
    return y


CORE: Mapping[str, Callable[..., np.ndarray]] = {
    "negative": elementwise(lambda x: -x),
    "absolute": elementwise(abs),
    "sign": elementwise(lambda x: (x > 0) - (x < 0)),
    "floor": elementwise(math.floor),
    "exp": elementwise(math.exp),
    "expm1": elementwise(math.expm1),
    "log": elementwise(math.log),
    "log1p": elementwise(math.log1p),
    "sqrt": elementwise(math.sqrt),
    "sin": elementwise(math.sin),
    "cos": elementwise(math.cos),
    "arctan": elementwise(math.atan),
    "tanh": elementwise(math.tanh),
    "sigmoid": elementwise(_sigmoid),
    "softplus": elementwise(_softplus),
    "erf": elementwise(math.erf),
    "relu": elementwise(lambda x: x if x > 0 else 0.0),
    "isfinite": elementwise(math.isfinite),
    "logical_not": elementwise(lambda x: not x),
    "cast": _cast,
    "stop_gradient": elementwise(lambda x: x),
    "add": _wrapped(lambda x1, x2: x1 + x2),
    "subtract": _wrapped(lambda x1, x2: x1 - x2),
    "multiply": _wrapped(lambda x1, x2: x1 * x2),
    "divide": elementwise(lambda x1, x2: x1 / x2),
    "power": elementwise(lambda x1, x2: x1**x2),
    "maximum": elementwise(max),
    "minimum": elementwise(min),
    "shift_right": elementwise(lambda x1, x2: x1 >> x2),
    "logical_and": elementwise(lambda x1, x2: x1 and x2),
    "logical_or": elementwise(lambda x1, x2: x1 or x2),
    "equal": elementwise(lambda x1, x2: x1 == x2),
    "not_equal": elementwise(lambda x1, x2: x1 != x2),
    "less": elementwise(lambda x1, x2: x1 < x2),
    "less_equal": elementwise(lambda x1, x2: x1 <= x2),
    "greater": elementwise(lambda x1, x2: x1 > x2),
    "greater_equal": elementwise(lambda x1, x2: x1 >= x2),
    "where": elementwise(lambda condition, x, y: x if condition else y),
    "recompute": lambda x, after: x,
    "reshape": _reshape,
    "transpose": _transpose,
    "broadcast_to": _broadcast_to,
    "slice": _slice,
    "pad": _pad,
    "concatenate": _concatenate,
    "sum": _sum,
    "max": _extreme(max),
    "min": _extreme(min),
    "matmul": _matmul,
    "gather": _gather,
    "scatter_add": _scatter_add,
    "put": _put,
    "one_hot": _one_hot,
    "constant": lambda value: value,
    "iota": lambda length, dtype: np.array(list(range(length)), dtype),
    "random_bits": _random_bits,
    "softmax_cross_entropy": _softmax_cross_entropy,
    "softmax_cross_entropy_delta": _softmax_cross_entropy_delta,
    "root_mean_square": _root_mean_square,
}
