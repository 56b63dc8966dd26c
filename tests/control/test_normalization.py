import numpy as np

from chainrule.control.acting import first_states
from chainrule.control.normalization import RunningNormalization
from chainrule.executors import EXECUTORS
from chainrule.nn.layer import building
from chainrule.program import Trace
from chainrule.training.step import TrainingStep


def program(rows, *, training):
    trace = Trace()
    x = trace.input("x", (rows, 3), "float32")
    with building(trace, training=training) as built:
        y = RunningNormalization(5.0)(x)
    return TrainingStep(trace.program({"y": y}, built.updates), built.initializers)


def test_after_many_calls_it_is_by_mean_and_deviation_of_all_rows():
    generator = np.random.default_rng(0)
    rows = (generator.normal(size=(200, 4, 3)) * [1, 20, 0.1] + [5, -3, 0]).astype(np.float32)
    step = program(4, training=True)
    tree = first_states(step, {}, 0)
    compiled = EXECUTORS["native"].compile(step.program)
    for each in rows:
        y = compiled.run(tree, {"x": each})["y"]
    seen = rows.reshape(-1, 3).astype(np.float64)
    np.testing.assert_allclose(
        y, np.clip((rows[-1] - seen.mean(0)) / seen.std(0), -5, 5), rtol=1e-3, atol=1e-3
    )


def test_without_training_it_changes_nothing():
    step = program(2, training=False)
    tree = first_states(step, {}, 0)
    x = np.array([[1, 2, 30], [0, 0, 0]], np.float32)
    y = EXECUTORS["native"].compile(step.program).run(tree, {"x": x})["y"]
    np.testing.assert_allclose(y, [[1, 2, 5], [0, 0, 0]], rtol=1e-6)
    assert not step.program.updates
