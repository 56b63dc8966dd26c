"""The translator: writing step by step, from rows that continue others, gives what the whole gives."""

import numpy as np
import pytest

from chainrule.executors import usable_executor
from chainrule.nn.layer import building
from chainrule.program import Program, Trace
from chainrule.tasks.translate.network import Translation, Translator

MODEL = Translator(vocabulary=13, width=16, encoders=2, decoders=2, heads=2, longest=6)
RANDOM = np.random.default_rng(0)
SOURCE = RANDOM.integers(3, 13, (3, 5)).astype(np.int32)
MASK = np.arange(5) < np.array([[5], [3], [4]])
TARGET = RANDOM.integers(3, 13, (3, 6)).astype(np.int32)


def whole() -> Program:
    trace = Trace()
    source, mask = trace.input("source", (3, 5), "int32"), trace.input("mask", (3, 5), "bool")
    target = trace.input("target", (3, 6), "int32")
    with building(trace, training=False):
        scores = MODEL(source, mask, target)
    return trace.program({"scores": scores})


def reading() -> Program:
    trace = Trace()
    source, mask = trace.input("source", (3, 5), "int32"), trace.input("mask", (3, 5), "bool")
    with building(trace, training=False):
        memory = MODEL(source, mask)
    return trace.program({"memory": memory})


def writing() -> Program:
    trace = Trace()
    target = trace.input("target", (3, 1), "int32")
    step = MODEL.step_inputs(trace, 3, 5)
    with building(trace, training=False) as built:
        scores = MODEL(None, None, target, step=step)
    return trace.program({"scores": scores}, built.updates)


@pytest.mark.parametrize("executor", ["numpy", "native"])
def test_step_by_step_is_the_whole_also_when_rows_change_places(executor: str):
    compiled = usable_executor(executor)[0].compile
    program = whole()
    random = np.random.default_rng(1)
    tree = {v.name: (random.normal(size=v.shape) * 0.3).astype("f4") for v in program.parameters}
    given = {"source": SOURCE, "mask": MASK}
    expected = compiled(program).run(dict(tree), given | {"target": TARGET})["scores"]
    memory = compiled(reading()).run(dict(tree), given)["memory"]
    parts = {f"memory.{n}": np.ascontiguousarray(memory[..., n * 32 : (n + 1) * 32]) for n in range(2)}
    step = compiled(writing())
    held = tree | {v.name: np.zeros(v.shape, np.float32) for v in step.program.state}
    assert {v.name for v in step.program.parameters} <= set(tree)
    rows = np.arange(3)
    for position in range(6):
        inputs = {
            "target": TARGET[:, position : position + 1],
            "parents": rows.astype(np.int32),
            "mask": MASK,
            **parts,
            **MODEL.step_at(position),
        }
        scores = step.run(held, inputs)["scores"]
        np.testing.assert_allclose(scores[:, 0], expected[:, position], rtol=1e-4, atol=1e-5)


def test_rows_continue_those_of_their_parents():
    """Two rows of one source: the second takes the place of the first, and goes on as it would have."""
    compiled = usable_executor("numpy")[0].compile
    program = whole()
    random = np.random.default_rng(1)
    tree = {v.name: (random.normal(size=v.shape) * 0.3).astype("f4") for v in program.parameters}
    source, mask = np.repeat(SOURCE[:1], 3, 0), np.repeat(MASK[:1], 3, 0)
    memory = compiled(reading()).run(dict(tree), {"source": source, "mask": mask})["memory"]
    parts = {f"memory.{n}": np.ascontiguousarray(memory[..., n * 32 : (n + 1) * 32]) for n in range(2)}
    step = compiled(writing())
    held = tree | {v.name: np.zeros(v.shape, np.float32) for v in step.program.state}

    def go(position: int, tokens: np.ndarray, parents: list[int]) -> np.ndarray:
        inputs = {"target": tokens[:, None].astype(np.int32), "parents": np.array(parents, np.int32)}
        return step.run(held, inputs | {"mask": mask, **parts, **MODEL.step_at(position)})["scores"][:, 0]

    go(0, TARGET[:, 0], [0, 1, 2])
    go(1, TARGET[:, 1], [0, 1, 2])
    found = go(2, TARGET[[2, 0, 0], 2], [2, 0, 0])
    wanted = compiled(program).run(dict(tree), {"source": source, "mask": mask, "target": TARGET[[2, 0, 0]]})[
        "scores"
    ][:, 2]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_the_loss_is_the_mean_over_tokens_with_smoothing():
    objective = Translation(MODEL, smoothing=0.1)
    trace = Trace()
    lengths = np.array([[6], [4], [2]])
    given = {
        "x.source.values": SOURCE,
        "x.source.mask": MASK,
        "x.target.values": TARGET,
        "x.target.mask": np.arange(6) < lengths,
    }
    inputs = {name: trace.input(name, array.shape, str(array.dtype)) for name, array in given.items()}
    with building(trace, training=False) as built, built.holding(objective.layers()):
        recorded = objective.record(inputs)
    program = trace.program({"loss": recorded.loss, "likely": recorded.outputs})
    random = np.random.default_rng(2)
    tree = {v.name: (random.normal(size=v.shape) * 0.3).astype("f4") for v in program.parameters}
    found = usable_executor("numpy")[0].compile(program).run(tree, given)
    bare = {"translator_1." + name.removeprefix("model."): array for name, array in tree.items()}
    assert bare.keys() == {v.name for v in whole().parameters}
    scores = (
        usable_executor("numpy")[0]
        .compile(whole())
        .run(bare, {"source": SOURCE, "mask": MASK, "target": TARGET})["scores"][:, :-1]
        .astype(np.float64)
    )
    logs = scores - np.log(np.exp(scores).sum(-1, keepdims=True))
    own = np.take_along_axis(logs, TARGET[:, 1:, None], -1)[..., 0]
    counted = (np.arange(6) < lengths)[:, 1:]
    each = -0.9 * own - 0.1 * logs.mean(-1)
    assert found["loss"] == pytest.approx(each[counted].mean(), rel=1e-5)
    np.testing.assert_allclose(found["likely"], (own * counted).sum(-1), rtol=1e-5)
