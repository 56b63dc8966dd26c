"""Files that tasks write beside a run."""

from pathlib import Path
from typing import Any

from chainrule.data.plain_json import json_text
from chainrule.paths import printable


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write plain data as JSON that is read by people, too."""
    path.write_text(printable(json_text(content, indent=1)) + "\n", encoding="utf-8")
