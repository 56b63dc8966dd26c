"""Loops over time as users record them: results, masks, printing, and what is refused."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from tests.program.given import Given

from chainrule.backprop import check_direction, differentiate
from chainrule.errors import ChainruleError, DTypeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Program, Tensor, Trace, count
from chainrule.program import functions as f


def run(program: Program, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    return compile_numpy(program).run({}, inputs)


def step(carries: list[Tensor], elements: list[Tensor], constants: list[Tensor]) -> Any:
    """h' = tanh(h w + x); y = h'²."""
    new = f.tanh(carries[0] @ constants[0] + elements[0])
    return [new], [new * new]


def by_hand(h: np.ndarray, x: np.ndarray, w: np.ndarray, mask: np.ndarray, reverse: bool) -> list[np.ndarray]:
    every, outputs = np.zeros((len(x), *h.shape)), np.zeros((len(x), *h.shape))
    for t in range(len(x))[:: -1 if reverse else 1]:
        h = np.where(mask[t][:, None], np.tanh(h @ w + x[t]), h)
        every[t], outputs[t] = h, np.where(mask[t][:, None], h * h, 0)
    return [h, every, outputs]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("length", [0, 1, 4])
def test_loop_gives_what_is_worked_by_hand(length: int, masked: bool, reverse: bool):
    random = np.random.default_rng(0)
    arrays = {
        "h": random.normal(size=(2, 3)),
        "x": random.normal(size=(length, 2, 3)),
        "w": random.normal(size=(3, 3)),
    }
    mask = (
        np.arange(length)[:, None] < np.array([length, length // 2]) if masked else np.ones((length, 2), bool)
    )
    trace = Trace()
    h, x, w = (trace.input(name, array.shape, "float64") for name, array in arrays.items())
    here = trace.constant(mask, "bool") if masked else None
    scanned = f.scan(step, [h], [x], [w], reverse=reverse, mask=here)
    parts = {"last": scanned.last[0], "every": scanned.carries[0], "y": scanned.outputs[0]}
    found = run(trace.program(parts), arrays)
    expected = by_hand(arrays["h"], arrays["x"], arrays["w"], mask, reverse)
    for result, array in zip(found.values(), expected, strict=True):
        np.testing.assert_allclose(result, array, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("order", [1, 2])
def test_derivative_of_a_masked_loop_is_the_slope(order: int, reverse: bool):
    random = np.random.default_rng(1)
    mask = np.arange(4)[:, None] < np.array([4, 2])

    def function(h: Tensor, x: Tensor, w: Tensor) -> Tensor:
        scanned = f.scan(step, [h], [x], [w], reverse=reverse, mask=h.trace.constant(mask, "bool"))
        return f.concatenate([scanned.last[0].reshape(-1), scanned.outputs[0].reshape(-1)])

    arrays = [random.normal(size=shape) for shape in ((2, 3), (4, 2, 3), (3, 3))]
    check_direction(function, arrays, run, order=order)


def test_what_is_padded_gets_no_derivative():
    trace = Trace()
    h, x, w = (trace.input(n, s, "float64") for n, s in (("h", (1, 2)), ("x", (3, 1, 2)), ("w", (2, 2))))
    mask = trace.constant(np.array([[True], [True], [False]]), "bool")
    d_x = differentiate(f.scan(step, [h], [x], [w], mask=mask).last[0].sum(), [x])[x.value]
    random = np.random.default_rng(0)
    program = trace.program({"d": d_x})
    found = run(program, {v.name: random.normal(size=v.shape) for v in program.inputs})["d"]
    assert found[:2].all()
    assert not found[2].any()


def test_printed_program_shows_the_body_and_counts_every_step():
    trace = Trace()
    h, x, w = trace.input("h", (2, 3)), trace.input("x", (5, 2, 3)), trace.input("w", (3, 3))
    program = trace.program({"y": f.scan(step, [h], [x], [w]).last[0]})
    text = str(program)
    assert "scan(h, x, w, body=…, carries=1, sequences=1, stacked=1, length=5, reverse=False)" in text
    assert "      |     matmul = matmul(carry_0, constant_0)" in text
    assert count(program).flops == 5 * (2 * 2 * 3 * 3 + 6 + 6 + 6)


WRONG: dict[str, tuple[Callable[[Given], object], str]] = {
    "carry": (
        lambda x: f.scan(lambda h, x, w: ([h[0][:1]], []), [x(2, 3)], [x(4, 3)]),
        "scan got a body that turns carry_0: float32 (2, 3) into float32 (1, 3); a carry must keep its shape",
    ),
    "no_sequence": (lambda x: f.scan(step, [x(2, 3)], []), "scan got no sequences; it needs at least one"),
    "lengths": (
        lambda x: f.scan(step, [x(2, 3)], [x(4, 3), x(5, 3)]),
        "scan got sequences of shapes (4, 3), (5, 3); their first axes, time, must agree",
    ),
    "number_of_carries": (
        lambda x: f.scan(lambda h, x, w: ([], x), [x(2, 3)], [x(4, 3)]),
        "scan got 1 carries, and a body that returns 0",
    ),
    "inside": (
        lambda x: f.scan(step, [x(2, 3)], [x(4, 2, 3)], [x(4, 4)]),
        "Recurrent 'r': matmul got carry_0",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_errors_say_what_is_needed(name: str):
    recorded, message = WRONG[name]
    given = Given()
    with pytest.raises(ChainruleError) as error, given.trace.at(label="Recurrent 'r'"):
        recorded(given)
    assert message in str(error.value)


def test_outputs_must_have_one_dtype():
    x = Given()
    with pytest.raises(DTypeError, match="outputs of float32 and float64"):
        f.scan(lambda h, x, w: (h, [x[0].cast("float64")]), [x(2)], [x(4, 2)])
    with pytest.raises(DTypeError, match="scan got int32; it needs float32 or float64"):
        f.scan(lambda h, x, w: (h, []), [x(2, dtype="int32")], [x(4, 2)])
