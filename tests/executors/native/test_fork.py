"""Processes that are forked, started or ended while another thread is in the core: none of them hangs."""

import subprocess
import sys

import pytest

from chainrule.executors.native import available

pytestmark = [
    pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core"),
    pytest.mark.skipif(sys.platform == "win32", reason="this system has no fork"),
]

# `check` asserts that a run gives the same bits in every process. `ended` runs something in a fork, which an
# alarm kills when it hangs, and gives the exit status.
PRELUDE = """
import os, signal, sys, threading, time, warnings
import numpy as np
from tests.executors.native.test_executor import large, large_chunk, large_tree, orders
from chainrule.executors.native import compile_native
from chainrule.program import Trace

warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons: the process has threads, and is forked
compiled = compile_native(large(64), 2)
chunk, few, many = large_chunk(64), orders(3), orders(200)

def result():
    tree = large_tree(64)
    compiled.bind(tree).run_many(chunk, few)
    return tree["w"].tobytes()

expected = result()

def check():
    assert result() == expected

def under_load(work=lambda: compiled.bind(large_tree(64)).run_many(chunk, many)):
    def loop():
        while True:
            work()
    threading.Thread(target=loop, daemon=True).start()
    time.sleep(0.1)

def ended(run):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    signal.alarm(20)
    run()
    sys.exit(0)  # as programs end: with what Python and C++ destroy
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", PRELUDE + code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert not done.stderr, done.stderr
    return done.stdout


def test_a_fork_while_another_thread_runs_the_same_plan():
    run("under_load()\nfor _ in range(8): assert ended(check) == 0; time.sleep(0.003)")


def test_a_fork_of_a_fork_with_load_in_each():
    code = """
def parent():
    check()
    under_load()
    assert ended(grandparent) == 0
    check()

def grandparent():
    under_load()
    check()
    assert ended(check) == 0

under_load()
assert ended(parent) == 0
"""
    run(code)


def test_the_parent_goes_on_as_before():
    run("under_load()\nfor _ in range(4): assert ended(check) == 0; check()")


# x transposed(w) of few rows runs in OpenBLAS, which holds a lock of its own for a part of the time.
OPENBLAS = """
def product(steps):
    trace = Trace()
    x, w = trace.input("x", (2, 8)), trace.parameter("w", (64, 8))
    core = compile_native(trace.program({"y": x @ w.transpose()}), 1)
    tree, chunk = {"w": np.ones((64, 8), "f4")}, {"x": np.ones((2, 8), "f4")}
    order = np.zeros((steps, 2), int)
    return lambda: core.bind(tree).run_many(chunk, order)

under_load(product(2000))
under_load(product(2000))
once = product(1)
for _ in range(FORKS):
    assert ended(once) == 0
"""


def test_a_fork_while_other_threads_are_in_openblas():
    run(OPENBLAS.replace("FORKS", "25"))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_train_what_the_parent_trains(method: str):
    code = f"""
import multiprocessing
from tests.executors.native.forked import fitted

if __name__ == "__main__":
    expected = fitted()
    under_load(fitted)
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        results = [pool.apply_async(fitted) for _ in range(4)]
        assert all(each.get(60) == expected for each in results)
        pool.close()
        pool.join()
"""
    run(code)


def test_programs_started_by_a_thread_beside_the_one_that_trains():
    code = """
import subprocess
under_load()
for _ in range(5):
    subprocess.run([sys.executable, "-c", ""], check=True, timeout=20)
    subprocess.run([sys.executable, "-c", ""], preexec_fn=lambda: None, check=True, timeout=20)  # by fork
"""
    run(code)


def test_a_handler_of_signals_that_forks_within_a_call():
    code = """
def fork(number, frame):
    global child
    child = os.fork()
    if not child:
        signal.alarm(20)

signal.signal(signal.SIGUSR1, fork)
long, tree = orders(20000), large_tree(64)
threading.Timer(0.3, signal.raise_signal, [signal.SIGUSR1]).start()
child = None
try:
    while child is None:
        compiled.bind(tree).run_many(chunk, long)
except RuntimeError as error:  # its workers are missing in the middle of what they did
    assert not child and "forked within a call" in str(error)
    check()
    sys.exit(0)
check()
if not child:  # forked between two calls
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    run(code)


@pytest.mark.parametrize("steps", [20, 2000])
def test_a_process_ends_while_a_thread_runs(steps: int):
    run(f"many = orders({steps})\nunder_load()\ntime.sleep(0.15)")
