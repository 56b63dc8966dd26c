"""The native executor: Python makes the plan, a small core in C++ runs it.

The core is compiled when the package is installed. It is missing if no compiler was found.
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
    """Prepare a program for the core, or for NumPy if the core can't run it.

    The core runs programs of float32 and float64. Programs with an operation that it lacks, such as a
    convolution of float64 or a sum of int64, run in NumPy, and a warning says so, once in a process for each
    reason.
    threads: number of workers; None: CHAINRULE_NUM_THREADS, else the physical cores allowed (`thread_count`).
    Any number gives the same bits. Raises ConfigError if there is no core.
    """
    _check_core()
    # Loading the core loads OpenBLAS, which a program that trains nothing should not pay for.
    from chainrule.executors.native.executor import NativeProgram
    from chainrule.executors.native.supported import NotSupportedError

    try:
        return NativeProgram(program, threads)
    except NotSupportedError as error:
        warn_of_numpy(f"the compiled core has no {error}", error.remedy, "this program runs")
        return compile_numpy(program)


def describe_plan(program: Program) -> str:
    """The instructions that the core would run, a line each, with bytes and floating-point operations.

    Raises ConfigError if there is no core, or if it can't run the program.
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
