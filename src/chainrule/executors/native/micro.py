"""Which micro operations of the core do the work of one elementwise step."""

from chainrule.executors.native.tiles import CODES, Tile
from chainrule.program import FLOATS, OPERATIONS, Step

FLOAT = {
    name: name.upper() for name, each in OPERATIONS.items() if each.elementwise and name.upper() in CODES
}
"""Operation on floats -> the micro operation of its name, which the core lists in native/micro_ops.hpp."""

MICRO = frozenset(FLOAT) | {"cast", "logical_not", "logical_and", "logical_or", "shift_right"}
"""The elementwise operations that the core runs."""

CASTS = {
    ("float32", "float64"): "COPY",
    ("float64", "float32"): "ROUND_TO_FLOAT",
    ("int32", "float32"): "FLOAT_FROM_I",
    ("uint32", "float32"): "FLOAT_FROM_U",
    ("bool", "float32"): "FLOAT_FROM_M",
    ("float32", "int32"): "I_FROM_FLOAT",
    ("float32", "uint32"): "U_FROM_FLOAT",
    ("bool", "int32"): "I_FROM_M",
    ("bool", "uint32"): "I_FROM_M",
    ("bool", "uint8"): "I_FROM_M",
    ("uint8", "float32"): "FLOAT_FROM_I",
    ("uint8", "bool"): "M_FROM_I",
    ("uint8", "int32"): "COPY",
    ("uint8", "uint32"): "COPY",
    ("int32", "uint8"): "B_FROM_I",
    ("uint32", "uint8"): "B_FROM_I",
    ("float32", "bool"): "M_FROM_FLOAT",
    ("int32", "bool"): "M_FROM_I",
    ("uint32", "bool"): "M_FROM_I",
    ("int32", "uint32"): "COPY",
    ("uint32", "int32"): "COPY",
}


def is_long(step: Step) -> bool:
    """Whether registers of 64 bits are needed: one of its values is float64."""
    return step.output.dtype == "float64" or any(value.dtype == "float64" for value in step.inputs)


def record_micro(tile: Tile, step: Step, slots: list[int]) -> int:
    """Record the micro operations of one step; the slot of its result."""
    name, dtype = step.operation, step.inputs[0].dtype
    if dtype in FLOATS and name in FLOAT:
        return tile.apply(FLOAT[name], *slots)
    if name == "cast":
        return _cast(tile, dtype, step.output.dtype, slots[0])
    if name == "where":
        return tile.apply("WHERE", *slots)
    if name in ("logical_not", "logical_and", "logical_or"):
        return tile.apply(
            {"logical_not": "NOT_M", "logical_and": "AND_M", "logical_or": "OR_M"}[name], *slots
        )
    if name == "shift_right":
        return tile.apply("SHIFT_RIGHT_U", *slots)
    if dtype == "bool":
        return _of_masks(tile, name, slots)
    return _of_integers(tile, name, dtype, slots)


def _cast(tile: Tile, old: str, new: str, slot: int) -> int:
    if old in FLOATS and new == "uint8":
        return _cast(tile, "int32", new, _cast(tile, old, "int32", slot))
    if old == new:
        return tile.apply("COPY", slot)
    if (old, new) not in CASTS:  # the same micro operations are of float64 in long registers
        old, new = (("float32" if dtype == "float64" else dtype) for dtype in (old, new))
    return tile.apply(CASTS[old, new], slot)


def _of_masks(tile: Tile, name: str, slots: list[int]) -> int:
    x, y = slots
    if name in ("equal", "not_equal"):
        different = tile.apply("NOT_EQUAL_M", x, y)
        return different if name == "not_equal" else tile.apply("NOT_M", different)
    if name in ("greater", "less_equal"):  # x > y is y < x; x ≤ y is not y < x
        x, y = y, x
    less = tile.apply("AND_M", tile.apply("NOT_M", x), y)
    return less if name in ("less", "greater") else tile.apply("NOT_M", less)


def _of_integers(tile: Tile, name: str, dtype: str, slots: list[int]) -> int:
    kind = "_U" if dtype == "uint32" else "_I"
    if name in ("negative", "absolute", "sign", "add", "subtract", "multiply"):
        return tile.apply(f"{name.upper()}_I", *slots)
    if name in ("maximum", "minimum"):
        return tile.apply(name.upper() + kind, *slots)
    if name in ("equal", "not_equal"):
        same = tile.apply("EQUAL_I", *slots)
        return same if name == "equal" else tile.apply("NOT_M", same)
    if name in ("greater", "greater_equal"):
        slots = slots[::-1]
    return tile.apply(("LESS" if name in ("less", "greater") else "LESS_EQUAL") + kind, *slots)
