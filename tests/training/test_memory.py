"""Data four times larger than the memory that a process may have; killed, and resumed to the bit."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("resource", reason="this system sets no limits")

LIMIT = 24 << 20
"""Bytes beyond what the process has when it begins to train."""
ROWS, WIDTH, SHARDS = 25_000, 1024, 6

PROGRAM = """
import hashlib, json, os, resource, sys, threading
from functools import partial
from unittest.mock import patch
import numpy as np
from chainrule import nn, train
from chainrule.data import npy_shards
from chainrule.training import StepsDone
from chainrule.training.listeners import Checkpoint

folder, state, readers, kill_at, limit = *sys.argv[1:3], *map(int, sys.argv[3:])
model = nn.Sequential([nn.Dense(8, "relu"), nn.Dense(3)])
settings = {"loss": "cross_entropy", "batch_size": 128, "progress": False}
# What is imported and compiled when it is first needed is there before the limit is set.
draw = np.random.default_rng(0)
train(model, (draw.normal(size=(256, 1024)), np.arange(256) % 3), epochs=1, **settings)
threading.stack_size(1 << 19)
source = npy_shards(folder, chunk_bytes=1 << 20, readers=readers)
held = int(next(line for line in open("/proc/self/status") if line.startswith("VmData")).split()[1]) << 10
resource.setrlimit(resource.RLIMIT_DATA, (held + limit, held + limit))

def kill(event):
    if isinstance(event, StepsDone) and event.step >= kill_at > 0 and os.path.exists(state):
        os.kill(os.getpid(), 9)

with patch("chainrule.training.fitting.Checkpoint", partial(Checkpoint, every_seconds=0.0)):
    run = train(model, source, epochs=1, checkpoint=state, listeners=[kill], **settings)
bits = b"".join(run.parameters[name].tobytes() for name in sorted(run.parameters))
try:
    np.ones(limit, np.uint8)
    bounded = False
except MemoryError:
    bounded = True
losses = [record["loss"] for record in run.history]
print(json.dumps({"bits": hashlib.sha256(bits).hexdigest(), "losses": losses, "bounded": bounded}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Shards of 98 MiB in all."""
    folder = tmp_path_factory.mktemp("shards")
    draw = np.random.default_rng(0)
    for number in range(SHARDS):
        shard = folder / f"{number}"
        shard.mkdir()
        y = draw.integers(0, 3, ROWS // SHARDS)
        np.save(
            shard / "x.npy",
            draw.normal(size=(len(y), WIDTH)).astype(np.float32) + y[:, None].astype(np.float32),
        )
        np.save(shard / "y.npy", y)
    return folder


def ended(folder: Path, state: Path, readers: int, kill_at: int = 0) -> subprocess.CompletedProcess:
    given = [str(folder), str(state), str(readers), str(kill_at), str(LIMIT)]
    # Else malloc keeps some of what was freed in each thread, up to 32 MiB in a piece.
    surroundings = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"}
    call = [sys.executable, "-c", PROGRAM, *given]
    return subprocess.run(call, capture_output=True, text=True, timeout=120, check=False, env=surroundings)


@pytest.fixture(scope="module")
def unbroken(folder, tmp_path_factory) -> dict:
    done = ended(folder, tmp_path_factory.mktemp("unbroken") / "state", 1)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_data_are_larger_than_the_memory_that_there_is(folder, unbroken):
    assert sum(file.stat().st_size for file in folder.rglob("*.npy")) >= 4 * LIMIT
    assert unbroken["bounded"]  # as much as the limit can't be had, so the data can't
    assert unbroken["losses"][0] < 1  # below log 3: what stands in them is learned


@pytest.mark.parametrize(("readers", "kill_at"), [(1, 37), (2, 90), (4, 141)])
def test_it_is_killed_and_goes_on_to_the_bits_of_the_unbroken_run(
    folder, unbroken, tmp_path, readers, kill_at
):
    killed = ended(folder, tmp_path / "state", readers, kill_at)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    done = ended(folder, tmp_path / "state", readers)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == unbroken
