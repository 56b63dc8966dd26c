"""What the whole suite takes on its command line."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fetch",
        action="store_true",
        help="fetch the named data sets that the cache lacks, to test them",
    )
