"""The native executor: Python plans, a small C++ core runs.

The core is compiled when the package is installed. Where no compiler was found it is missing, and programs
run in NumPy, with one warning.
"""

import importlib.util
import warnings
from functools import partial

from chainrule.errors import ChainruleWarning, ConfigError
from chainrule.executors.contract import Compiled, Executor
from chainrule.executors.numpy_ import compile_numpy
from chainrule.program import Program


def available() -> bool:
    """Whether the core was compiled."""
    return importlib.util.find_spec(f"{__name__}._core") is not None


def compile_native(program: Program, threads: int | None = None) -> Compiled:
    """Prepare a program for the core; for NumPy where there is no core, or where it lacks something.

    It runs float32 programs; what is in float64, or calculates with int64, runs in NumPy. threads: of its
    workers; if None, CHAINRULE_NUM_THREADS, else the physical cores allowed (`thread_count`). The same bits
    for any number.
    """
    if not available():
        slow = ChainruleWarning(
            "chainrule was installed without its compiled core, so training runs in NumPy, several times "
            "slower",
            remedy="install a C++ compiler, then chainrule again (pip install --force-reinstall)",
        )
        warnings.warn(slow, stacklevel=2)
        return compile_numpy(program)
    # Loading the core loads OpenBLAS, which a program that trains nothing should not pay for.
    from chainrule.executors.native.executor import NativeProgram
    from chainrule.executors.native.lowering import NotSupportedError

    try:
        return NativeProgram(program, threads)
    except NotSupportedError:
        return compile_numpy(program)


def describe_plan(program: Program) -> str:
    """The instructions the core would run, a line each, with bytes and floating-point operations.

    Raises ConfigError where there is no core, or it can't run the program.
    """
    if not available():
        raise ConfigError("there is no plan to show: chainrule was installed without its compiled core")
    from chainrule.executors.native.executor import plan_text
    from chainrule.executors.native.lowering import NotSupportedError

    try:
        return plan_text(program)
    except NotSupportedError as error:
        raise ConfigError(f"this program runs in NumPy, not in the core, because of {error}") from None


def native_executor(threads: int | None = None) -> Executor:
    """`compile_native` with a fixed number of threads."""
    return partial(compile_native, threads=threads)


__all__ = ["available", "compile_native", "describe_plan", "native_executor"]
