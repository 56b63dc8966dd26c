"""Cases of loops over time: forward and back, several carries, sums, one element, none."""

from collections.abc import Callable

import numpy as np
from tests.contracts.cases.case import add, spread

from chainrule.program import Program, Trace
from chainrule.program import functions as f

Body = Callable[[str], Program]


def _decaying(dtype: str) -> Program:
    """A carry h, elements x, a constant w: h' = tanh(h w + x), y = h' x, Σ h' + 2 w."""
    trace = Trace()
    h, x, w = (trace.input(n, s, dtype) for n, s in (("h", (2, 3)), ("x", (2, 3)), ("w", (3, 3))))
    new = f.tanh(h @ w + x)
    return trace.program({"h": new, "y": new * x, "sum": new.sum(0) + 2.0 * w[0]})


def _two_carries(dtype: str) -> Program:
    """Two carries, an element that is a number, an index and a mask; no outputs beside them."""
    trace = Trace()
    a, b, x = trace.input("a", (2,), dtype), trace.input("b", (), dtype), trace.input("x", (), dtype)
    i, keep = trace.input("i", (), "int32"), trace.input("keep", (2,), "bool")
    chosen = f.gather(a, i)
    return trace.program({"a": f.where(keep, a * x, a), "b": f.sin(b) + chosen})


def _map(dtype: str) -> Program:
    """No carry at all."""
    trace = Trace()
    x = trace.input("x", (2,), dtype)
    return trace.program({"y": f.exp(x)})


def _scans() -> None:
    def one(
        label: str, body: Callable[[str], Program], counts: tuple[int, int, int], *arrays: np.ndarray
    ) -> None:
        carries, sequences, stacked = counts
        length = len(arrays[carries])
        for reverse in (False, True):
            add(
                "scan",
                f"{label}_{'reverse' if reverse else 'forward'}",
                *arrays,
                body=body,
                carries=carries,
                sequences=sequences,
                stacked=stacked,
                length=length,
                reverse=reverse,
            )

    for length in (4, 1, 0):
        x = spread(length, 2, 3, seed=1)
        one(f"length_{length}", _decaying, (1, 1, 1), spread(2, 3), x, spread(3, 3, seed=2))
    indices, keep = np.array([1, 0, 1], np.int32), np.array([[True, False], [True, True], [False, True]])
    one("two_carries", _two_carries, (2, 3, 0), spread(2), spread(), spread(3, seed=4), indices, keep)
    one("no_carry", _map, (0, 1, 1), spread(3, 2))


FAMILIES = (_scans,)
