"""Resizing as users call it, and what is refused."""

import numpy as np
import pytest
from tests.program.given import Given

from chainrule.errors import ConfigError, DTypeError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Trace
from chainrule.program import functions as f


def test_what_does_not_fit_is_refused():
    x = Given()
    with pytest.raises(ShapeError, match=r"resize got x1 of shape \(4, 3\); it needs \(batch, length"):
        f.resize(x(4, 3), 5)
    message = r"resize got size \(0, 2\) for \(3, 3\); it needs a length of at least 1 for every spatial axis"
    with pytest.raises(ShapeError, match=message):
        f.resize(x(1, 3, 3, 2), (0, 2))
    with pytest.raises(ShapeError, match=r"resize got size \(2,\) for \(3, 3\)"):
        f.resize(x(1, 3, 3, 2), (2,))
    with pytest.raises(ShapeError, match=r"resize got size \(2,\) for \(0,\)"):
        f.resize(x(1, 0, 2), 2)
    with pytest.raises(ConfigError, match="resize got method 'cubic'; it needs nearest or linear"):
        f.resize(x(1, 3, 2), 2, "cubic")
    with pytest.raises(DTypeError, match="resize got int32; it needs float32 or float64"):
        f.resize(x(1, 3, 2, dtype="int32"), 2)


def test_doubling_by_hand():
    trace = Trace()
    x = trace.input("x", (1, 2, 1), "float64")
    outputs = {method: f.resize(x, 4, method) for method in ("nearest", "linear")}
    results = compile_numpy(trace.program(outputs)).run({}, {"x": np.array([[[0.0], [4.0]]])})
    assert results["nearest"].ravel().tolist() == [0, 0, 4, 4]
    assert results["linear"].ravel().tolist() == [0, 1, 3, 4]


def test_one_bad_element_does_not_spread_over_the_image():
    trace = Trace()
    x = trace.input("x", (1, 4, 1), "float64")
    y = f.resize(x, 8)
    found = compile_numpy(trace.program({"y": y})).run({}, {"x": np.array([[[np.nan], [1.0], [1.0], [1.0]]])})
    assert np.isnan(found["y"]).ravel().tolist() == [True] * 3 + [False] * 5
