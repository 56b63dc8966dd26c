"""What the whole suite takes on its command line."""

import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest

from chainrule import executors

# A shell without job control lets what it starts in the background ignore Ctrl-C; and so would the tests,
# and what they start.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
