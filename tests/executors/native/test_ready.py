"""Tiles compiled ahead: the presets' are found, and give the bits of their micro operations one by one."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest
from tests.executors.native.plans import perceptron

from chainrule.doctor.symptoms import WATCHED as WATCHED_BY_DOCTOR
from chainrule.executors.native import _core
from chainrule.executors.native import executor as native
from chainrule.nn import (
    L2,
    Activation,
    BatchNorm,
    Dense,
    Residual,
    Sequential,
    SoftmaxCrossEntropy,
    Transform,
    adam,
    adamw,
    momentum,
    nesterov,
    sgd,
)
from chainrule.program import Program, expand
from chainrule.training import Batch, Probe, Recipe, Supervised, training_step
from chainrule.training.probes import Watch

OPTIMIZERS: dict[str, Transform] = {
    "gradient descent": sgd(),
    "momentum": momentum(),
    "nesterov": nesterov(),
    "adam": adam(),
}
PENALIZED = {
    f"{name}, penalized": transform for name, transform in (OPTIMIZERS | {"adamw": adamw(on="*")}).items()
}
LARGE = (64, 128, 128, 10)
IN_RESIDUAL_NETWORK = ("gelu's derivative", "bias and residual", "adamw")
IN_NORMALIZED_NETWORK = (
    "variance",
    *("normalization and relu", "normalization, residual and relu", "two normalizations and relu"),
    "sums for normalization's derivative",
    "sum of two, and sums for normalization's derivative",
    "normalization's derivative",
    "normalization's derivative, and sums for another",
)


def ready(program: Program) -> list[str]:
    """The names of the loops that the plan found."""
    return [name for name in native.make_plan(expand(program, native.runs_whole), None).core.ready if name]


@pytest.mark.parametrize("watch", [False, True])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_presets_of_optimizers_are_compiled_ahead(name: str, watch: bool):
    found = ready(perceptron(LARGE, 64, optimizer=OPTIMIZERS[name], watch=watch))
    assert found.count(f"{name}, watched" if watch else name) == 6  # three layers' weights and biases


def test_relu_and_its_derivative_are_compiled_ahead():
    found = ready(perceptron(LARGE, 64))
    assert (found.count("bias and relu"), found.count("relu's derivative")) == (2, 2)
    assert "bias" in found


def test_what_the_doctor_watches_at_every_step_is_compiled_ahead():
    often = tuple(probe for probe in WATCHED_BY_DOCTOR if probe.every == "step")
    found = ready(perceptron(LARGE, 64, watch=often))
    assert found.count("adam, measured") == 6
    assert found.count("relu's derivative, watched") == 2
    assert found.count("bias, measured") == 1


def test_decoupled_decay_is_compiled_ahead():
    found = ready(perceptron(LARGE, 64, optimizer=adamw(on="*")))
    assert found.count("adamw") == 6


@pytest.mark.parametrize("name", PENALIZED)
def test_a_penalty_on_weights_is_compiled_ahead(name: str):
    found = ready(penalized(PENALIZED[name]))
    assert found.count(name) == 2
    assert found.count(name.removesuffix(", penalized")) == 2  # of biases


def penalized(optimizer: Transform) -> Program:
    """A training step with an L2 penalty, which is on weights."""
    recipe = Recipe(
        Supervised(Sequential([Dense(128, "relu"), Dense(10)]), SoftmaxCrossEntropy()),
        optimizer,
        penalties=(L2(1e-4),),
    )
    batch = Batch({"x": ((64, 64), "float32"), "y": ((64,), "int32")})
    return training_step(recipe, batch).program


def residual_network() -> Program:
    """A training step of what stands between the attentions of a transformer."""
    inner = Residual([Dense(256, "gelu_tanh"), Dense(128)])
    recipe = Recipe(
        Supervised(Sequential([Dense(128), inner, Dense(10)]), SoftmaxCrossEntropy()), adamw(on="*")
    )
    batch = Batch({"x": ((512, 64), "float32"), "y": ((512,), "int32")})
    return training_step(recipe, batch).program


def normalized_network() -> Program:
    """A training step with the blocks of a residual network of images, of dense layers."""
    first = [Dense(64), BatchNorm(), Activation("relu")]
    blocks = [
        layer
        for shortcut in (None, Sequential([Dense(64), BatchNorm()]), None)
        for layer in (Residual([*first, Dense(64), BatchNorm()], shortcut), Activation("relu"))
    ]
    recipe = Recipe(Supervised(Sequential([*first, *blocks, Dense(10)]), SoftmaxCrossEntropy()))
    batch = Batch({"x": ((512, 64), "float32"), "y": ((512,), "int32")})
    return training_step(recipe, batch).program


def test_batch_normalization_is_compiled_ahead():
    assert {*IN_NORMALIZED_NETWORK} <= set(ready(normalized_network()))


def test_gelu_and_residual_sums_are_compiled_ahead():
    assert {*IN_RESIDUAL_NETWORK} <= set(ready(residual_network()))


@dataclass(frozen=True)
class Tile:
    """One instruction of a plan, alone, with what it loads, stores and sums, each with its own buffer."""

    words: list[int]
    loads: list[tuple[int, ...]]  # register, type, two strides
    stores: list[int]
    sums: list[tuple[int, bool]]  # register, and whether its rows are added up, not its squares
    ops: list[tuple[int, ...]]

    @property
    def shape(self) -> tuple[int, int]:
        return self.words[0], self.words[1]


def tiles_compiled_ahead(program: Program) -> dict[str, Tile]:
    """The first of each name."""
    draft = native.draft_plan(expand(program, native.runs_whole), None)
    nodes = [node for group in draft.groups for node in group.nodes]
    found: dict[str, Tile] = {}
    for node, name in zip(nodes, draft.core().ready, strict=True):
        if name and name not in found:
            found[name] = apart(node.words(lambda root: (0, 0)))
    return found


def apart(words: list[int]) -> Tile:
    """A tile whose loads, stores and sums have buffers 1, 2, 3, … even where the plan works in place."""
    _, _, _, loads, stores, squares, ops = words[:7]
    ends = 7 + np.cumsum([6 * loads, 4 * stores, 4 * squares, 5 * ops])
    load, store, square, op = (
        np.reshape(part, (count, -1)) if count else np.zeros((0, width), int)
        for part, count, width in zip(
            np.split(words, [7, *ends])[1:5], (loads, stores, squares, ops), (6, 4, 4, 5), strict=True
        )
    )
    load[:, 4] = np.arange(1, loads + 1)
    store[:, 2] = loads + np.arange(1, stores + 1)
    square[:, 2] = loads + stores + np.arange(1, squares + 1)
    together = np.concatenate([words[:7], load.ravel(), store.ravel(), square.ravel(), op.ravel()])
    return Tile(
        [int(word) for word in together],
        [tuple(int(word) for word in row[:4]) for row in load],
        [int(row[0]) for row in store],
        [(int(row[0]), bool(row[1])) for row in square],
        [tuple(int(word) for word in row) for row in op],
    )


def interpreted(tile: Tile, loaded: list[np.ndarray]) -> dict[int, np.ndarray]:
    """The registers after its micro operations one by one."""
    registers = {}
    for (register, *_), array in zip(tile.loads, loaded, strict=True):
        registers[register] = np.ascontiguousarray(np.broadcast_to(array, tile.shape))
    nothing = np.zeros(tile.shape, "f4")
    for code, to, *sources in tile.ops:
        y = np.empty(tile.shape, "f4")
        a, b, c = (nothing if each < 0 else registers[each] for each in sources)
        _core.micro(code, y, a, b, c, _core.levels() - 1)
        registers[to] = y
    return registers


WATCHED = [f"{name}, watched" for name in OPTIMIZERS]
MEASURED: Mapping[str, Watch] = {
    **{f"{name}, measured": Probe("gradient", every="step") for name in OPTIMIZERS},
    "adamw, measured": Probe("gradient", every="step"),
    "bias, measured": Probe("activation", every="step"),
    "relu's derivative, measured": Probe("delta", every="step"),
    "relu's derivative, watched": [Probe("activation", every="step"), Probe("delta", every="step")],
}


@pytest.mark.parametrize(
    "name",
    [
        *OPTIMIZERS,
        *WATCHED,
        *MEASURED,
        *PENALIZED,
        "bias and relu",
        "relu's derivative",
        "bias",
        *IN_RESIDUAL_NETWORK,
        *IN_NORMALIZED_NETWORK,
    ],
)
def test_the_bits_are_those_of_the_micro_operations(name: str):
    presets = OPTIMIZERS | {"adamw": adamw(on="*")}
    optimizer = presets.get(name.removesuffix(", watched").removesuffix(", measured"), adam())
    others = dict.fromkeys(IN_RESIDUAL_NETWORK, residual_network)
    others |= dict.fromkeys(IN_NORMALIZED_NETWORK, normalized_network)
    others |= {each: lambda each=each: penalized(PENALIZED[each]) for each in PENALIZED}
    of_perceptron = perceptron(LARGE, 64, optimizer=optimizer, watch=MEASURED.get(name, name in WATCHED))
    tile = tiles_compiled_ahead(others[name]() if name in others else of_perceptron)[name]
    random = np.random.default_rng(5)
    loaded = []
    for _, kind, row, column in tile.loads:
        assert kind == _core.TYPES.index("float32")
        size = (tile.shape[0] if row else 1, tile.shape[1] if column else 1)
        numbers = random.normal(size=size) * 10.0 ** random.integers(-6, 3, size)
        # Adam takes roots of second moments.
        loaded.append(np.ascontiguousarray(np.abs(numbers) if "adam" in name else numbers, "f4"))
    results = [np.empty(tile.shape, "f4") for _ in tile.stores]
    sums = [
        np.full((32, tile.shape[1]), np.nan, "f4") if of_rows else np.full(32, np.nan)
        for _, of_rows in tile.sums
    ]
    arrays = [*loaded, *results, *sums]
    core = _core.Core(
        [[_core.KINDS.index("tile"), *tile.words]], [[0, 1, 0, 1]], [64, *(each.nbytes for each in arrays)]
    )
    assert core.ready == [name]
    core.run([], arrays, [0] * len(arrays), 1, _core.Pool(1))
    registers = interpreted(tile, loaded)
    for found, register in zip(results, tile.stores, strict=True):
        np.testing.assert_array_equal(found.view("u4"), registers[register].view("u4"))
    for total, (register, of_rows) in zip(sums, tile.sums, strict=True):
        values = registers[register].astype("f8")
        if of_rows:
            rounding = 1e-6 * np.abs(values).sum(0)
            assert (np.abs(total[0] - values.sum(0)) <= rounding).all()
        else:
            assert total[0] == pytest.approx((values**2).sum(), rel=1e-12)


def test_other_operations_are_interpreted():
    tile = tiles_compiled_ahead(perceptron(LARGE, 64))["bias and relu"]
    words = list(tile.words)
    at = 7 + 6 * len(tile.loads) + 4 * len(tile.stores) + 5
    assert words[at] == _core.MICRO_OPS.index("RELU")
    words[at] = _core.MICRO_OPS.index("TANH")
    sizes = [64, *[4 * tile.shape[0] * tile.shape[1]] * (len(tile.loads) + len(tile.stores))]
    assert _core.Core([[_core.KINDS.index("tile"), *words]], [[0, 1, 0, 1]], sizes).ready == [""]
