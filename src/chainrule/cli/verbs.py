"""Commands of tasks' own, such as `chainrule faces enroll RUN FOLDER`: what TASKS says, as typer has it."""

import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from chainrule.cli.output import narrate, print_json
from chainrule.cli.settings import read_value
from chainrule.errors import ConfigError
from chainrule.tasks import Command, Task, Verb, task_of
from chainrule.tasks.task import Option

_KEYWORD = inspect.Parameter.KEYWORD_ONLY
_FOLDER = (
    Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.", show_default=False)],
    inspect.Parameter.empty,
)


def add_verbs(app: typer.Typer, tasks: Mapping[str, Task]) -> None:
    """Give the command line a group of commands for each task that has verbs."""
    for task in tasks.values():
        if task.verbs:
            group = typer.Typer(help=f"Commands for a run of --task {task.name}.", no_args_is_help=True)
            for name, verb in task.verbs.items():
                group.command(name, help=verb.meaning)(_command(task, verb))
            app.add_typer(group, name=task.name)
        if task.command is not None:
            app.command(task.name, help=task.command.meaning)(_writing(task, task.command))


def _writing(task: Task, command: Command) -> Callable[..., None]:
    def run(run: Path, **options: str) -> None:
        _check_task(run, task)
        plain = {name for name, each in command.options.items() if isinstance(each.default, str)}
        values = {name: text if name in plain else read_value(text) for name, text in options.items()}
        command.answer(run, values, _shown, narrate)

    return _signed(run, {"run": _FOLDER}, command.options, {})


def _shown(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _check_task(run: Path, task: Task) -> None:
    """ConfigError unless a folder holds a run of the task."""
    given = task_of(run)
    if given.name != task.name:
        raise ConfigError(
            f"{run} is a folder of the kind {given.name!r}, not {task.name!r}",
            remedy=f"give the folder of a run of --task {task.name}",
        )


def _command(task: Task, verb: Verb) -> Callable[..., None]:
    def run(run: Path, source: str, json: bool, **options: str) -> None:
        _check_task(run, task)
        values = {name: read_value(text) for name, text in options.items()}
        frame = verb.answer(run, source, values, narrate).frame
        if json:
            columns = list(frame.columns)
            rows = [dict(zip(columns, row, strict=True)) for row in frame.to_numpy(dtype=object)]
            print_json({"rows": len(frame), "answers": rows})
        else:
            frame.to_csv(sys.stdout, index=False)

    source = typer.Argument(metavar="SOURCE", help=verb.source, show_default=False)
    as_json = typer.Option("--json", help="Print the answer as one JSON object on standard output.")
    before = {"run": _FOLDER, "source": (Annotated[str, source], inspect.Parameter.empty)}
    return _signed(run, before, verb.options, {"json": (Annotated[bool, as_json], False)})


def _signed(
    run: Callable[..., None],
    before: Mapping[str, tuple[Any, Any]],
    options: Mapping[str, Option],
    after: Mapping[str, tuple[Any, Any]],
) -> Callable[..., None]:
    """The function with the signature that typer reads: (annotation, default) by name."""
    kinds = dict(before)
    for name, each in options.items():
        flag, _, stands_for = each.written.partition(" ")
        meaning = each.meaning[0].upper() + each.meaning[1:] + "."
        option = typer.Option(flag, metavar=stands_for, help=meaning)
        kinds[name] = (Annotated[str, option], str(each.default))
    kinds |= after
    parameters = [
        inspect.Parameter(name, _KEYWORD, default=default, annotation=kind)
        for name, (kind, default) in kinds.items()
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run
