"""Softmax, normalization and attention as users call them: defaults, and what is refused."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.program.given import Given

from chainrule.backprop import differentiate
from chainrule.errors import DTypeError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Trace
from chainrule.program import functions as f

SHAPE_ERRORS: dict[str, tuple[Callable[[Given], object], str]] = {
    "softmax_axis": (lambda x: f.softmax(x(3), 1), "softmax got axis 1 for an array with 1 axes"),
    "softmax_of_nothing": (lambda x: f.softmax(x(2, 0)), "x of shape (2, 0); axis 1 needs an element"),
    "logsumexp_of_nothing": (lambda x: f.logsumexp(x(0, 2), 0), "logsumexp got x of shape (0, 2); axis 0"),
    "layer_norm": (
        lambda x: f.layer_norm(x(4, 3), x(4), x(3)),
        "layer_norm got x of shape (4, 3), scale (4,) and shift (3,); scale and shift must be (3,)",
    ),
    "layer_norm_of_a_number": (lambda x: f.layer_norm(x(), x(), x()), "layer_norm got x of shape (); it"),
    "batch_norm": (lambda x: f.batch_norm(x(4, 2, 3), x(3), x(2)), "scale and shift must be (3,)"),
    "batch_norm_axis": (lambda x: f.batch_norm(x(4, 3), x(3), x(3), axes=[2]), "batch_norm got axis 2"),
    "batch_norm_twice": (lambda x: f.batch_norm(x(4, 3), x(3), x(3), axes=[0, -2]), "name an axis twice"),
    "epsilon": (lambda x: f.batch_norm(x(4, 3), x(3), x(3), epsilon=-1.0), "epsilon -1.0; it must be at"),
    "attention_width": (
        lambda x: f.attention(x(2, 4, 3), x(2, 5, 2), x(2, 5, 3)),
        "attention got queries, keys and values of shapes (2, 4, 3), (2, 5, 2) and (2, 5, 3); queries and "
        "keys need the same width, keys and values the same length",
    ),
    "attention_length": (lambda x: f.attention(x(4, 3), x(5, 3), x(4, 3)), "keys and values the same length"),
    "attention_batch": (lambda x: f.attention(x(2, 4, 3), x(5, 3), x(5, 3)), "need the same axes before the"),
    "attention_without_keys": (lambda x: f.attention(x(4, 3), x(0, 3), x(0, 3)), "needs at least one key"),
    "attention_mask": (
        lambda x: f.attention(x(4, 3), x(5, 3), x(5, 3), mask=x(2, 4, 5, dtype="bool")),
        "and a mask of shape (2, 4, 5); it must broadcast to (4, 5)",
    ),
    "attention_arity": (
        lambda x: x.trace.record("attention", x(4, 3), x(5, 3)),
        "takes 3 or 4 inputs, got",
    ),
}


@pytest.mark.parametrize("name", SHAPE_ERRORS)
def test_shape_errors_say_what_is_needed(name: str):
    recorded, message = SHAPE_ERRORS[name]
    with pytest.raises(ShapeError) as error:
        recorded(Given())
    assert message in str(error.value)


def test_mask_of_numbers_is_refused():
    x = Given()
    with pytest.raises(DTypeError, match="attention got float32; it needs bool"):
        f.attention(x(4, 3), x(5, 3), x(5, 3), mask=x(5))


def test_query_that_may_see_no_key_gets_zeros_and_sends_none_back():
    trace = Trace()
    q, k, v = (trace.input(name, (2, 2), "float64") for name in "qkv")
    y = f.attention(q, k, v, mask=trace.constant(np.array([[False, False], [True, False]]), "bool"))
    deltas = differentiate(y.sum(), [q, k, v])
    outputs = {"y": y} | {t.value.name: deltas[t.value] for t in (q, k, v)}
    random = np.random.default_rng(0)
    given = {name: random.normal(size=(2, 2)) for name in "qkv"}
    results = compile_numpy(trace.program(outputs)).run({}, given)
    np.testing.assert_allclose(results["y"], [[0.0, 0.0], given["v"][0]], rtol=1e-12)
    np.testing.assert_allclose(results["v"], [[1.0, 1.0], [0.0, 0.0]])
    assert np.isfinite([results[name] for name in "qkv"]).all()


def test_scale_of_attention_is_the_root_of_the_width():
    x = Given()
    f.attention(x(2, 16), x(3, 16), x(3, 5))
    assert x.trace.steps[-1].attributes["scale"] == 0.25


def test_moments_are_those_of_numpy():
    trace = Trace()
    mean, variance = f.moments(trace.input("x", (4, 3), "float64"), 0)
    x = np.random.default_rng(0).normal(size=(4, 3))
    results = compile_numpy(trace.program({"mean": mean, "variance": variance})).run({}, {"x": x})
    np.testing.assert_allclose(results["mean"], x.mean(0), rtol=1e-12)
    np.testing.assert_allclose(results["variance"], x.var(0), rtol=1e-12)


def test_logsumexp_of_nothing_but_minus_infinity():
    trace = Trace()
    x = trace.input("x", (2, 2), "float64")
    y = f.logsumexp(x)
    d_x = differentiate(y.sum(), [x])[x.value]
    given = {"x": np.array([[-np.inf, -np.inf], [-np.inf, 2.0]])}
    results = compile_numpy(trace.program({"y": y, "d_x": d_x})).run({}, given)
    assert results["y"].tolist() == [-np.inf, 2.0]
    assert results["d_x"].tolist() == [[0.0, 0.0], [0.0, 1.0]]
