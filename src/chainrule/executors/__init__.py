"""Executors run programs: numpy is the reference, native the fast one. EXECUTORS lists them by name."""

from collections.abc import Mapping
from types import MappingProxyType

from chainrule.errors import ConfigError, did_you_mean
from chainrule.executors.contract import Compile, Compiled, Executor, Session
from chainrule.executors.fallback import warn_of_numpy
from chainrule.executors.native import compile_native, missing_core
from chainrule.executors.numpy_ import compile_numpy

DEFAULT = "native"
"""The default executor."""
FALLBACK = "numpy"
"""The executor that runs everywhere."""
EXECUTORS: Mapping[str, Executor] = MappingProxyType(
    {"native": Executor(compile_native, missing_core), "numpy": Executor(compile_numpy)}
)
"""The executors by the names that `executor=` accepts."""


def usable_executor(name: str) -> tuple[Executor, str]:
    """The executor with this name, and ''; if it can't run on this machine, that of NumPy, and the reason.

    A warning gives the reason once in a process. Raises ConfigError for an unknown name.
    """
    if not isinstance(name, str) or name not in EXECUTORS:
        near = did_you_mean(name, EXECUTORS) if isinstance(name, str) else ""
        raise ConfigError(f"executor is {name!r}{near}", remedy=f"give one of {', '.join(EXECUTORS)}")
    missing = EXECUTORS[name].missing()
    if missing is None:
        return EXECUTORS[name], ""
    reason, remedy = missing
    warn_of_numpy(reason, remedy, "programs run")
    return EXECUTORS[FALLBACK], reason


__all__ = [
    "DEFAULT",
    "EXECUTORS",
    "FALLBACK",
    "Compile",
    "Compiled",
    "Executor",
    "Session",
    "usable_executor",
]
