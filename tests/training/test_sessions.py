"""Training where the tree lies elsewhere: the loop knows a session's arrays by what it reads."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from tests.training.helpers import assert_same_run, classification, points

from chainrule import TrainingError, nn
from chainrule.data import as_arrays
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import NamedArrays, Program
from chainrule.training import train_recipe


class Device:
    """An executor that keeps the tree to itself: it reads copies, and sees what is written alone."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._host = compile_numpy(program)
        self.run = self._host.run

    def bind(self, tree) -> "DeviceSession":
        return DeviceSession(self._host, tree)


class DeviceSession:
    def __init__(self, host, tree) -> None:
        if not isinstance(tree, DeviceSession):
            self.tree = {name: array.copy() for name, array in tree.items()}
        else:
            self.tree = tree.tree
        self._session = host.bind(self.tree)

    def run_many(self, arrays: NamedArrays, order: np.ndarray) -> dict[str, np.ndarray]:
        return self._session.run_many(arrays, order)

    def read(self, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
        return {name: self.tree[name].copy() for name in (self.tree if names is None else names)}

    def write(self, arrays: NamedArrays) -> None:
        for name, array in arrays.items():
            self.tree[name][...] = array


RECIPE = classification(
    optimizer=nn.adam(nn.ReduceOnPlateau(0.05, patience=1)), epochs=6, batch_size=8, patience=4
)


def trained(executor: str, path=None, **changed):
    data, held_out = as_arrays(points()), as_arrays(points(30, 7))
    return train_recipe(replace(RECIPE, **changed), data, held_out, executor=executor, checkpoint=path)


def test_validation_best_weights_and_rates_are_those_of_a_tree_in_memory(named_executor):
    assert_same_run(trained(named_executor(Device)), trained("numpy"))


def test_a_checkpoint_has_what_the_device_learned(named_executor, tmp_path):
    device = named_executor(Device)
    trained(device, tmp_path / "state", epochs=3)
    assert_same_run(trained(device, tmp_path / "state"), trained("numpy"))


def test_what_breaks_down_leaves_the_state_before_it(named_executor):
    broken = {"optimizer": nn.sgd(3e38), "keep": "last"}
    runs = []
    for executor in (named_executor(Device), "numpy"):
        with pytest.raises(TrainingError) as caught:
            trained(executor, **broken)
        runs.append((caught.value.step, caught.value.run.parameters))
    assert runs[0][0] == runs[1][0]
    for name, array in runs[0][1].items():
        np.testing.assert_array_equal(array, runs[1][1][name])


def test_many_steps_run_in_a_call(named_executor):
    calls = []

    class Counting(Device):
        def bind(self, tree) -> "DeviceSession":
            session = super().bind(tree)
            run_many = session.run_many

            def counted(arrays, order):
                calls.append(len(order))
                return run_many(arrays, order)

            session.run_many = counted
            return session

    trained(named_executor(Counting), batch_size=1)
    assert max(calls) > 8
