"""Running a registry's ordinary client, watched while it downloads."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

Watch = Callable[[int], None]
"""Told now and then how many bytes have come."""

_POLL_SECONDS = 0.1
_ERROR = r"^(error:?|npm error|npm ERR!|E:)\s*"


def run_client(command: list[str], folder: Path, watch: Watch, inside: Path | None = None) -> tuple[int, str]:
    """Run a client that writes below a folder, temporary files too; returns its exit code and its words.

    inside: the folder that it runs in; None: the current one.
    """
    environment = os.environ | {"TMPDIR": str(folder), "TEMP": str(folder), "TMP": str(folder)}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=inside,
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


def reason_of(said: str, client: str) -> str:
    """The last line in which a client says what went wrong, or its last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(_ERROR, line, re.IGNORECASE)]
    line = (errors or lines or [f"{client} ended without a word"])[-1]
    return re.sub(_ERROR, "", line, flags=re.IGNORECASE)
