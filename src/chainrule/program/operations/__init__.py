"""The one table of operations: name, arity, shape-and-dtype rule, meaning, differentiable or not.

A shape-and-dtype rule takes the input Values and the attributes and returns (shape, dtype), or raises a
ShapeError or DTypeError whose text names the operation, what it got and what it needs. The tracer puts the
layer in front.

Composite operations have an expansion into primitives (`program/composites`), so that an executor needs
the primitives alone.
"""

from chainrule.program.operations.alignment import ALIGNMENT
from chainrule.program.operations.attention import ATTENTION
from chainrule.program.operations.composites import COMPOSITES
from chainrule.program.operations.convolution import CONVOLUTION
from chainrule.program.operations.core import CORE
from chainrule.program.operations.elementwise import ELEMENTWISE
from chainrule.program.operations.ordering import ORDERING
from chainrule.program.operations.pooling import POOLING
from chainrule.program.operations.recurrent import RECURRENT
from chainrule.program.operations.resizing import RESIZING
from chainrule.program.operations.row import INTEGERS, NUMBERS, Operation, broadcast_shapes, normalize_axis
from chainrule.program.operations.scanning import SCANNING

_TABLE = (
    *ELEMENTWISE,
    *CORE,
    *CONVOLUTION,
    *POOLING,
    *ORDERING,
    *RESIZING,
    *SCANNING,
    *RECURRENT,
    *COMPOSITES,
    *ATTENTION,
    *ALIGNMENT,
)

OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in _TABLE}
NOT_DIFFERENTIABLE: frozenset[str] = frozenset(op.name for op in _TABLE if not op.differentiable)

__all__ = [
    "INTEGERS",
    "NOT_DIFFERENTIABLE",
    "NUMBERS",
    "OPERATIONS",
    "Operation",
    "broadcast_shapes",
    "normalize_axis",
]
