"""The recurrent composites as users call them: what is refused, and what masks do."""

from collections.abc import Callable

import numpy as np
import pytest
from tests.program.given import Given

from chainrule.errors import DTypeError, ShapeError
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Trace
from chainrule.program import functions as f

SHAPE_ERRORS: dict[str, tuple[Callable[[Given], object], str]] = {
    "gates": (
        lambda x: f.lstm(x(5, 2, 8), x(3, 12), x(2, 3), x(2, 3)),
        "lstm got gates of shape (5, 2, 8) and a weight of shape (3, 12); it needs (time, batch, 4 · units) "
        "and (units, 4 · units)",
    ),
    "time": (lambda x: f.gru(x(2, 9), x(3, 9), x(9), x(2, 3)), "gru got gates of shape (2, 9) and a weight"),
    "weight": (lambda x: f.gru(x(5, 2, 9), x(9), x(9), x(2, 3)), "and a weight of shape (9,); it needs"),
    "state": (lambda x: f.lstm(x(5, 2, 12), x(3, 12), x(2, 3), x(1, 3)), "lstm got x4 of shape (1, 3); it"),
    "bias": (lambda x: f.gru(x(5, 2, 9), x(3, 9), x(3), x(2, 3)), "gru got x3 of shape (3,); it needs (9,)"),
    "mask": (
        lambda x: f.gru(x(5, 2, 9), x(3, 9), x(9), x(2, 3), mask=x(2, 5, dtype="bool")),
        "gru got a mask of shape (2, 5); it needs (5, 2)",
    ),
    "arity": (lambda x: x.trace.record("lstm", x(5, 2, 9), reverse=False), "lstm takes 4 or 5 inputs, got 1"),
}


@pytest.mark.parametrize("name", SHAPE_ERRORS)
def test_shape_errors_say_what_is_needed(name: str):
    recorded, message = SHAPE_ERRORS[name]
    with pytest.raises(ShapeError) as error:
        recorded(Given())
    assert message in str(error.value)


def test_mask_of_numbers_is_refused():
    x = Given()
    with pytest.raises(DTypeError, match="gru got float32; it needs bool"):
        f.gru(x(5, 2, 9), x(3, 9), x(9), x(2, 3), mask=x(5, 2))


@pytest.mark.parametrize("reverse", [False, True])
def test_padded_sequence_gives_what_the_short_one_gives(reverse: bool):
    random = np.random.default_rng(0)
    arrays = {"x": random.normal(size=(5, 1, 12)), "w": random.normal(size=(3, 12))}
    arrays |= {"h": random.normal(size=(1, 3)), "c": random.normal(size=(1, 3))}
    trace = Trace()
    x, w, h, c = (trace.input(name, array.shape, "float64") for name, array in arrays.items())
    mask = trace.constant(np.arange(5)[:, None] < 3, "bool")
    padded = f.lstm(x, w, h, c, mask=mask, reverse=reverse)
    short = f.lstm(x[:3], w, h, c, reverse=reverse)
    outputs = {"hidden": padded[0], "cell": padded[1], "short hidden": short[0], "short cell": short[1]}
    found = compile_numpy(trace.program(outputs)).run({}, arrays)
    for name, start in (("hidden", "h"), ("cell", "c")):
        np.testing.assert_array_equal(found[name][:3], found[f"short {name}"])
        stays = arrays[start] if reverse else found[name][2]
        np.testing.assert_array_equal(found[name][3:], np.stack([stays] * 2))
