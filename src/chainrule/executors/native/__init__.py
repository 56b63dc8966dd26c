"""The native executor: Python plans, a small C++ core runs.

The core is compiled when the package is installed. Where no compiler was found it is missing.
"""

import importlib.util

from chainrule.errors import ConfigError
from chainrule.executors.contract import Compiled
from chainrule.executors.fallback import warn_of_numpy
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Program


def available() -> bool:
    """Whether the core was compiled."""
    return importlib.util.find_spec(f"{__name__}._core") is not None


def missing_core() -> tuple[str, str] | None:
    """Why programs can't run on the core here, and what to do about it; None where they can."""
    if available():
        return None
    return (
        "chainrule was installed without its compiled core",
        "install a C++ compiler, then chainrule again (pip install --force-reinstall)",
    )


def compile_native(program: Program, threads: int | None = None) -> Compiled:
    """Prepare a program for the core; for NumPy where the core lacks something.

    It runs float32 programs. One with inputs or parameters in float64 runs in NumPy; so does one with an
    operation that the core lacks, such as a sum of int64, and then a warning says so, once in a process for
    each reason.
    threads: of its workers; if None, CHAINRULE_NUM_THREADS, else the physical cores allowed (`thread_count`).
    The same bits for any number. Raises ConfigError where there is no core.
    """
    _check_core()
    # Loading the core loads OpenBLAS, which a program that trains nothing should not pay for.
    from chainrule.executors.native.executor import NativeProgram
    from chainrule.executors.native.supported import NotSupportedError

    try:
        return NativeProgram(program, threads)
    except NotSupportedError as error:
        given = (*program.inputs, *program.parameters)
        if all(value.dtype != "float64" for value in given):  # else float64 was chosen for its digits
            warn_of_numpy(f"the compiled core has no {error}", error.remedy, "this program runs")
        return compile_numpy(program)


def describe_plan(program: Program) -> str:
    """The instructions the core would run, a line each, with bytes and floating-point operations.

    Raises ConfigError where there is no core, or it can't run the program.
    """
    _check_core()
    from chainrule.executors.native.executor import plan_text
    from chainrule.executors.native.supported import NotSupportedError

    try:
        return plan_text(program)
    except NotSupportedError as error:
        reason = f"this program runs in NumPy, not in the core, because of {error}"
        raise ConfigError(reason, remedy=error.remedy) from None


def _check_core() -> None:
    missing = missing_core()
    if missing is not None:
        raise ConfigError(missing[0], remedy=missing[1])


__all__ = ["available", "compile_native", "describe_plan", "missing_core"]
