"""Tiles compiled ahead: the presets' are found, and give the bits of their micro operations one by one."""

from dataclasses import dataclass

import numpy as np
import pytest
from tests.executors.native.plans import perceptron

from chainrule.executors.native import available
from chainrule.executors.native.nodes import KINDS, TYPES
from chainrule.executors.native.tiles import MICRO_OPS
from chainrule.nn import Transform, adam, momentum, nesterov, sgd
from chainrule.program import Program, Value, expand

pytestmark = pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")

if available():
    from chainrule.executors.native import _core
    from chainrule.executors.native import executor as native

OPTIMIZERS: dict[str, Transform] = {
    "gradient descent": sgd(),
    "momentum": momentum(),
    "nesterov": nesterov(),
    "adam": adam(),
}
LARGE = (64, 128, 128, 10)


def ready(program: Program) -> list[str]:
    """The names of the loops that the plan found."""
    return [name for name in native.make_plan(expand(program, native.WHOLE), None).core.ready if name]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_presets_of_optimizers_are_compiled_ahead(name: str):
    found = ready(perceptron(LARGE, 64, optimizer=OPTIMIZERS[name]))
    assert found.count(name) == 6  # three layers' weights and biases


def test_relu_and_its_derivative_are_compiled_ahead():
    found = ready(perceptron(LARGE, 64))
    assert (found.count("bias and relu"), found.count("relu's derivative")) == (2, 2)
    assert "bias" in found


@dataclass(frozen=True)
class Tile:
    """One instruction of a plan, alone, with what it loads and stores."""

    words: list[int]
    loads: list[tuple[int, ...]]  # register, type, two strides
    stores: list[int]
    ops: list[tuple[int, ...]]

    @property
    def shape(self) -> tuple[int, int]:
        return self.words[0], self.words[1]


def tiles_compiled_ahead(program: Program) -> dict[str, Tile]:
    """The first of each name, every value with a buffer of its own."""
    plan = native.make_plan(expand(program, native.WHOLE), None)
    nodes = [node for group in plan.groups for node in group.nodes]
    found: dict[str, Tile] = {}
    for node, name in zip(nodes, plan.core.ready, strict=True):
        if not name or name in found:
            continue
        roots: dict[Value, int] = {}
        words = node.words(lambda root: (roots.setdefault(root, len(roots) + 1), 0))  # noqa: B023
        _, _, _, loads, stores, squares, ops = words[:7]
        assert squares == 0
        load_words = np.reshape(words[7 : 7 + 6 * loads], (loads, 6))
        store_words = np.reshape(words[7 + 6 * loads : 7 + 6 * loads + 4 * stores], (stores, 4))
        # A store in place gets a buffer of its own: the loads are compared afterwards.
        store_words[:, 2] = np.arange(loads + 1, loads + 1 + stores)
        load_words[:, 4] = np.arange(1, loads + 1)
        op_words = np.reshape(words[7 + 6 * loads + 4 * stores :], (ops, 5))
        together = [*words[:7], *load_words.ravel(), *store_words.ravel(), *op_words.ravel()]
        found[name] = Tile(
            [int(word) for word in together],
            [tuple(int(word) for word in row[:4]) for row in load_words],
            [int(row[0]) for row in store_words],
            [tuple(int(word) for word in row) for row in op_words],
        )
    return found


def interpreted(tile: Tile, loaded: list[np.ndarray]) -> list[np.ndarray]:
    """What its micro operations give one by one."""
    registers = {}
    for (register, *_), array in zip(tile.loads, loaded, strict=True):
        registers[register] = np.ascontiguousarray(np.broadcast_to(array, tile.shape))
    nothing = np.zeros(tile.shape, "f4")
    for code, to, *sources in tile.ops:
        y = np.empty(tile.shape, "f4")
        a, b, c = (nothing if each < 0 else registers[each] for each in sources)
        _core.micro(code, y, a, b, c, _core.levels() - 1)
        registers[to] = y
    return [registers[register] for register in tile.stores]


@pytest.mark.parametrize("name", [*OPTIMIZERS, "bias and relu", "relu's derivative", "bias"])
def test_the_bits_are_those_of_the_micro_operations(name: str):
    optimizer = OPTIMIZERS.get(name, adam())
    tile = tiles_compiled_ahead(perceptron(LARGE, 64, optimizer=optimizer))[name]
    random = np.random.default_rng(5)
    loaded = []
    for _, kind, row, column in tile.loads:
        assert kind == TYPES["float32"]
        size = (tile.shape[0] if row else 1, tile.shape[1] if column else 1)
        numbers = random.normal(size=size).astype("f4") * 10.0 ** random.integers(-6, 3, size).astype("f4")
        if "adam" in name:
            numbers = np.abs(numbers)  # its second moments have roots
        loaded.append(np.ascontiguousarray(numbers, "f4"))
    results = [np.empty(tile.shape, "f4") for _ in tile.stores]
    sizes = [64, *(array.nbytes for array in (*loaded, *results))]
    core = _core.Core([[KINDS.index("tile"), *tile.words]], [[0, 1, 0, 1]], sizes)
    assert core.ready == [name]
    core.run([*loaded, *results], [0] * (len(sizes) - 1), 1, _core.Pool(1))
    for found, expected in zip(results, interpreted(tile, loaded), strict=True):
        np.testing.assert_array_equal(found.view("u4"), expected.view("u4"))


def test_other_operations_are_interpreted():
    tile = tiles_compiled_ahead(perceptron(LARGE, 64))["bias and relu"]
    words = list(tile.words)
    at = words.index(MICRO_OPS.index("RELU"), 7 + 6 * len(tile.loads) + 4 * len(tile.stores) + 5)
    words[at] = MICRO_OPS.index("TANH")
    sizes = [64, *[4 * tile.shape[0] * tile.shape[1]] * (len(tile.loads) + len(tile.stores))]
    assert _core.Core([[KINDS.index("tile"), *words]], [[0, 1, 0, 1]], sizes).ready == [""]
