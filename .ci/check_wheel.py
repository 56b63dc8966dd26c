"""Checks an installed wheel: trains the exclusive or, and says which executor did it.

Usage: python check_wheel.py native|numpy [--no-compiler]

native: the compiled core must do the training, from the files of the wheel alone. numpy: the wheel has no
core, so NumPy does it, with a warning. --no-compiler: there must be no C++ compiler on the path, as on the
machines of most people who install a wheel.
"""

import shutil
import sys
import sysconfig
import warnings
from pathlib import Path

import numpy as np

import chainrule
from chainrule import nn
from chainrule.executors import native

COMPILERS = ("c++", "g++", "clang++", "cc", "gcc", "clang", "cl")
LOADED = Path("/proc/self/maps")


def train_xor() -> None:
    """Two layers learn what one can't; the outputs must be right."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
    t = np.array([0, 1, 1, 0])
    network = nn.Sequential([nn.Dense(8, "tanh"), nn.Dense(1)])
    run = chainrule.train(
        network,
        (x, t),
        loss=nn.BinaryCrossEntropy(),
        optimizer=nn.adam(0.05),
        epochs=200,
        batch_size=4,
        seed=0,
        progress=False,
    )
    assert ((run.predict(x)[:, 0] > 0.5) == t).all(), run.predict(x)


def check_core(site_packages: Path) -> None:
    """The core did the work, and both it and its OpenBLAS come from the wheel."""
    core = Path(sys.modules["chainrule.executors.native._core"].__file__ or "")
    assert core.is_relative_to(site_packages), core
    if LOADED.exists():
        lines = LOADED.read_text(encoding="utf-8").splitlines()
        files = {line.split()[-1] for line in lines if "openblas" in line and "chainrule" in line}
        assert files, "no OpenBLAS of chainrule's is loaded"
        assert all(Path(file).is_relative_to(site_packages) for file in files), files
    error = None
    try:  # an exception of C++ must reach Python, however the C++ library is linked
        train_on_bad_indices()
    except IndexError as caught:
        error = caught
    assert error is not None, "the core took an index that is out of range"


def train_on_bad_indices() -> None:
    """Gather the tenth of three rows."""
    from chainrule.program import Trace
    from chainrule.program import functions as f

    trace = Trace()
    rows, places = trace.input("rows", (3, 2)), trace.input("places", (1,), "int32")
    program = trace.program({"y": f.gather(rows, places, 0)})
    compiled = native.compile_native(program)
    compiled.run({}, {"rows": np.zeros((3, 2), "float32"), "places": np.array([10], "int32")})


def main(expected: str, no_compiler: bool) -> None:
    """Run the checks; an assertion fails where one does not hold."""
    site_packages = Path(sysconfig.get_paths()["platlib"]).resolve()
    assert Path(chainrule.__file__ or "").resolve().is_relative_to(site_packages), chainrule.__file__
    found = [name for name in COMPILERS if shutil.which(name)]
    assert not (no_compiler and found), f"there are compilers on the path: {found}"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train_xor()
    told = any("without its compiled core" in str(each.message) for each in caught)
    assert native.available() == (expected == "native")
    assert told == (expected == "numpy"), [str(each.message) for each in caught]
    if expected == "native":
        check_core(site_packages)
    print(f"chainrule {chainrule.__version__} learned the exclusive or on the executor {expected}")


if __name__ == "__main__":
    main(sys.argv[1], "--no-compiler" in sys.argv[2:])
