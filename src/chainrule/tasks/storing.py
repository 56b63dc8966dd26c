"""Files that tasks write beside a run."""

import json
from pathlib import Path
from typing import Any

from chainrule.data.plain_json import json_text, numbers_again
from chainrule.paths import printable
from chainrule.report.run_page import EVALUATION


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write plain data as JSON that is read by people, too."""
    path.write_text(printable(json_text(content, indent=1)) + "\n", encoding="utf-8")


def read_evaluation(folder: Path) -> dict[str, Any]:
    """The figures of a run folder, with NaN where null stands; ValueError where they are damaged."""
    return numbers_again(json.loads((folder / EVALUATION).read_text(encoding="utf-8")))
