"""The decoder: reading one token more gives what reading the whole text gives."""

import numpy as np
import pytest

from chainrule.executors import usable_executor
from chainrule.executors.numpy_ import compile_numpy
from chainrule.nn.layer import building
from chainrule.program import Trace
from chainrule.tasks.generate.network import Decoder, Place

DECODER = Decoder(vocabulary=11, width=12, blocks=2, heads=2, context=8)
PAIRS = 3


def whole(time: int):
    trace = Trace()
    x = trace.input("x", (1, time), "int32")
    with building(trace, training=False) as built:
        logits = DECODER(x)
    return trace.program({"logits": logits}), built.initializers


def next_token():
    trace = Trace()
    x = trace.input("x", (1, 1), "int32")
    place = Place(
        trace.input("slot", (1,), "int32"),
        trace.input("present", (8,), "bool"),
        trace.input("cos", (PAIRS,), "float32"),
        trace.input("sin", (PAIRS,), "float32"),
    )
    with building(trace, training=False) as built:
        logits = DECODER(x, place=place)
    return trace.program({"logits": logits}, built.updates)


@pytest.mark.parametrize("executor", ["numpy", "native"])
def test_one_token_more_is_what_the_whole_text_says(executor: str):
    compile_program = compile_numpy if executor == "numpy" else usable_executor(executor)[0].compile
    random = np.random.default_rng(0)
    text = random.integers(0, 11, (1, 8)).astype(np.int32)
    program, _ = whole(8)
    tree = {value.name: random.normal(size=value.shape).astype("f4") * 0.3 for value in program.parameters}
    expected = compile_program(program).run(dict(tree), {"x": text})["logits"][0]
    step = next_token()
    held = tree | {value.name: np.zeros(value.shape, np.float32) for value in step.state}
    compiled = compile_program(step)
    for position in range(8):
        inputs = {"x": text[:, position : position + 1], **Place.arrays(position, 8, PAIRS)}
        logits = compiled.run(held, inputs)["logits"]
        np.testing.assert_allclose(logits[0, 0], expected[position], rtol=1e-4, atol=1e-5)
