"""The process of one peer: trains and times when asked.

    python -m benchmarks.worker '{"module": …, "variant": …, "problem": FILE, "threads": N}'

The first reply tells of the start. Then {"block": seconds} or "check" a line on standard input, one reply a
line on standard output, all JSON. `measuring` starts it, sets the environment that libraries read when they
are loaded, and holds the process while others run.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from benchmarks.machine import busy_seconds
from benchmarks.peers.contract import Maker, Peer
from benchmarks.problem import CHECKED_STEPS, Problem, load_problem

_SIGNAL_AT_DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def timed_block(peer: Peer, epochs: int, seconds: float) -> dict[str, float]:
    """Train from the start for a quarter of the time unmeasured, then for at least this many seconds.

    Returns seconds a step, and how many processor cores it and other processes kept busy on average.
    """
    peer.reset()
    _train(peer, epochs, seconds / 4)
    all_start, cpu_start, start = busy_seconds(), time.process_time(), time.perf_counter()
    runs = _train(peer, epochs, seconds)
    wall, cpu, everyone = time.perf_counter() - start, time.process_time() - cpu_start, busy_seconds()
    others = 0.0 if all_start is None or everyone is None else max(0.0, everyone - all_start - cpu)
    return {"seconds": wall / (runs * peer.steps_per_run), "cores": cpu / wall, "others": others / wall}


def _train(peer: Peer, epochs: int, seconds: float) -> int:
    """Whole epochs until the time is over; how many."""
    end = time.perf_counter() + seconds
    runs = 0
    while runs == 0 or time.perf_counter() < end:
        peer.run(runs % epochs)
        runs += 1
    return runs


def first_losses(peer: Peer, epochs: int) -> list[float]:
    """The losses of the first steps, from the start."""
    peer.reset()
    losses: list[float] = []
    for epoch in range(epochs):
        if len(losses) < CHECKED_STEPS:
            losses += [float(loss) for loss in peer.losses(epoch)]
    return losses[:CHECKED_STEPS]


def checked(maker: Maker, peer: Peer, problem: Problem, variant: str) -> dict[str, list[float] | None]:
    """The losses that are compared with those of other peers."""
    epochs = len(problem.orders)
    if not problem.workload.network.dropout:
        return {"losses": first_losses(peer, epochs), "losses_without_dropout": None}
    plain = maker.build(replace(problem, workload=problem.workload.without_dropout()), variant)
    return {
        "losses": first_losses(peer, epochs),
        "losses_without_dropout": first_losses(plain, epochs),
    }


def _end_with_parent() -> None:
    """A process that is held would not notice that the one that started it was killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SIGNAL_AT_DEATH_OF_PARENT, signal.SIGKILL)


def main() -> None:
    """Make the first step, then answer requests until standard input ends."""
    _end_with_parent()
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print must not get between the replies

    def reply(content: Mapping[str, Any]) -> None:
        print(json.dumps(content), file=replies, flush=True)

    spec = json.loads(sys.argv[1])
    start = time.perf_counter()
    maker = cast(Maker, importlib.import_module(f"benchmarks.peers.{spec['module']}"))
    import_seconds = time.perf_counter() - start
    problem = load_problem(Path(spec["problem"]), spec["threads"])
    start = time.perf_counter()
    peer = maker.build(problem, spec["variant"])
    peer.begin()
    times = {"import_seconds": import_seconds, "start_seconds": time.perf_counter() - start}
    reply({"note": peer.note, "version": maker.version(), **times})
    for line in sys.stdin:
        match json.loads(line):
            case {"block": seconds}:
                reply(timed_block(peer, len(problem.orders), seconds))
            case "check":
                reply(checked(maker, peer, problem, spec["variant"]))


if __name__ == "__main__":
    main()
