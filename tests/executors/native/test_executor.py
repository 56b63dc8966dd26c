"""NativeProgram: what it is given, how it is stopped, and who may run beside it."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from chainrule.errors import ChainruleWarning, ConfigError
from chainrule.executors import native as package
from chainrule.executors.fallback import warn_of_numpy
from chainrule.executors.native import available, compile_native
from chainrule.executors.numpy_ import NumpyProgram
from chainrule.program import Program, Trace
from chainrule.program import functions as f

needs_core = pytest.mark.skipif(not available(), reason="chainrule was installed without its compiled core")
SANITIZED = "libasan" in os.environ.get("LD_PRELOAD", "")


def slope() -> Program:
    """y = Σ x w; w ← w - x."""
    trace = Trace()
    x, w = trace.input("x", (4, 3)), trace.parameter("w", (4, 3))
    return trace.program({"y": (x * w).sum()}, {w: w - x})


X = np.arange(12, dtype="f4").reshape(4, 3)


def large(width: int = 400) -> Program:
    """Two products large enough for several threads, and a parameter that changes at every step."""
    trace = Trace()
    x, w = trace.input("x", (256, width)), trace.parameter("w", (width, width))
    count = trace.state("count", ())
    y = f.tanh(x @ w)
    return trace.program({"y": y.sum()}, {w: w - 1e-4 * (x.transpose() @ y), count: count + 1.0})


def large_tree(width: int = 400) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    w = random.normal(size=(width, width), scale=0.05).astype("f4")
    return {"w": w, "count": np.zeros((), "f4")}


def large_chunk(width: int = 400) -> dict[str, np.ndarray]:
    return {"x": np.random.default_rng(2).normal(size=(300, width)).astype("f4")}


def orders(steps: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 300, (steps, 256))


# A missing core, and programs that the core lacks something for


def test_without_a_core_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(package, "available", lambda: False)
    with pytest.raises(ConfigError, match="install a C\\+\\+ compiler, then chainrule again"):
        compile_native(slope())


@needs_core
def test_what_the_core_lacks_runs_in_numpy():
    trace = Trace()
    program = trace.program({"y": f.argmax(trace.input("x", (2,), "float64"))})
    warn_of_numpy.cache_clear()
    with pytest.warns(ChainruleWarning, match="no argmax of float64, so this program runs in NumPy"):
        assert isinstance(compile_native(program), NumpyProgram)


# What is given


@needs_core
@pytest.mark.parametrize("kind", ["read-only", "big-endian", "unaligned", "Fortran", "every other"])
def test_inputs_of_every_layout(kind: str):
    x = X.copy()
    if kind == "read-only":
        x.flags.writeable = False
    elif kind == "big-endian":
        x = x.astype(">f4")
    elif kind == "unaligned":
        x = np.zeros(49, np.uint8)[1:].view("f4").reshape(4, 3)
        x[...] = X
    elif kind == "Fortran":
        x = np.asfortranarray(x)
    else:
        x = np.repeat(x, 2, 1)[:, ::2]
    tree = {"w": np.ones((4, 3), "f4")}
    assert compile_native(slope()).run(tree, {"x": x})["y"] == 66
    np.testing.assert_array_equal(tree["w"], 1 - X)
    np.testing.assert_array_equal(x, X)


@needs_core
@pytest.mark.parametrize("kind", ["Fortran", "every other", "big-endian", "unaligned"])
def test_trees_of_every_layout_are_updated(kind: str):
    w = np.ones((4, 3), "f4")
    if kind == "Fortran":
        w = np.asfortranarray(w)
    elif kind == "every other":
        w = np.ones((4, 6), "f4")[:, ::2]
    elif kind == "big-endian":
        w = w.astype(">f4")
    else:
        w = np.zeros(49, np.uint8)[1:].view("f4").reshape(4, 3)
        w[...] = 1
    tree = {"w": w}
    compile_native(slope()).bind(tree).run_many({"x": X}, np.arange(4)[None].repeat(3, 0))
    assert tree["w"] is w
    np.testing.assert_array_equal(w, 1 - 3 * X)


@needs_core
def test_a_read_only_tree_is_refused_if_it_is_updated():
    w = np.ones((4, 3), "f4")
    w.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        compile_native(slope()).run({"w": w}, {"x": X})
    assert (w == 1).all()
    trace = Trace()
    kept = trace.program({"y": trace.parameter("w", (4, 3)).sum()})
    assert compile_native(kept).run({"w": w}, {})["y"] == 12


@needs_core
@pytest.mark.parametrize(
    "wrong", [np.ones((3, 4), "f4"), np.ones((4, 3)), np.ones((4, 3), "i4"), np.ones(12, "f4")]
)
def test_wrong_shapes_and_dtypes_are_refused(wrong: np.ndarray):
    right = np.ones((4, 3), "f4")
    compiled = compile_native(slope())
    with pytest.raises(TypeError, match="w: float32"):
        compiled.run({"w": wrong}, {"x": right})
    with pytest.raises(TypeError, match="x: float32"):
        compiled.run({"w": right}, {"x": wrong})
    with pytest.raises(KeyError):
        compiled.run({}, {"x": right})
    with pytest.raises(TypeError, match="order of shape"):
        compiled.bind({"w": right}).run_many({"x": X}, np.zeros((2, 3), int))
    assert (right == 1).all()


@needs_core
@pytest.mark.parametrize("index", [10, -11, 2**32, 2**40, -(2**31) - 1])
def test_orders_out_of_range_are_refused_before_the_first_step(index: int):
    tree, order = {"w": np.ones((4, 3), "f4")}, np.zeros((3, 4), np.int64)
    order[2, 1] = index
    with pytest.raises(IndexError, match=f"example {index} of 10"):
        compile_native(slope()).bind(tree).run_many({"x": np.ones((10, 3), "f4")}, order)
    assert (tree["w"] == 1).all()


@needs_core
@pytest.mark.parametrize("index", [3, -4, 2**31 - 1, -(2**31), 2**32 + 1, -(2**32) - 1])
@pytest.mark.parametrize("operation", ["gather", "scatter_add"])
def test_indices_out_of_range_in_a_program(operation: str, index: int):
    dtype = "int32" if -(2**31) <= index < 2**31 else "int64"
    trace = Trace()
    x, at = trace.input("x", (3, 2)), trace.input("at", (2,), dtype)
    y = f.gather(x, at) if operation == "gather" else f.scatter_add(x, at, x[:2])
    compiled = compile_native(trace.program({"y": y}))
    x = np.ones((3, 2), "f4")
    with pytest.raises(IndexError, match="out of range"):
        compiled.run({}, {"x": x, "at": np.array([0, index], dtype)})
    fine = compiled.run({}, {"x": x, "at": np.array([0, -1], dtype)})  # it can go on
    assert np.isfinite(fine["y"]).all()


@needs_core
def test_programs_without_inputs_run_many_times():
    trace = Trace()
    w = trace.parameter("w", (2,))
    tree = {"w": np.zeros(2, "f4")}
    compiled = compile_native(trace.program({"y": w * 2.0}, {w: w + 1.0}))
    many = compiled.bind(tree).run_many({}, np.zeros((3, 0), int))
    assert many["y"].tolist() == [[0, 0], [2, 2], [4, 4]]
    assert tree["w"].tolist() == [3, 3]


# Memory


@needs_core
@pytest.mark.skipif(SANITIZED, reason="the address sanitizer ends the process instead")
def test_out_of_memory_leaves_the_tree_and_other_programs_as_they_were():
    trace = Trace()
    w = trace.parameter("w", (2,))
    # 2^45 bytes have to be stored: they are read turned.
    wide = f.broadcast_to(w.reshape(2, 1), (2, 2**42)) * 2.0
    hungry = compile_native(trace.program({"y": wide.transpose().reshape(2**43).sum()}, {w: w + 1.0}))
    trace = Trace()
    w = trace.parameter("w", (2,))
    modest = compile_native(trace.program({"y": w.sum()}, {w: w + 1.0}))
    tree = {"w": np.ones(2, "f4")}
    assert modest.run(tree, {})["y"] == 2
    for _ in range(2):
        with pytest.raises(MemoryError):
            hungry.run(tree, {})
    assert tree["w"].tolist() == [2, 2]
    assert modest.run(tree, {})["y"] == 4


@needs_core
@pytest.mark.skipif(SANITIZED, reason="the address sanitizer ends the process instead")
def test_an_arena_of_impossible_size_is_a_memory_error():
    from chainrule.executors.native import _core

    core = _core.Core([], [], [2**45])
    with pytest.raises(MemoryError):
        core.run([], [], [], 1, _core.Pool(1))


# Threads


@needs_core
def test_denormal_numbers_have_the_same_bits_on_every_thread():
    trace = Trace()
    w = trace.parameter("w", (4096, 64))
    y = w * 0.5
    for _ in range(20):
        y = y * 0.75 + w * 1e-3
    program = trace.program({"y": y})
    small = (10.0 ** np.random.default_rng(0).uniform(-45, -35, (4096, 64))).astype("f4")
    one, two = (compile_native(program, threads).run({"w": small}, {})["y"] for threads in (1, 2))
    assert one.tobytes() == two.tobytes()
    assert np.float32(1e-30) * np.float32(1e-10) > 0  # and the caller's own arithmetic is as it was


@needs_core
def test_programs_in_several_python_threads_share_the_workers():
    program, order = large(64), orders(20)
    chunk = large_chunk(64)
    expected = large_tree(64)
    compile_native(program, 2).bind(expected).run_many(chunk, order)
    trees = [large_tree(64) for _ in range(4)]
    shared = compile_native(program, 2)
    executables = [shared, shared, compile_native(program, 2), compile_native(program, 2)]

    def work(number: int) -> None:
        executables[number].bind(trees[number]).run_many(chunk, order)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert not worker.is_alive()
    for tree in trees:
        assert tree["w"].tobytes() == expected["w"].tobytes()


@needs_core
def test_other_python_threads_go_on_while_the_core_runs():
    compiled, tree, order = compile_native(large(), 1), large_tree(), orders(150)
    compiled.bind(tree).run_many(large_chunk(), order[:1])
    ticks: list[float] = []
    ended = threading.Event()

    def tick() -> None:
        while not ended.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    other = threading.Thread(target=tick)
    other.start()
    start = time.perf_counter()
    compiled.bind(tree).run_many(large_chunk(), order)
    end = time.perf_counter()
    ended.set()
    other.join()
    assert end - start > 0.05
    assert sum(start < moment < end for moment in ticks) > 10


FORKED = """
import os, sys
from tests.executors.native.test_executor import large, large_chunk, large_tree, orders
from chainrule.executors.native import compile_native

