"""Fused elementwise programs: steps over one space of rows and columns, run tile by tile in cache."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache

from chainrule.executors.native import _core
from chainrule.executors.native.nodes import Access, Locate, Node, place_at
from chainrule.executors.native.views import View, rows_inside, rows_of
from chainrule.program import Value

CODES = {name: code for code, name in enumerate(_core.MICRO_OPS)}
TYPES = {name: code for code, name in enumerate(_core.TYPES)}
MOST_OPS = 96
MOST_OPERANDS = 40

TileKind = tuple[tuple[int, ...], bool]
"""The shape of a tile, and whether its registers are long."""
Slot = int
"""A value inside of a tile: numbered in order of appearance."""


@dataclass(eq=False, slots=True)
class Tile:
    """A cluster of elementwise steps being collected.

    long: its registers hold words of 64 bits, and its floats are float64. position: of the instruction it
    becomes. loads: (root, offset, strides) -> slot. ops: (micro operation,
    slots read, slot written). made: value -> slot, for those computed here.
    """

    shape: tuple[int, ...]
    position: int
    long: bool = False
    loads: dict[tuple[Value, int, int, int], Slot] = field(default_factory=dict)
    ops: list[tuple[str, tuple[Slot, ...], Slot]] = field(default_factory=list)
    made: dict[Value, Slot] = field(default_factory=dict)
    layer: str = ""
    slots: int = 0
    squares: dict[Value, Slot] = field(default_factory=dict)  # where sums go -> whose squares are summed
    rows_added: dict[Value, Slot] = field(default_factory=dict)  # where sums go -> whose rows are added up
    again: dict[Value, Slot] = field(
        default_factory=dict
    )  # made here once more, with the bits of the first time

    def new_slot(self) -> Slot:
        """The next number."""
        self.slots += 1
        return self.slots - 1

    def load(self, view: View) -> Slot:
        """The slot of a value from outside; the view has this tile's shape."""
        strides = view.rows_and_columns()
        if strides is None:
            raise ValueError("a view without common strides must be copied before it is loaded")
        key = (view.root, view.offset, *strides)
        slot = self.loads.get(key)
        if slot is None:
            slot = self.loads[key] = self.new_slot()
        return slot

    def apply(self, operation: str, *slots: Slot) -> Slot:
        """Record a micro operation."""
        y = self.slots
        self.slots = y + 1
        self.ops.append((operation, slots, y))
        return y

    def absorb(self, other: "Tile") -> None:
        """Take over all that another tile of this shape does; it comes first here."""
        slot: dict[Slot, Slot] = {}
        for key, old in other.loads.items():
            if key not in self.loads:
                self.loads[key] = self.new_slot()
            slot[old] = self.loads[key]
        ops = []
        for name, slots, y in other.ops:
            slot[y] = self.new_slot()
            ops.append((name, tuple(slot[each] for each in slots), slot[y]))
        self.ops = ops + self.ops
        self.made = {value: slot[y] for value, y in other.made.items()} | self.made
        self.squares |= {sums: slot[y] for sums, y in other.squares.items()}
        self.rows_added |= {sums: slot[y] for sums, y in other.rows_added.items()}
        self.again = {value: slot[y] for value, y in other.again.items()} | self.again

    @property
    def kind(self) -> "TileKind":
        """What two tiles have in common that may be made one."""
        return self.shape, self.long

    @property
    def all_sums(self) -> list[Value]:
        """Where sums go."""
        return [*self.squares, *self.rows_added]

    @property
    def full(self) -> bool:
        """Whether it should take no more steps."""
        return len(self.ops) >= MOST_OPS or len(self.loads) + len(self.made) >= MOST_OPERANDS + MOST_OPS


