"""Prints how long `import chainrule` takes in a fresh interpreter: the best of several.

With compiled bytecode, as pip installs it: the first of the interpreters writes it.
"""

import os
import subprocess
import sys

RUNS = 7
MEASURE = "import time; start = time.perf_counter(); import chainrule; print(time.perf_counter() - start)"


def seconds() -> float:
    """One import in an interpreter of its own, in seconds; the interpreter's own start is left out."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    finished = subprocess.run(
        [sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True, env=environment
    )
    return float(finished.stdout)


if __name__ == "__main__":
    best = min(seconds() for _ in range(RUNS))
    print(f"import chainrule: {best:.3f} s (best of {RUNS} fresh interpreters)")
