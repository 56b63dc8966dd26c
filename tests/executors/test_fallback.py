"""Where an executor can't run on this machine, NumPy takes its place, and says so once."""

import subprocess
import sys

CODE = """
import warnings
import chainrule
from chainrule import executors, nn
import numpy as np

executors.native.available = lambda: False
x = np.random.default_rng(0).normal(size=(20, 3)).astype("f4")
for seed in range(2):
    run = chainrule.train(nn.Dense(1), (x, x[:, :1]), loss="mean_squared_error", epochs=2, seed=seed)
    run.predict(x)
    print([record.get("executor") for record in run.history])
    print("executor" in repr(run))
"""


def test_the_reason_is_warned_of_once_in_a_process_and_is_in_the_record_of_every_run():
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", CODE], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr.count("ChainruleWarning") == 1
    assert "without its compiled core, so programs run in NumPy" in done.stderr
    assert "install a C++ compiler" in done.stderr
    reason = "numpy: chainrule was installed without its compiled core"
    assert done.stdout.splitlines() == [str([reason, None]), "False"] * 2


def test_who_asks_for_numpy_is_told_nothing():
    code = CODE.replace("seed=seed)", "seed=seed, executor='numpy')")
    assert code != CODE
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "ChainruleWarning" not in done.stderr
    assert done.stdout.splitlines() == ["[None, None]", "False"] * 2