compiled, expected, order = compile_native(large(64), 2), large_tree(64), orders(3)
compiled.bind(expected).run_many(large_chunk(64), order)
child = os.fork()
tree = large_tree(64)
compiled.bind(tree).run_many(large_chunk(64), order)
assert tree["w"].tobytes() == expected["w"].tobytes()
if child:
    sys.exit(os.waitpid(child, 0)[1])
"""


@needs_core
@pytest.mark.skipif(sys.platform == "win32", reason="this system has no fork")
def test_a_forked_process_has_workers_of_its_own():
    subprocess.run([sys.executable, "-c", FORKED], check=True, timeout=60)


# Ctrl-C

INTERRUPTED = """
import sys, time
import numpy as np
from tests.executors.native.test_executor import large, large_chunk, large_tree, orders
from chainrule.executors.native import compile_native

compiled, tree, chunk = compile_native(large(), 2), large_tree(), large_chunk()
order = orders(8).repeat(2500, 0)  # for half a minute
compiled.bind(tree).run_many(chunk, order[:1])
print("started", flush=True)
try:
    compiled.bind(tree).run_many(chunk, order)
except KeyboardInterrupt:
    print(time.time(), flush=True)
else:
    sys.exit("it ran to its end")
# Whole: as after some number of whole steps, and it can go on.
done = int(tree["count"])
assert 1 < done < len(order), done
expected = large_tree()
compiled.bind(expected).run_many(chunk, order[:1])
compiled.bind(expected).run_many(chunk, order[: done - 1])
assert expected["count"] == done
assert expected["w"].tobytes() == tree["w"].tobytes()
"""


@needs_core
@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_control_c_within_a_second_leaves_the_tree_whole():
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        time.sleep(0.8)
        sent = time.time()
        process.send_signal(signal.SIGINT)
        output, error = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, error
    assert float(output) - sent < (10 if SANITIZED else 1)


@needs_core
@pytest.mark.parametrize("columns", [3, 32, 70])
@pytest.mark.parametrize("operation", ["sum", "max", "min"])
def test_rows_are_reduced_together_as_each_by_itself(operation: str, columns: int):
    x = np.random.default_rng(5).normal(size=(37, columns)).astype("f4")
    x[3, -1], x[20, 0], x[21, 1], x[36, 0] = np.nan, np.nan, np.inf, -np.inf
    results = []
    for rows in (37, 1):
        trace = Trace()
        each = trace.input("x", (rows, columns))
        compiled = compile_native(trace.program({"y": getattr(each, operation)(-1)}))
        given = [x] if rows == 37 else list(x[:, None])
        results.append(np.concatenate([compiled.run({}, {"x": part})["y"] for part in given]))
    assert results[0].tobytes() == results[1].tobytes()
    np.testing.assert_allclose(results[0], getattr(x, operation)(-1), rtol=1e-5, atol=1e-5)
