"""Connectionist temporal classification as users call it: short and long sequences, and what is refused."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.program.given import Given

from chainrule.backprop import differentiate
from chainrule.errors import ChainruleError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Trace
from chainrule.program import functions as f

WHOLE = "int32"
WRONG: dict[str, tuple[Callable[[Given], object], str]] = {
    "labels": (
        lambda x: f.ctc_loss(x(5, 2, 4), x(3, 2, dtype=WHOLE), x(2, dtype=WHOLE), x(2, dtype=WHOLE)),
        "ctc_loss got logits of shape (5, 2, 4) and labels of shape (3, 2); it needs (time, batch, classes) "
        "and (batch, labels)",
    ),
    "logits": (
        lambda x: f.ctc_loss(x(5, 4), x(2, 2, dtype=WHOLE), x(2, dtype=WHOLE), x(2, dtype=WHOLE)),
        "ctc_loss got logits of shape (5, 4) and labels",
    ),
    "lengths": (
        lambda x: f.ctc_loss(x(5, 2, 4), x(2, 3, dtype=WHOLE), x(2, dtype=WHOLE), x(3, dtype=WHOLE)),
        "ctc_loss got lengths of shapes (2,) and (3,); both must be (2,)",
    ),
    "blank": (
        lambda x: f.ctc_loss(x(5, 2, 4), x(2, 3, dtype=WHOLE), x(2, dtype=WHOLE), x(2, dtype=WHOLE), blank=4),
        "ctc_loss got blank 4 for 4 classes; it must be one of them",
    ),
    "dtype": (
        lambda x: f.ctc_loss(x(5, 2, 4), x(2, 3), x(2, dtype=WHOLE), x(2, dtype=WHOLE)),
        "ctc_loss got float32; it needs int32 or int64",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_errors_say_what_is_needed(name: str):
    recorded, message = WRONG[name]
    with pytest.raises(ChainruleError) as error:
        recorded(Given())
    assert message in str(error.value)


def losses(logits: np.ndarray, labels: list[list[int]], lengths: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Losses and the derivative of their sum by the logits."""
    trace = Trace()
    x = trace.input("x", logits.shape, logits.dtype.name)
    counts = [len(row) for row in labels]
    spelled, times, spans = (trace.constant(np.array(each), "int32") for each in (labels, lengths, counts))
    y = f.ctc_loss(x, spelled, times, spans)
    program = trace.program({"y": y, "d": differentiate(y.sum(), [x])[x.value]})
    results = compile_numpy(program).run({}, {"x": logits})
    return results["y"], results["d"]


def test_too_short_a_sequence_has_an_infinite_loss_and_no_derivative():
    # Two equal labels need a blank between them: three steps.
    logits = np.random.default_rng(0).normal(size=(3, 2, 3))
    y, d = losses(logits, [[1, 1], [1, 1]], [2, 3])
    assert np.isposinf(y[0])
    assert np.isfinite(y[1])
    assert not d[:, 0].any()
    assert d[:, 1].all()


def test_what_is_padded_has_no_derivative_and_each_step_adds_up_to_nothing():
    # softmax and the share of paths each add up to 1 over the classes.
    logits = np.random.default_rng(1).normal(size=(6, 2, 4))
    _, d = losses(logits, [[1, 3], [2, 2]], [6, 4])
    assert not d[4:, 1].any()
    np.testing.assert_allclose(d.sum(2), 0, atol=1e-12)


def test_probabilities_of_long_sequences_do_not_vanish():
    # Uniform logits: p = paths / 3^400, far below the smallest float32. One label: 400 · 401 / 2 paths.
    y, d = losses(np.zeros((400, 1, 3), np.float32), [[1]], [400])
    np.testing.assert_allclose(y[0], 400 * np.log(3) - np.log(400 * 401 / 2), rtol=1e-5)
    assert np.isfinite(d).all()
