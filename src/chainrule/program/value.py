"""The two nouns that programs are made of: Value and Step. Frozen, and without data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np

PARTS = ("forward", "backward", "update", "watch")

ITEM_BYTES = {"float32": 4, "float64": 8, "int32": 4, "int64": 8, "uint32": 4, "uint8": 1, "bool": 1}
FLOATS = ("float32", "float64")
"""The dtypes of floating-point numbers."""

NamedArrays = Mapping[str, np.ndarray]
"""Arrays by the names of values."""


@dataclass(frozen=True, eq=False, slots=True)
class Value:
    """A typed place for an array: its shape, dtype and name, never its data.

    shape: axis lengths, each at least 0, known when the program is recorded.
    dtype: one of float32, float64, int32, int64, uint32, uint8, bool. uint8 is for storage, as of images:
        it is moved and cast, and no arithmetic takes it.
    name: unique within a program, such as 'dense_1.weight' or 'δdense_1.relu'.

    Two Values are equal only if they are the same object.
    """

    shape: tuple[int, ...]
    dtype: str
    name: str

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def item_bytes(self) -> int:
        """Bytes that one element takes."""
        return ITEM_BYTES[self.dtype]

    @property
    def nbytes(self) -> int:
        """Bytes the array takes."""
        return self.size * self.item_bytes

    def __str__(self) -> str:
        return f"{self.name}: {self.dtype} {self.shape}"


@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One operation applied once: output = operation(*inputs, **attributes).

    operation: a name in the table of operations.
    layer: path of the layer that recorded it ('' outside any layer), the same for its backward steps.
    part: 'forward', 'backward', 'update' or 'watch'.
    """

    operation: str
    inputs: tuple[Value, ...]
    output: Value
    attributes: Mapping[str, object] = field(default_factory=dict)
    layer: str = ""
    part: str = "forward"
