"""Files that tasks write into run folders."""

import json
from pathlib import Path
from typing import Any

from chainrule.data.plain_json import json_text, numbers_again
from chainrule.paths import printable
from chainrule.report.run_page import EVALUATION


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write plain data as indented JSON."""
    path.write_text(printable(json_text(content, indent=1)) + "\n", encoding="utf-8")


def read_evaluation(folder: Path) -> dict[str, Any]:
    """The evaluation in a run folder, with NaN for null. Raises ValueError if it is damaged."""
    return numbers_again(json.loads((folder / EVALUATION).read_text(encoding="utf-8")))
