"""Many programs, measured by several processes; what is measured is kept, and a second start goes on."""

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.machine import physical_cores
from benchmarks.progress import Progress

Line = dict[str, Any]
Job = tuple[str, tuple[Any, ...]]
"""What a result is known by, and the arguments of the function that measures it."""


class Kept:
    """Lines of JSON by key, in a file that grows by a line at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lines: dict[str, Line] = {}
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        for row in text.splitlines():
            try:
                line = json.loads(row)
            except json.JSONDecodeError:
                continue  # what a process that was killed had begun to write
            self._lines[line["key"]] = line
        if text and not text.endswith("\n"):
            self._append("\n")

    def __contains__(self, key: str) -> bool:
        return key in self._lines

    def __getitem__(self, key: str) -> Line:
        return self._lines[key]

    def add(self, key: str, line: Line) -> None:
        """Keep a line, on disk at once."""
        self._lines[key] = line | {"key": key}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._append(json.dumps(self._lines[key], allow_nan=False) + "\n")

    def _append(self, text: str) -> None:
        with self._file.open("a", encoding="utf-8") as file:
            file.write(text)


def measure_all(
    measure: Callable[..., Line],
    jobs: Sequence[Job],
    kept: Kept,
    processes: int,
    progress: Progress,
    what: str,
) -> None:
    """Measure what is not kept yet. measure: a function of a module, called with the arguments of a job."""
    missing = {key: given for key, given in jobs if key not in kept}
    start = time.monotonic()
    for done, (key, line) in enumerate(_measured(measure, list(missing.items()), processes), start=1):
        kept.add(key, line)
        minutes = (time.monotonic() - start) / done * (len(missing) - done) / 60
        progress(f"{what}, {len(missing)} trainings: round {done}, about {minutes:.0f} min left")


def _measured(measure: Callable[..., Line], jobs: list[Job], processes: int) -> Iterator[tuple[str, Line]]:
    if processes == 1:
        for key, given in jobs:
            yield key, measure(*given)
        return
    # Read by each process when it starts: together they use the cores once.
    os.environ["CHAINRULE_NUM_THREADS"] = str(max(1, physical_cores() // processes))
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        futures = {pool.submit(measure, *given): key for key, given in jobs}
        for future in as_completed(futures):
            yield futures[future], future.result()


def key_of(*parts: object) -> str:
    """A short key of what is wholly told by its repr, as programs are."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]
