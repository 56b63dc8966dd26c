"""Language models: reading one token more gives what reading the whole text gives."""

import numpy as np
import pytest

from chainrule.executors import usable_executor
from chainrule.nn.layer import building
from chainrule.program import Program, Trace
from chainrule.tasks.generate.network import Decoder, LanguageModel, RecurrentModel

MODELS = {
    "transformer": Decoder(vocabulary=11, width=12, blocks=2, heads=2, context=8),
    "lstm": RecurrentModel(vocabulary=11, width=12, blocks=2, context=8),
}


def whole(model: LanguageModel, time: int) -> Program:
    trace = Trace()
    x = trace.input("x", (1, time), "int32")
    with building(trace, training=False):
        scores = model(x)
    return trace.program({"scores": scores})


def next_token(model: LanguageModel) -> Program:
    trace = Trace()
    x = trace.input("x", (1, 1), "int32")
    place = model.place(trace)
    with building(trace, training=False) as built:
        scores = model(x, place=place)
    return trace.program({"scores": scores}, built.updates)


@pytest.mark.parametrize("executor", ["numpy", "native"])
@pytest.mark.parametrize("name", MODELS)
def test_one_token_more_is_what_the_whole_text_says(name: str, executor: str):
    compiled, model = usable_executor(executor)[0].compile, MODELS[name]
    random = np.random.default_rng(0)
    text = random.integers(0, 11, (1, 8)).astype(np.int32)
    program = whole(model, 8)
    tree = {value.name: random.normal(size=value.shape).astype("f4") * 0.3 for value in program.parameters}
    expected = compiled(program).run(dict(tree), {"x": text})["scores"][0]
    step = compiled(next_token(model))
    held = tree | {value.name: np.zeros(value.shape, np.float32) for value in step.program.state}
    for position in range(8):
        inputs = {"x": text[:, position : position + 1], **model.place_at(position)}
        scores = step.run(held, inputs)["scores"]
        np.testing.assert_allclose(scores[0, 0], expected[position], rtol=1e-4, atol=1e-5)


def test_a_transformer_sees_the_last_tokens_alone():
    """Of one block: what a token expects hangs on the `context` tokens up to it, however many came before."""
    model = Decoder(vocabulary=11, width=12, blocks=1, heads=2, context=4)
    random = np.random.default_rng(1)
    step = usable_executor("numpy")[0].compile(next_token(model))
    tree = {v.name: random.normal(size=v.shape).astype("f4") * 0.3 for v in step.program.parameters}
    last = [5, 2, 9, 1]
    found = []
    for before in ([], [3, 3, 7], [1] * 9):
        held = tree | {value.name: np.zeros(value.shape, np.float32) for value in step.program.state}
        for position, token in enumerate([*before, *last]):
            inputs = {"x": np.array([[token]], np.int32), **model.place_at(position)}
            scores = step.run(held, inputs)["scores"]
        found.append(scores)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[2], found[0], rtol=1e-4, atol=1e-5)
