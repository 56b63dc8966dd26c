"""Where everything lies, and the instructions that say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.executors.native.memory import Layout, lay_out
from chainrule.executors.native.nodes import Place
from chainrule.executors.native.schedule import Group
from chainrule.program import Value

ARENA, CONSTANTS = 0, 1
"""Numbers of the first two buffers."""


@dataclass(frozen=True, eq=False)
class Placement:
    """layout: of the arena. constants: the bytes of their buffer. instructions: in wire format, in order."""

    layout: Layout
    constants: np.ndarray
    instructions: list[list[int]]


def place(
    groups: Sequence[Group],
    constants: Mapping[Value, np.ndarray],
    buffers: Sequence[Value],
    home: Mapping[Value, Value],
    *,
    local: bool = True,
) -> Placement:
    """Every node as an instruction.

    buffers: what has storage of its own, numbered after arena and constants. home: see `Builder`. local:
    whether threads have rooms of their own for what lives in one chunk.
    """
    packed, starts = _packed(constants)
    places = {root: (CONSTANTS, start) for root, start in starts.items()}
    places |= {root: (number, 0) for number, root in enumerate(buffers, start=CONSTANTS + 1)}
    layout = lay_out(groups, places.keys(), local=local)
    places |= {root: (ARENA, offset) for root, offset in layout.offsets.items()}
    first_local = CONSTANTS + 1 + len(buffers)
    places |= {root: (number, 0) for number, root in enumerate(layout.locals, start=first_local)}

    def locate(value: Value) -> Place:
        return places[home.get(value, value)]

    nodes = [node for group in groups for node in group.nodes]
    return Placement(layout, packed, [[node.code, *node.words(locate)] for node in nodes])


def _packed(constants: Mapping[Value, np.ndarray]) -> tuple[np.ndarray, dict[Value, int]]:
    starts, size = {}, 0
    for value, array in constants.items():
        starts[value] = size
        size += -(-array.nbytes // 64) * 64
    packed = np.zeros(size, np.uint8)
    for value, array in constants.items():
        packed[starts[value] : starts[value] + array.nbytes] = np.frombuffer(array.tobytes(), np.uint8)
    return packed, starts
