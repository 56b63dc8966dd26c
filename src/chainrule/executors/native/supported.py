"""What the core can run: known from a program alone, before any plan is made."""

from collections.abc import Mapping

from chainrule.executors.native import _core
from chainrule.executors.native.convolution import taps_of
from chainrule.executors.native.micro import MICRO, is_long
from chainrule.executors.native.operations import LOWERINGS, MOVES, VIEWS
from chainrule.program import EXPANSIONS, FLOATS, Program, Step, expand
from chainrule.program.operations.scanning import Scan

WHOLE = frozenset(EXPANSIONS) & frozenset(LOWERINGS)
"""The composites that the core runs as they are, but for float64."""

LONG = frozenset(
    {
        *(*VIEWS, *MOVES, *MICRO, *_core.REDUCTIONS),
        *("matmul", "scatter_add", "put", "one_hot", "random_bits", "scan"),
    }
)
"""The operations that the core runs with float64 among their values."""


class NotSupportedError(Exception):
    """The core lacks something that a program needs.

    lacking: what, as it stands behind 'the core has no', such as 'sum of int32'. remedy: what to do.
    """

    def __init__(self, lacking: str, remedy: str) -> None:
        super().__init__(lacking)
        self.remedy = remedy


def runs_whole(step: Step) -> bool:
    """Whether a composite is run as it is."""
    return step.operation in WHOLE and not is_long(step)


def refuse_unsupported(program: Program, loops: int = 0) -> None:
    """NotSupportedError if the core lacks something that the program needs: known before any plan is made.

    loops: how many the program is inside of.
    """
    dtypes: set[str] = set()
    for value in program.values():
        dtypes.add(value.dtype)
        if len(value.shape) > _core.MOST_AXES:
            raise NotSupportedError(f"arrays of {len(value.shape)} axes", "reshape them to fewer axes")
    for dtype in sorted(dtypes - {*_core.TYPES, "int64"}):
        raise NotSupportedError(dtype, f"use float32, {_OR_NUMPY}")
    for step in program.steps:
        x, operation = step.inputs[0] if step.inputs else step.output, step.operation
        if not has_kernel(operation):
            raise NotSupportedError(f"operation {operation}", f"use others, {_OR_NUMPY}")
        if is_long(step) and operation not in LONG:
            raise NotSupportedError(f"{operation} of float64", f"use float32, {_OR_NUMPY}")
        if operation == "one_hot" and step.output.dtype not in FLOATS:
            raise NotSupportedError(f"one_hot as {step.output.dtype}", f"let it give float32, {_OR_NUMPY}")
        if "int64" in dtypes and not _moves_long_integers(step):
            what = f"of {x.dtype} to {step.output.dtype}" if operation == "cast" else "of int64"
            raise NotSupportedError(f"{operation} {what}", f"cast to int32 before, {_OR_NUMPY}")
        if operation in (*_core.REDUCTIONS, "scatter_add") and x.dtype not in FLOATS:
            raise NotSupportedError(f"{operation} of {x.dtype}", f"cast to float32 before, {_OR_NUMPY}")
        if operation.startswith("convolution") and (taps := taps_of(step)) > _core.MOST_TAPS:
            lacking = f"{operation} with a window of {taps} elements"
            raise NotSupportedError(lacking, f"choose at most {_core.MOST_TAPS}, {_OR_NUMPY}")
        if operation == "scan":
            if loops == _core.MOST_LOOPS:
                raise NotSupportedError(f"loops of more than {_core.MOST_LOOPS} levels", "nest fewer loops")
            refuse_unsupported(expand(Scan.of(step.attributes).body, runs_whole), loops + 1)


_OR_NUMPY = "or choose the executor numpy"

INDICES: Mapping[str, int] = {"gather": 1, "scatter_add": 1, "put": 1, "one_hot": 0}
"""Operation -> which of its inputs are indices; int64 ones become int32, out of range or not."""


def _moves_long_integers(step: Step) -> bool:
    """Whether all that a step does with int64, if any, is to move it, take it as indices or cast it."""
    place = INDICES.get(step.operation)
    values = [value for i, value in enumerate(step.inputs) if i != place]
    if step.operation == "cast" and step.inputs[0].dtype == "int64":
        return step.output.dtype in ("int64", "int32", "float32", "float64", "bool")
    return step.operation in MOVES or all(value.dtype != "int64" for value in (*values, step.output))


def has_kernel(operation: str) -> bool:
    """Whether the core runs an operation."""
    return operation in VIEWS or operation in LOWERINGS or operation in MICRO
