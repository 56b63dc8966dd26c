"""Programs: typed operations, recorded by calling functions with Tensors, and printed as text."""

from chainrule.program.composites import EXPANSIONS, expand
from chainrule.program.counting import Counts, bytes_text, count, step_flops, step_multiply_adds
from chainrule.program.digest import digest_of
from chainrule.program.operations import NOT_DIFFERENTIABLE, OPERATIONS, Operation
from chainrule.program.program import Program
from chainrule.program.selecting import ending_in
from chainrule.program.tracing import Operand, Tensor, Trace, as_tensor
from chainrule.program.value import FLOATS, NamedArrays, Step, Value

__all__ = [
    "EXPANSIONS",
    "FLOATS",
    "NOT_DIFFERENTIABLE",
    "OPERATIONS",
    "Counts",
    "NamedArrays",
    "Operand",
    "Operation",
    "Program",
    "Step",
    "Tensor",
    "Trace",
    "Value",
    "as_tensor",
    "bytes_text",
    "count",
    "digest_of",
    "ending_in",
    "expand",
    "step_flops",
    "step_multiply_adds",
]
