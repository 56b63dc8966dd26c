"""What an operation of the table still lacks, and in which file to write it: the guide of who adds one."""

from tests.contracts.cases import CASES
from tests.contracts.oracle import ORACLE

from chainrule.backprop import RULES
from chainrule.executors.native import available
from chainrule.executors.numpy_ import KERNELS
from chainrule.program import EXPANSIONS, OPERATIONS, Operation
from chainrule.program import functions as f

OF_TENSORS = {"negative", "absolute", "cast"}  # -x, abs(x), x.cast(dtype): no functions


def lacking(operation: Operation) -> list[str]:
    """One line for each part that is not there: what, and where to write it."""
    name = operation.name
    missing = []
    if operation.differentiable and name not in RULES:
        where = _of_family("src/chainrule/backprop/rules", operation)
        missing.append(f"its derivative rule, or differentiable=False in the table: {where}")
    if operation.composite and name not in EXPANSIONS:
        missing.append("its expansion: EXPANSIONS in src/chainrule/program/composites/__init__.py")
    if not operation.composite and name not in KERNELS:
        missing.append("its NumPy line: KERNELS in src/chainrule/executors/numpy_/kernels.py")
    if not operation.composite and not has_kernel(name):
        missing.append(_native(operation))
    if operation.elementwise and operation.arity == 1 and name not in {*f.__all__, *OF_TENSORS}:
        where = _of_family("src/chainrule/program/functions", operation)
        missing.append(f"its function, listed in __all__: {where}")
    cases = CASES.get(name, [])
    if not cases or (operation.differentiable and not any(case.sloped for case in cases)):
        slope = ", of which one has a slope" if operation.differentiable else ""
        missing.append(f"arguments to try it on{slope}: tests/contracts/cases/core.py, or its family's file")
    if name not in ORACLE:
        missing.append("its meaning in plain Python: tests/contracts/oracle/core.py, or its family's file")
    return missing


def _of_family(folder: str, operation: Operation) -> str:
    return f"{folder}/elementwise.py" if operation.elementwise else f"its family's file in {folder}/"


def _native(operation: Operation) -> str:
    if operation.elementwise:
        line = f"a line for {operation.name.upper()} in native/micro_ops.hpp"
        return f"its native kernel: {line}, its function in native/mathematics.hpp, then `make native`"
    return "its native kernel: LOWERINGS in src/chainrule/executors/native/operations.py"


def has_kernel(name: str) -> bool:
    """Whether the core runs it; there is nothing to ask where chainrule was installed without its core."""
    if not available():
        return True
    from chainrule.executors.native import supported

    return supported.has_kernel(name)


def guide(operation: Operation) -> str:
    """What to tell who has written the table line alone; empty if the operation is whole."""
    lines = [f"- {line}" for line in lacking(operation)]
    head = f"{operation.name} stands in the table of operations, and lacks (docs/howto/add_an_operation.md):"
    return "\n".join([head, *lines]) if lines else ""


def unlisted() -> dict[str, set[str]]:
    """What is written for operations that the table does not have, by where it stands."""
    written = {"RULES": RULES, "KERNELS": KERNELS, "EXPANSIONS": EXPANSIONS, "CASES": CASES, "ORACLE": ORACLE}
    return {where: found for where, names in written.items() if (found := set(names) - set(OPERATIONS))}
