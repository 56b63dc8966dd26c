"""Tiles: what is collected, what is dropped, and which registers are used again."""

import pytest

from chainrule.executors.native.tiles import CODES, Tile, tile_node
from chainrule.executors.native.views import View, whole
from chainrule.program import Value


def value(name: str, *shape: int) -> Value:
    return Value(shape, "float32", name)


def words(tile: Tile, *stored: Value) -> list[int]:
    """The instruction of a tile; places: buffer 7, offset 64."""
    return tile_node(tile, {value: value for value in stored}).words(lambda _: (7, 64))


def test_a_value_is_loaded_once_for_each_way_it_is_seen():
    tile, x = Tile((3, 4), 1), value("x", 4)
    first = tile.load(whole(x).broadcast((3, 4)))
    assert tile.load(whole(x).broadcast((3, 4))) == first
    column = View(x, (3, 4), (1, 0))
    assert tile.load(column) != first
    with pytest.raises(ValueError, match="copied"):
        tile.load(View(x, (2, 2, 4), (1, 3, 1)))


def test_words_of_a_sum():
    tile, x, y = Tile((3, 4), 1), value("x", 3, 4), value("y", 3, 4)
    slot = tile.load(whole(x))
    tile.made[y] = tile.apply("ADD", slot, slot)
    assert words(tile, y) == [
        *(3, 4, 2, 1, 1, 0, 1),  # rows, columns, registers, loads, stores, sums of squares, operations
        *(0, 0, 4, 1, 7, 64),  # register, float32, strides of rows and columns, place
        *(1, 0, 7, 64),
        *(CODES["ADD"], 1, 0, 0, -1),
    ]


def test_what_nobody_stores_is_not_computed():
    tile, x, y, z = Tile((3,), 1), value("x", 3), value("y", 3), value("z", 3)
    slot, other = tile.load(whole(x)), tile.load(whole(value("unused", 3)))
    tile.made[y] = tile.apply("EXP", slot)
    tile.made[z] = tile.apply("ADD", tile.made[y], other)
    node = tile_node(tile, {y: y})
    assert node.words(lambda _: (0, 0))[2:7] == [2, 1, 1, 0, 1]
    assert [access.root for access in node.accesses] == [x, y]
    assert node.text == "y = exp"
    assert node.flops == 3


def test_registers_are_used_again():
    tile, x, y = Tile((8,), 1), value("x", 8), value("y", 8)
    slot = tile.load(whole(x))
    for _ in range(20):
        slot = tile.apply("EXP", slot)
    tile.made[y] = tile.apply("NEGATIVE", slot)
    registers = words(tile, y)[2]
    assert registers <= 4


def test_registers_hold_what_is_still_needed():
    # Run the instruction in Python: x + (x + (x + …)) with every intermediate needed at the end.
    tile, x, y = Tile((1,), 1), value("x", 1), value("y", 1)
    slots = [tile.load(whole(x))]
    for _ in range(6):
        slots.append(tile.apply("ADD", slots[-1], slots[0]))
    total = slots[0]
    for slot in reversed(slots):
        total = tile.apply("MULTIPLY", total, slot)
    tile.made[y] = total
    row = words(tile, y)
    registers: dict[int, float] = {row[7]: 2.0}
    for at in range(7 + 6 + 4, len(row), 5):
        code, to, a, b, _ = row[at : at + 5]
        registers[to] = registers[a] + registers[b] if code == CODES["ADD"] else registers[a] * registers[b]
    expected = 2.0
    for count in range(1, 8):
        expected *= 2.0 * count
    assert registers[row[13]] == expected


def test_loaded_and_stored_registers_are_written_once():
    tile, x, y, z = Tile((8,), 1), value("x", 8), value("y", 8), value("z", 8)
    slot = tile.load(whole(x))
    tile.made[y] = tile.apply("EXP", slot)
    tile.made[z] = tile.apply("EXP", tile.apply("EXP", tile.apply("EXP", tile.made[y])))
    row = words(tile, y, z)
    loads, stores = row[3], row[4]
    fixed = {row[7]} | {row[7 + 6 * loads + 4 * i] for i in range(stores)}
    written = [row[at + 1] for at in range(7 + 6 * loads + 4 * stores, len(row), 5)]
    assert row[7] not in written
    assert all(written.count(register) == 1 for register in fixed - {row[7]})


def test_absorbing_puts_the_other_first():
    one, two = Tile((5,), 1), Tile((5,), 2)
    x, h, y = value("x", 5), value("h", 5), value("y", 5)
    one.made[h] = one.apply("EXP", one.load(whole(x)))
    slot = two.load(whole(x))
    two.absorb(one)
    assert len(two.loads) == 1
    two.made[y] = two.apply("ADD", two.made[h], slot)
    assert [name for name, *_ in two.ops] == ["EXP", "ADD"]
    assert two.ops[0][1] == (slot,)
    assert list(two.made) == [h, y]


def test_a_tile_is_full_at_some_size():
    tile = Tile((5,), 1)
    slot = tile.load(whole(value("x", 5)))
    count = 0
    while not tile.full:
        slot = tile.apply("EXP", slot)
        count += 1
    assert 8 <= count <= 1000
