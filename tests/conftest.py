"""What the whole suite takes on its command line."""

import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from chainrule import executors
from chainrule.executors.native import available

# The planner writes instructions in the core's own numbers, so that without a core there is none to test.
collect_ignore_glob = (
    [] if available() else ["executors/native/*", "contracts/test_native_*", "nn/layers/test_remat.py"]
)

# A shell without job control lets what it starts in the background ignore Ctrl-C; and so would the tests,
# and what they start.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)


# How fast a busy machine is says nothing about the code.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fetch",
        action="store_true",
        help="fetch the named data sets that the cache lacks, to test them",
    )


@pytest.fixture
def named_executor(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], str]:
    """Puts a function of a program, which prepares it, into the table of executors, and gives its name."""

    def add(compile_program: Any) -> str:
        table = {**executors.EXECUTORS, "of the test": executors.Executor(compile_program)}
        monkeypatch.setattr(executors, "EXECUTORS", table)
        return "of the test"

    return add
