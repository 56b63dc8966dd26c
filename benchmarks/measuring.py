"""Starts a process for each peer and lets them train in turns, block by block."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.peers import BEFORE, MATRIX_PRODUCT, OURS, PEERS, WATCHED, Entry
from benchmarks.preparing import make_problem, matrix_flops
from benchmarks.result import Measurement, Result
from benchmarks.workloads import Workload

_ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 10.0  # seconds for a worker to end by itself
_TRIAL_SECONDS = 0.1
_TRIAL_ROUNDS = 3

Progress = Callable[[str], None]


class WorkerFailedError(RuntimeError):
    """A peer's process ended before it answered; the message is the last line that it wrote."""


@dataclass(frozen=True)
class Settings:
    """How to measure.

    threads: for every peer alike. seconds: at least so long a block. repetitions: blocks of each peer.
    executor: of our own row, 'native' or 'numpy'. before: a checkout of this project with an environment in
    .venv, for the row that is called so.
    """

    threads: int
    seconds: float = 0.3
    repetitions: int = 5
    executor: str = "native"
    before: Path | None = None


class Worker:
    """The process of one peer. Between its turns it stands still, so that no idle thread of it spins."""

    def __init__(
        self, module: str, variant: str, problem: Path, threads: int, checkout: Path | None = None
    ) -> None:
        spec = {"module": module, "variant": variant, "problem": str(problem), "threads": threads}
        python = sys.executable if checkout is None else str(checkout.resolve() / ".venv/bin/python")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `close`)
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=checkout or _ROOT,
            env=_environment(threads, problem.parent),
            # Where a group of processes with a held one in it loses its terminal, Linux ends the whole group.
            start_new_session=True,
        )

    def __enter__(self) -> "Worker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
        self.close()

    def close(self) -> None:
        """End the process; harmless where it has ended."""
        self._hold(False)
        for pipe in (self._process.stdin, self._process.stdout):
            # A request that nobody read is written once more when the pipe is closed.
            with suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def ask(self, request: Any) -> dict[str, Any]:
        """Let it go on until it has answered: see `benchmarks.worker`."""
        assert self._process.stdin is not None
        self._hold(False)
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise WorkerFailedError(self._last_words()) from None
        return self.reply()

    def reply(self) -> dict[str, Any]:
        """Wait for its next answer, then hold it."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise WorkerFailedError(self._last_words())
        self._hold(True)
        return json.loads(line)

    def _hold(self, still: bool) -> None:
        if sys.platform != "win32" and self._process.poll() is None:
            self._process.send_signal(signal.SIGSTOP if still else signal.SIGCONT)

    def _last_words(self) -> str:
        self._process.wait()
        self._errors.seek(0)
        lines = [line for line in self._errors.read().decode(errors="replace").splitlines() if line.strip()]
        return lines[-1].strip() if lines else f"ended with code {self._process.returncode}"


def _environment(threads: int, folder: Path) -> dict[str, str]:
    """The parent's, with the number of threads in every word that a library listens to."""
    words = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "CHAINRULE_NUM_THREADS",
        "NPROC",  # of XLA's thread pools
    )
    # With bytecode, as pip installs it: compiling the sources would count as part of the first step.
    given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {
        **given,
        **dict.fromkeys(words, str(threads)),
        "JAX_PLATFORMS": "cpu",
        # Empty at first, so that the time to the first step has the whole compilation in it.
        "TORCHINDUCTOR_CACHE_DIR": tempfile.mkdtemp(dir=folder),
        "PYTHONUNBUFFERED": "1",
    }


def measure(workload: Workload, names: Sequence[str], settings: Settings, progress: Progress) -> Result:
    """One workload by all of these peers, in turns."""
    result = Result(workload, matrix_flops(workload))
    turns: dict[str, _Turns] = {}
    with tempfile.TemporaryDirectory(prefix="chainrule-bench-") as folder, ExitStack() as stack:
        progress(f"{workload.name}: drawing data and weights")
        file = Path(folder) / f"{workload.name}.safetensors"
        make_problem(workload, settings.threads).save(file)
        for name, entry in _entries(workload, names, settings).items():
            lacking = workload.network.needs & entry.lacks
            if lacking:
                result.absent[name] = f"has no {' and no '.join(sorted(lacking))}"
                continue
            try:
                checkout = settings.before if name == BEFORE else None
                turns[name] = _started(stack, name, entry, file, settings.threads, progress, checkout)
                progress(f"{workload.name}: first losses of {name}")
                turns[name].measurement.check(**turns[name].worker.ask("check"))
                result.rows[name] = turns[name].measurement
            except WorkerFailedError as failure:
                result.absent[name] = f"failed: {failure}"
        for threads in sorted({1, settings.threads}):
            name = f"the matrix product on {threads}"
            turns[name] = _started(stack, name, MATRIX_PRODUCT, file, threads, progress)
            result.products[threads] = turns[name].measurement
        for repetition in range(settings.repetitions):
            # Nobody always follows the same one.
            shift = repetition % len(turns)
            order = [*list(turns)[shift:], *list(turns)[:shift]]
            for name in order:
                progress(f"{workload.name}: round {repetition + 1} of {settings.repetitions}: {name}")
                try:
                    turns[name].take(settings.seconds)
                except WorkerFailedError as failure:
                    if name not in result.rows:
                        raise
                    del turns[name], result.rows[name]
                    result.absent[name] = f"failed: {failure}"
    return result


@dataclass(frozen=True)
class _Turns:
    worker: Worker
    measurement: Measurement

    def take(self, seconds: float) -> float:
        """One turn; microseconds a step."""
        self.measurement.add(**self.worker.ask({"block": seconds}))
        return self.measurement.microseconds[-1]


def _entries(workload: Workload, names: Sequence[str], settings: Settings) -> Mapping[str, Entry]:
    entries = {name: PEERS[name] for name in names}
    if workload.network.images:
        entries = {
            name: replace(entry, variants=(*entry.variants, *entry.for_images))
            for name, entry in entries.items()
        }
    by_executor = {OURS: "", BEFORE: "", WATCHED: ", watched"}
    for name in by_executor.keys() & entries.keys():
        entries[name] = replace(entries[name], variants=(settings.executor + by_executor[name],))
    return entries


def _started(
    stack: ExitStack,
    name: str,
    entry: Entry,
    problem: Path,
    threads: int,
    progress: Progress,
    checkout: Path | None = None,
) -> _Turns:
    """A process for the fastest of a peer's variants; those of the others have ended.

    Raises WorkerFailedError where no variant starts.
    """
    candidates: list[_Turns] = []
    failure: WorkerFailedError | None = None
    for variant in entry.variants:
        several = f", {variant}" if len(entry.variants) > 1 else ""
        progress(f"{problem.stem}: starting {name}{several}")
        worker = stack.enter_context(Worker(entry.module, variant, problem, threads, checkout))
        try:
            candidates.append(_Turns(worker, Measurement(**worker.reply())))
        except WorkerFailedError as error:
            failure = error
    if not candidates:
        raise failure or WorkerFailedError("it has no variants")
    for _ in range(_TRIAL_ROUNDS if len(candidates) > 1 else 0):
        for candidate in candidates:
            candidate.take(_TRIAL_SECONDS)
    best = min(candidates, key=lambda each: min(each.measurement.microseconds, default=0.0))
    for candidate in candidates:
        if candidate is not best:
            candidate.worker.close()
    best.measurement.forget()
    return best
