"""The command: python -m benchmarks.forks.

It prints how many child processes hang or fail that are started while another thread trains. Each child
trains the same network as the thread, and must give the same bits and end in time.
"""

import argparse
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.figures import write_figures
from chainrule.estimators import NetClassifier

METHODS = ("os.fork", "fork", "spawn", "forkserver")
SECONDS = 60
"""After which a child counts as hanging, and is killed."""


def fitted() -> bytes:
    """The probabilities that a network gives when it is trained."""
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 10))
    return (
        NetClassifier((128, 128), random_state=0, max_iter=15).fit(x, x[:, 0] > 0).predict_proba(x).tobytes()
    )


def _child(expected: bytes) -> None:
    if fitted() != expected:
        raise SystemExit("another result than in the parent")


def by_fork(expected: bytes) -> str:
    """What became of a child of os.fork that ends as soon as it has trained."""
    child = os.fork()
    if child == 0:
        os._exit(int(fitted() != expected))
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        number, status = os.waitpid(child, os.WNOHANG)
        if number:
            return "well" if status == 0 else "failed"
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"


def by_method(method: str, expected: bytes) -> str:
    """What became of a child of multiprocessing, which ends as programs do."""
    process = multiprocessing.get_context(method).Process(target=_child, args=(expected,))
    process.start()
    process.join(SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
        return "hung"
    return "well" if process.exitcode == 0 else "failed"


def _ended(method: str, expected: bytes) -> str:
    return by_fork(expected) if method == "os.fork" else by_method(method, expected)


def main() -> None:
    """Run them all; the exit code is 1 where a child hung or failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.forks", description=__doc__)
    parser.add_argument("--times", type=int, default=50, help="children by each method (50)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts there, too")
    given = parser.parse_args()
    times = given.times
    expected = fitted()
    ended = threading.Event()

    def train() -> None:
        while not ended.is_set():
            fitted()

    trainer = threading.Thread(target=train)
    trainer.start()
    print(f"{'method':12}{'well':>6}{'hung':>6}{'failed':>8}{'seconds a child':>17}", flush=True)
    wrong, rows = 0, []
    try:
        for method in METHODS:
            start = time.monotonic()
            found = Counter(_ended(method, expected) for _ in range(times))
            seconds = (time.monotonic() - start) / max(times, 1)
            counts = f"{found['well']:>6}{found['hung']:>6}{found['failed']:>8}"
            print(f"{method:12}{counts}{seconds:>17.2f}", flush=True)
            rows.append({"method": method, "seconds": seconds} | found)
            wrong += times - found["well"]
    finally:
        ended.set()
        trainer.join()
    if given.json is not None:
        write_figures(given.json, "bench-forks", rows, {"times": times})
    raise SystemExit(int(wrong > 0))


if __name__ == "__main__":
    main()