def tile_node(tile: Tile, stored: Mapping[Value, Value]) -> Node:
    """The instruction of a finished tile.

    stored: the values computed here that others read -> the one whose storage each is written to.
    """
    rows, columns = rows_of(tile.shape)
    made, sums = tile.made, (*tile.squares.items(), *tile.rows_added.items())
    kept = frozenset([*[made[value] for value in stored], *[slot for _, slot in sums]])
    code = _code(tuple(tile.loads.values()), tuple(tile.ops), kept, frozenset(tile.again.values()))
    register = code.register
    loads = [(key, register[slot]) for key, slot in tile.loads.items() if slot in register]
    stores = [(home, register[made[value]]) for value, home in stored.items()]
    accesses = []
    for (root, offset, row_stride, col_stride), _ in loads:
        aligned = rows_inside(rows, root.size, offset, (rows, columns), (row_stride, col_stride))
        whole = aligned and row_stride == columns and (col_stride == 1 or columns == 1)
        accesses.append(Access(root, False, aligned, whole))
    accesses += [Access(home, True, True, True) for home, _ in stores]
    accesses += [Access(where, True, True) for where, _ in sums]
    squares = len(tile.squares)

    def words(locate: Locate) -> list[int]:
        counts = (code.registers, len(loads), len(stores), len(sums), code.count)
        instruction = [rows, columns, *counts]
        for (root, offset, row_stride, col_stride), at in loads:
            place = place_at(locate, root, offset)
            instruction += (at, TYPES[root.dtype], row_stride, col_stride, *place)
        for home, at in stores:
            instruction += (at, TYPES[home.dtype], *locate(home))
        for number, (where, slot) in enumerate(sums):
            instruction += (register[slot], int(number >= squares), *locate(where))
        instruction += code.words
        return instruction

    text = f"{', '.join([value.name for value in stored])} = {code.text}"
    if squares:
        text += f", and squares of {squares}"
    if tile.rows_added:
        text += f", and sums of rows of {len(tile.rows_added)}"
    flops = rows * columns * (code.count + 2 * squares + len(tile.rows_added))
    return Node("tile", tile.position, rows, accesses, words, flops, text, tile.layer, long=tile.long)


Op = tuple[str, tuple[Slot, ...], Slot]


@dataclass(frozen=True)
class _Code:
    """What a tile computes, wherever its values lie.

    register: of each slot that has one. registers: how many there are. count: of micro operations. words:
    these in wire format. text: their names.
    """

    register: Mapping[Slot, int]
    registers: int
    count: int
    words: Sequence[int]
    text: str


@lru_cache(maxsize=256)
def _code(
    loads: tuple[Slot, ...], ops: tuple[Op, ...], kept: frozenset[Slot], again: frozenset[Slot]
) -> _Code:
    """The code of the micro operations that make what is kept; equal layers have equal tiles."""
    needed = _with_products_added(_live_ops(ops, kept), kept, again)
    register, registers = _registers(loads, needed, kept)
    words: list[int] = []
    for name, slots, y in needed:
        words += (CODES[name], register[y], *[register[slot] for slot in slots], *[-1] * (3 - len(slots)))
    text = ", ".join(dict.fromkeys(name.lower() for name, *_ in needed))
    return _Code(register, registers, len(needed), words, text)


def _live_ops(ops: Sequence[Op], kept: Set[Slot]) -> list[Op]:
    wanted = set(kept)
    live = []
    for op in reversed(ops):
        if op[2] in wanted:
            wanted.update(op[1])
            live.append(op)
    return live[::-1]


def _with_products_added(ops: Sequence[Op], kept: Set[Slot], again: Set[Slot]) -> list[Op]:
    """x · y + z as one operation where no other step needs the product.

    A product that is stored is fused, too, and computed once more: watching it must not change the bits. One
    that is made again is not: where it is loaded instead, it has been rounded.
    """
    uses: dict[Slot, int] = {}
    for _, slots, _ in ops:
        for slot in slots:
            uses[slot] = uses.get(slot, 0) + 1
    products = {
        y: slots for name, slots, y in ops if name == "MULTIPLY" and uses.get(y) == 1 and y not in again
    }
    fused: list[Op] = []
    done: set[Slot] = set()  # products that nobody needs by themselves any more
    for name, slots, y in ops:
        factors = next((slot for slot in slots if slot in products), None) if name == "ADD" else None
        if factors is None:
            fused.append((name, slots, y))
            continue
        other = slots[1] if slots[0] == factors else slots[0]
        if factors not in kept:
            done.add(factors)
        fused.append(("MULTIPLY_ADD", (*products[factors], other), y))
    return [op for op in fused if op[2] not in done]


def _registers(loads: Sequence[Slot], ops: Sequence[Op], kept: Set[Slot]) -> tuple[dict[Slot, int], int]:
    """A register for every slot; those of loads and kept values are their own, the others are used again."""
    last: dict[Slot, int] = {}
    for number, (_, slots, _) in enumerate(ops):
        for slot in slots:
            last[slot] = number
    register: dict[Slot, int] = {}
    count = 0
    for slot in loads:
        if slot in last or slot in kept:
            register[slot] = count
            count += 1
    free: list[int] = []
    loaded = set(loads)
    for number, (_, slots, y) in enumerate(ops):
        # A register is free after the step that reads it last: that step may write into it.
        for slot in dict.fromkeys(slots):
            if last[slot] == number and slot not in loaded and slot not in kept:
                free.append(register[slot])
        if y not in kept and free:
            register[y] = free.pop()
        else:
            register[y] = count
            count += 1
        if y not in kept and y not in last:
            free.append(register[y])
    return register, count
