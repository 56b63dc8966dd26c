"""The number of threads: given by the user, else the physical cores that this process may use."""

import os
from pathlib import Path

import numpy as np

from chainrule.errors import ConfigError

VARIABLE = "CHAINRULE_NUM_THREADS"
SHARED_VARIABLE = "OMP_NUM_THREADS"
"""What joblib tells the processes of `n_jobs` by, so that together they have no more threads than cores."""

MOST = 1024


def thread_count(threads: int | None = None) -> int:
    """The argument, else the environment variable CHAINRULE_NUM_THREADS, else the physical cores allowed.

    The cores allowed are limited by affinity, the processor quota of the cgroup and OMP_NUM_THREADS. Raises
    ConfigError for anything but a whole number from 1 to 1024.
    """
    if threads is not None:
        return _checked("threads", threads)
    given = os.environ.get(VARIABLE)
    if given is not None:
        return _checked(VARIABLE, int(given) if given.isdecimal() else given)
    return min(_physical_cores(), _quota(), _shared(), MOST)


def _checked(name: str, value: object) -> int:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not 1 <= value <= MOST:
        raise ConfigError(f"{name} is {value!r}", remedy=f"give a whole number from 1 to {MOST}")
    return int(value)


def _physical_cores() -> int:
    """Cores among the processors that this process may run on; two threads of one core count once."""
    try:
        allowed = os.sched_getaffinity(0)
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1
    siblings = set()
    for processor in allowed:
        path = Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list")
        try:
            siblings.add(path.read_text(encoding="ascii"))
        except OSError:
            siblings.add(str(processor))
    return max(1, len(siblings))


def _quota() -> int:
    """Whole processors that the cgroup grants; many where it sets no limit."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return MOST if quota == "max" else max(1, int(quota) // int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return MOST


def _shared() -> int:
    """The first level of OMP_NUM_THREADS; many where it says nothing: what it may say is others' matter."""
    first = os.environ.get(SHARED_VARIABLE, "").partition(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else MOST
