"""Plans of programs, and small questions to them."""

from collections.abc import Callable

from chainrule.executors.native import _core
from chainrule.executors.native.lowering import Lowering
from chainrule.executors.native.nodes import Node
from chainrule.executors.native.schedule import Group, schedule
from chainrule.executors.native.supported import runs_whole
from chainrule.nn import Dense, Dropout, Sequential, SoftmaxCrossEntropy, Transform, adam
from chainrule.program import Program, Value, expand
from chainrule.training import Recipe, Supervised
from chainrule.training.probes import Watch, probes_of
from chainrule.training.step import Batch, training_step


def lowered(program: Program, examples: int | None = None) -> Lowering:
    """The program's instructions, before they are put in order."""
    lowering = Lowering(expand(program, runs_whole), examples)
    lowering.lower()
    return lowering


def nodes(program: Program, kind: str) -> list[Node]:
    """Those of one kind."""
    return [node for node in lowered(program).nodes if node.kind == kind]


def kinds(program: Program) -> list[str]:
    """Of every instruction, but the copies to the outputs."""
    return [node.kind for node in lowered(program).nodes if not node.text.startswith("return ")]


def groups_of(program: Program, examples: int | None = None) -> tuple[list[Group], Callable[[Value], Value]]:
    """The schedule, and where each value lives."""
    lowering = lowered(program, examples)

    def home(value: Value) -> Value:
        return lowering.home.get(value, value)

    return schedule(lowering.nodes), home


def micro_ops(node: Node) -> list[str]:
    """What a tile computes, in order."""
    words = node.words(lambda value: (0, 0))
    _, _, _, loads, stores, squares, ops = words[:7]
    start = 7 + 6 * loads + 4 * stores + 4 * squares
    return [_core.MICRO_OPS[words[start + 5 * i]] for i in range(ops)]


def stored(node: Node) -> list[Value]:
    """What a node writes."""
    return [access.root for access in node.accesses if access.write]


def perceptron(
    widths: tuple[int, ...],
    batch: int,
    activation: str = "relu",
    dropout: float = 0.0,
    optimizer: Transform | None = None,
    watch: Watch = False,
) -> Program:
    """A whole training step of a multilayer perceptron that tells classes apart."""
    layers: list = []
    for width in widths[1:-1]:
        layers += [Dense(width, activation), *([Dropout(dropout)] if dropout else [])]
    recipe = Recipe(
        Supervised(Sequential([*layers, Dense(widths[-1])]), SoftmaxCrossEntropy()), optimizer or adam()
    )
    batch_shapes = {"x": ((batch, widths[0]), "float32"), "y": ((batch,), "int32")}
    return training_step(recipe, Batch(batch_shapes), watch=probes_of(watch)).program
