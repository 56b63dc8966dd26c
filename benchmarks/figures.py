"""What a benchmark measured, as a file: the figures, and when, where and on which commit."""

import json
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.machine import physical_cores, processor

_ROOT = Path(__file__).resolve().parent.parent
_LIBRARIES = ("numpy", "scikit-learn", "torch", "jax")


def write_figures(file: Path, benchmark: str, figures: Any, settings: dict[str, Any] | None = None) -> None:
    """Write them, whole or not at all.

    benchmark: its name, as in `make bench-NAME`. figures, settings: what JSON takes; no NaN or infinity.
    """
    content = {
        "benchmark": benchmark,
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(_ROOT),
        "machine": {
            "processor": processor(),
            "cores": physical_cores(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "libraries": {name: found for name in _LIBRARIES if (found := _version(name))},
        },
        "settings": settings or {},
        "figures": figures,
    }
    text = json.dumps(content, indent=1, allow_nan=False) + "\n"
    aside = file.with_name(f".{file.name}.part")
    aside.write_text(text, encoding="utf-8")
    aside.replace(file)


def commit(folder: Path) -> str | None:
    """The commit of a checkout, with '+' where files differ from it; None where git can't tell."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
