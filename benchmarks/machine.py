"""What the system tells about this machine."""

import os
import platform
from pathlib import Path

from joblib import cpu_count

_STATISTICS = Path("/proc/stat")
_INFORMATION = Path("/proc/cpuinfo")
_IDLE_COLUMNS = (3, 4)  # idle, and waiting for a disk
_COUNTED_COLUMNS = 8  # the rest is part of the others


def physical_cores() -> int:
    """Cores that this process may use: affinity and limits of containers respected, hyperthreads not."""
    return int(cpu_count(only_physical_cores=True))


def busy_seconds() -> float | None:
    """Processor time spent by all processes since the start, summed over cores; None where unknown."""
    if not _STATISTICS.exists():
        return None
    ticks = [int(word) for word in _STATISTICS.read_text().split("\n", 1)[0].split()[1:]][:_COUNTED_COLUMNS]
    busy = sum(number for column, number in enumerate(ticks) if column not in _IDLE_COLUMNS)
    return busy / os.sysconf("SC_CLK_TCK")


def crowded(others: float, threads: int) -> bool:
    """Whether other processes, with so many cores busy, took cores from so many threads."""
    return others > (os.cpu_count() or threads) - threads + 0.1


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    if _INFORMATION.exists():
        for line in _INFORMATION.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
