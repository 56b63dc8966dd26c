"""The meaning of the recurrent composites: one example, one step, one unit at a time."""

import math
from collections.abc import Callable, Mapping

import numpy as np


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _sums(row: np.ndarray, weight: np.ndarray) -> list[float]:
    return [math.fsum(row * weight[:, j]) for j in range(weight.shape[1])]


def _walk(
    gates: np.ndarray, width: int, masks: tuple[np.ndarray, ...], reverse: bool, step: Callable
) -> np.ndarray:
    """step(example, gates, state or None, whether there is an element) -> state, the row that is kept."""
    time, batch, _ = gates.shape
    y = np.zeros((time, batch, width))
    for example in range(batch):
        state = None
        for t in range(time)[:: -1 if reverse else 1]:
            present = not masks or bool(masks[0][t, example])
            state, row = step(example, gates[t, example], state, present)
            y[t, example] = row
    return y


def _lstm(
    gates: np.ndarray, weight: np.ndarray, h0: np.ndarray, c0: np.ndarray, *masks: np.ndarray, reverse: bool
) -> np.ndarray:
    units = weight.shape[0]

    def step(example: int, x: np.ndarray, state: tuple | None, present: bool) -> tuple:
        h, c = state if state is not None else (h0[example], c0[example])
        if not present:
            return (h, c), [*h, *c, *[0.0] * (4 * units)]
        z = [a + b for a, b in zip(x, _sums(h, weight), strict=True)]
        i, f, o = ([_sigmoid(v) for v in z[k * units : (k + 1) * units]] for k in (0, 1, 3))
        g = [math.tanh(v) for v in z[2 * units : 3 * units]]
        c = np.array([f[k] * c[k] + i[k] * g[k] for k in range(units)])
        h = np.array([o[k] * math.tanh(c[k]) for k in range(units)])
        return (h, c), [*h, *c, *i, *f, *g, *o]

    return _walk(gates, 6 * units, masks, reverse, step)


def _gru(
    gates: np.ndarray, weight: np.ndarray, bias: np.ndarray, h0: np.ndarray, *masks: np.ndarray, reverse: bool
) -> np.ndarray:
    units = weight.shape[0]

    def step(example: int, x: np.ndarray, state: np.ndarray | None, present: bool) -> tuple:
        h = state if state is not None else h0[example]
        if not present:
            return h, [*h, *[0.0] * (4 * units)]
        a = [s + b for s, b in zip(_sums(h, weight), bias, strict=True)]
        r = [_sigmoid(x[k] + a[k]) for k in range(units)]
        z = [_sigmoid(x[k] + a[k]) for k in range(units, 2 * units)]
        own = a[2 * units :]
        n = [math.tanh(x[2 * units + k] + r[k] * own[k]) for k in range(units)]
        h = np.array([(1 - z[k]) * n[k] + z[k] * h[k] for k in range(units)])
        return h, [*h, *r, *z, *n, *own]

    return _walk(gates, 5 * units, masks, reverse, step)


RECURRENT: Mapping[str, Callable[..., np.ndarray]] = {"lstm": _lstm, "gru": _gru}
