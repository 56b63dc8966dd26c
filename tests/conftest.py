"""What the whole suite takes on its command line."""

import signal
import threading

import pytest

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
