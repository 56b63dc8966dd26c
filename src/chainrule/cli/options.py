"""Settings of tasks that are options of their own, such as --horizon 14 for --set horizon=14."""

import inspect
from collections.abc import Callable, Collection
from functools import wraps
from typing import Annotated, Any

import typer

from chainrule.tasks import TASKS

_KEYWORD = inspect.Parameter.KEYWORD_ONLY


def with_options(command: Callable[..., None], without: Collection[str] = ()) -> Callable[..., None]:
    """A command with an option for each such setting of each task, without the named ones.

    Those that are given come to the command as `options`, name -> text.
    """
    tasks: dict[str, list[str]] = {}
    for task in TASKS.values():
        for name in task.options:
            if name not in without:
                tasks.setdefault(name, []).append(task.name)
    signature = inspect.signature(command)
    own = [each for each in signature.parameters.values() if each.name != "options"]
    added = [
        inspect.Parameter(name, _KEYWORD, default=None, annotation=_option(name, having))
        for name, having in tasks.items()
    ]

    @wraps(command)
    def run(**given: Any) -> None:
        options = {name: given.pop(name) for name in tasks}
        command(**given, options={name: text for name, text in options.items() if text is not None})

    parameters = [each.replace(kind=_KEYWORD) for each in (*own, *added)]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _option(name: str, having: list[str]) -> Any:
    task = TASKS[having[0]]
    meaning = f"For --task {' or '.join(having)}: {task.help[name]}."
    flag, _, stands_for = task.options[name].partition(" ")
    return Annotated[str | None, typer.Option(flag, metavar=stands_for, help=meaning, show_default=False)]
