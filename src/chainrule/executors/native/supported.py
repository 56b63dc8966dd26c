"""What the core can run: known from a program alone, before any plan is made."""

from collections.abc import Mapping

from chainrule.executors.native import _core
from chainrule.executors.native.convolution import taps_of
from chainrule.executors.native.micro import MICRO
from chainrule.executors.native.operations import LOWERINGS, MOVES, VIEWS
from chainrule.program import EXPANSIONS, Program, Step, expand
from chainrule.program.operations.scanning import Scan

WHOLE = frozenset(EXPANSIONS) & frozenset(LOWERINGS)
"""The composites that the core runs as they are."""


class NotSupportedError(Exception):
    """The core has no way to run this program; the reason is its text."""


def refuse_unsupported(program: Program, loops: int = 0) -> None:
    """NotSupportedError if the core lacks something that the program needs: known before any plan is made.

    loops: how many the program is inside of.
    """
    dtypes: set[str] = set()
    for value in program.values():
        dtypes.add(value.dtype)
        if len(value.shape) > _core.MOST_AXES:
            raise NotSupportedError(f"{value.name} has {len(value.shape)} axes")
    for value in program.values() if not dtypes <= {*_core.TYPES, "int64"} else ():
        if value.dtype not in _core.TYPES and value.dtype != "int64":
            raise NotSupportedError(f"{value.name} is {value.dtype}")
    for step in program.steps:
        if not has_kernel(step.operation):
            raise NotSupportedError(f"the operation {step.operation}")
        if step.operation in _core.REDUCTIONS and step.inputs[0].dtype != "float32":
            raise NotSupportedError(f"{step.operation} of {step.inputs[0].dtype}")
        if "int64" in dtypes and not _moves_long_integers(step):
            raise NotSupportedError(f"{step.operation} of int64")
        if step.operation == "scatter_add" and step.inputs[0].dtype != "float32":
            raise NotSupportedError(f"scatter_add to {step.inputs[0].dtype}")
        if step.operation == "one_hot" and step.output.dtype != "float32":
            raise NotSupportedError(f"one_hot as {step.output.dtype}")
        if step.operation.startswith("convolution") and (taps := taps_of(step)) > _core.MOST_TAPS:
            raise NotSupportedError(f"{step.operation} with a window of {taps} elements")
        if step.operation == "scan":
            if loops == _core.MOST_LOOPS:
                raise NotSupportedError(f"more than {_core.MOST_LOOPS} loops inside of each other")
            refuse_unsupported(expand(Scan.of(step.attributes).body, WHOLE), loops + 1)


INDICES: Mapping[str, int] = {"gather": 1, "scatter_add": 1, "one_hot": 0}
"""Operation -> which of its inputs are indices; int64 ones become int32, out of range or not."""


def _moves_long_integers(step: Step) -> bool:
    """Whether all that a step does with int64, if any, is to move it, take it as indices or cast it."""
    place = INDICES.get(step.operation)
    values = [value for i, value in enumerate(step.inputs) if i != place]
    if step.operation == "cast" and step.inputs[0].dtype == "int64":
        return step.output.dtype in ("int64", "int32", "float32", "bool")
    return step.operation in MOVES or all(value.dtype != "int64" for value in (*values, step.output))


def has_kernel(operation: str) -> bool:
    """Whether the core runs an operation."""
    return operation in VIEWS or operation in LOWERINGS or operation in MICRO
