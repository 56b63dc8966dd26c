"""The tasks of the command line, a package each; TASKS lists them."""

from collections.abc import Mapping
from pathlib import Path

from chainrule.errors import DataError
from chainrule.tasks.detect import DETECT
from chainrule.tasks.faces import FACES
from chainrule.tasks.forecast import FORECAST
from chainrule.tasks.generate import GENERATE
from chainrule.tasks.image import IMAGE
from chainrule.tasks.segment import SEGMENT
from chainrule.tasks.sound import SOUND
from chainrule.tasks.table import TABLE
from chainrule.tasks.table.run import upgraded_config
from chainrule.tasks.task import (
    Command,
    Opened,
    Planned,
    Predictions,
    Task,
    TaskRun,
    Verb,
    plain_settings,
    settings_of,
)
from chainrule.tasks.text import TEXT
from chainrule.tasks.translate import TRANSLATE
from chainrule.training.folder import kind_of

TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (TABLE, FORECAST, DETECT, SEGMENT, TEXT, TRANSLATE, GENERATE, SOUND, IMAGE, FACES)
}
"""Tasks by name, the default first. The first that takes a source gets it: boxes before images, say."""


def task_of(folder: Path) -> Task:
    """The task whose run a folder holds. Raises DataError if it holds the run of no task."""
    kind = kind_of(folder)
    if kind.name not in TASKS:
        best = folder / "best"
        raise DataError(
            f"{folder} is a folder of the kind {kind.name!r}, and no task's run",
            remedy=f"give {best}, the best run in it"
            if best.is_dir()
            else f"give the folder of a run of {' or '.join(TASKS)}",
        )
    return TASKS[kind.name]


__all__ = [
    "TASKS",
    "Command",
    "Opened",
    "Planned",
    "Predictions",
    "Task",
    "TaskRun",
    "Verb",
    "plain_settings",
    "settings_of",
    "task_of",
    "upgraded_config",
]
