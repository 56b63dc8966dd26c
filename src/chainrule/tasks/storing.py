"""Run folders of tasks: the files that every task writes into them, and reads from them."""

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from chainrule.data.plain_json import json_text, numbers_again
from chainrule.errors import ChainruleError, DataError
from chainrule.paths import path_of_text, printable, text_of_path
from chainrule.report.run_page import EVALUATION, REPORT, run_page
from chainrule.tasks.task import TaskRun, plain_settings, settings_of
from chainrule.training import folder_aside
from chainrule.training.folder import CONFIG

Chosen = TypeVar("Chosen")
Made = TypeVar("Made")


def config_of(task: str, source: str, target: str, settings: Any) -> dict[str, Any]:
    """The content of config.toml: everything needed to repeat a run. task: its name."""
    return {"task": task, "file": text_of_path(source), "target": target} | plain_settings(settings)


def save_run(
    task_run: TaskRun, folder: Path, sections: Sequence[str], write_own: Callable[[Path], None]
) -> Path:
    """Write a run folder with its report, whole or not at all, and return it.

    sections: those of the report. write_own: writes the task's own files into a folder. Raises ConfigError if
    the folder exists.
    """
    config, run, evaluation = task_run.config(), task_run.run, task_run.evaluation
    with folder_aside(folder) as aside:
        run.write(aside, config, config["task"])
        write_own(aside)
        write_json(aside / EVALUATION, evaluation)
        page = run_page(config, run.history, evaluation, folder.name, sections, diagnosis=run.diagnosis)
        (aside / REPORT).write_text(page, encoding="utf-8", errors="backslashreplace")
    return folder


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write plain data as indented JSON."""
    path.write_text(printable(json_text(content, indent=1)) + "\n", encoding="utf-8")


def read_made(path: Path, make: Callable[[str], Made]) -> Made:
    """What `make` makes of the text of a file in a run folder.

    make: raises KeyError, TypeError or ValueError for a wrong text. Raises DataError then, and if the file
    is missing.
    """
    try:
        return make(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path.parent} is damaged: {path.name} is missing", remedy="train again") from None
    except (OSError, KeyError, TypeError, ValueError) as error:
        told = str(error) if isinstance(error, ChainruleError) else repr(error)
        raise DataError(f"{path} is damaged ({told})", remedy="train again") from None


def read_config(
    folder: Path, settings: type[Chosen], upgraded: Callable[[Mapping[str, Any]], dict[str, Any]] = dict
) -> tuple[Chosen, str, str]:
    """(settings, source, target) of a run, from its config.toml, which holds a `config_of`.

    settings: their class. upgraded: content in an older format -> in the present one. Raises DataError if the
    file is missing or damaged.
    """

    def made(text: str) -> tuple[Chosen, str, str]:
        config = upgraded(tomllib.loads(text))
        source, target = path_of_text(config.pop("file")), str(config.pop("target"))
        config.pop("task")
        return settings_of(settings, config), source, target

    return read_made(folder / CONFIG, made)


def read_evaluation(folder: Path) -> dict[str, Any]:
    """The evaluation in a run folder, with NaN for null. Raises DataError if it is missing or damaged."""
    return read_made(folder / EVALUATION, lambda text: numbers_again(json.loads(text)))
