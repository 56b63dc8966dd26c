"""chainrule train: from a file and a target column to a stored run."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from shlex import quote
from textwrap import TextWrapper
from typing import Annotated, Any

import typer

from chainrule.cli.folders import RunFolder, check_subject, claimed, place_at, remove_leftovers
from chainrule.cli.output import narrate, print_json, tell
from chainrule.cli.results import REPORT, diagnosis_lines, plain_results, print_results, write_report_of
from chainrule.cli.settings import Order, no_settings, read_order
from chainrule.doctor import TrainingPath, loss_landscape
from chainrule.doctor.landscape.section import write_landscape
from chainrule.errors import ChainruleError, ConfigError
from chainrule.paths import text_of_path
from chainrule.starting import INTERRUPTED
from chainrule.tasks import TASKS, Task, TaskRun, plain_settings, task_of
from chainrule.training import Event, Listener, Started, write_aside
from chainrule.training.interrupt import deferred_interrupt


def usual_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with another default than in Python. given: those that were given.

    Trials of the doctor take time, so where training has a limit it watches only.
    """
    return {"doctor": "watch" if given.get("minutes") is not None else "advise"}


def settings_help() -> str:
    """Every setting of every task with its default and what it means, for a terminal of 80 columns."""
    head = "Settings, for --set and the file of --config, with their defaults."
    parts = [
        f"[bold]For --task {task.name}[/bold], to {task.meaning}:\n\n{_settings_of(task)}"
        for task in TASKS.values()
    ]
    return "\n\n".join([head, *parts])


def _settings_of(task: Task) -> str:
    width = max(len(name) for name in task.help) + 2
    lines = []
    usual = {name: value for name, value in usual_settings({}).items() if name in task.help}
    for name, default in (asdict(task.settings()) | usual).items():
        value = list(default) if isinstance(default, tuple) else default
        wrapper = TextWrapper(78, initial_indent=f"  {name:<{width}}", subsequent_indent=" " * (width + 2))
        lines += wrapper.wrap(f"{task.help[name]} ({'none' if value is None else value})")
    return "\n".join(lines).replace("[", r"\[")


def train(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|FOLDER|NAME",
            help="A CSV, Excel, JSON or Parquet file with column names, also compressed; - for standard "
            "input; a folder of texts, images or sounds, with a folder for each class, or of images with "
            "masks or boxes; or a named data set such as 'digits' or 'mnist', which has a target (chainrule "
            "data list).",
            show_default=False,
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option("--target", "-t", metavar="COLUMN", help="The column to predict.", show_default=False),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            metavar="|".join(TASKS),
            help="The kind of problem.",
            show_default=f"by the source, else {next(iter(TASKS))}",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            metavar="FILE",
            help="Settings from a TOML file. The config.toml of a run repeats that run.",
            show_default=False,
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            "-s",
            metavar="KEY=VALUE",
            help="One setting; may be given many times, and wins over --config.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER",
            help="The run folder to write.",
            show_default="runs/FILE-001, 002, …",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Continue the unfinished run at --out, with its settings; a finished run is left unchanged.",
        ),
    ] = False,
    landscape: Annotated[
        bool,
        typer.Option(
            "--landscape",
            help="Show in the report the loss around the trained weights, with the path of training on it.",
        ),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the results as one JSON object on standard output.")
    ] = False,
    *,
    options: Mapping[str, str],
) -> None:
    """Train a network on a table, series, texts, images or sounds, and evaluate it on held-out examples.

    For a table, classification or regression is inferred from the target column. Rows, times, texts or images
    are held out for the evaluation; their preparation is learned from the other ones only. The run folder
    gets weights, history, settings and a report.

    The doctor watches the training and tries on copies of it what would help; with --doctor repair it does
    that, too, and with --doctor none there is no doctor. With --minutes it only watches, unless you name a
    mode.

    Ctrl-C ends training: the best weights so far are written, and the exit code is 130.

    [bold]Examples[/bold]

      chainrule train digits
      chainrule train churn
      chainrule train sales.csv --target price
      chainrule train sales.csv -t price -s layers=64,64 -s learning_rate=0.01

    Forecast many series:

      chainrule train sales.csv --task forecast -t sold --time day --series shop --horizon 14
      chainrule predict runs/sales-001

    Classify images or sounds (a folder for each class, perhaps within train/ and test/), predict the class of
    every pixel (folders images/ and masks/), find objects (boxes as in Pascal VOC, YOLO or COCO), tell faces
    apart:

      chainrule train flowers
      chainrule train flowers --minutes 10
      chainrule train words
      chainrule train streets --minutes 20
      chainrule train people --task faces

    Repeat a run, and continue one that was killed:

      chainrule train --config runs/sales-001/config.toml
      chainrule train --out runs/sales-001 --resume
    """
    place = _place(out, resume)
    if place is not None and place.finished:
        _tell_finished(place, json)
        return
    configs = [] if config is None else [config]
    if resume and place is not None and place.config.is_file():
        configs.insert(0, place.config)
    # A run that was begun before there was a doctor goes on without.
    begun = resume and place is not None and place.state.is_file()
    usual = no_settings if begun else usual_settings
    order = read_order(file, target, configs, assignments or [], task, options, usual=usual)
    path = TrainingPath() if landscape else None
    try:
        stored, place = _train(order, place, [] if path is None else [path])
        if path is not None:
            _add_landscape(stored, place, path)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    _print_results(order.task, stored, place, json)
    if stored.run.stopped == "interrupted":
        raise typer.Exit(INTERRUPTED)


def _place(out: Path | None, resume: bool) -> RunFolder | None:
    """The place named with --out; None: the next free one."""
    if out is None:
        if resume:
            raise ConfigError(
                "--resume does not say which run", remedy="name it with --out FOLDER, as when it was started"
            )
        return None
    place = place_at(out, resume=resume)
    if resume and not place.finished and not place.state.is_file():
        tell(f"nothing was saved of {out} yet: it starts afresh")
    return place


def _tell_finished(place: RunFolder, as_json: bool) -> None:
    task = task_of(place.folder)
    stored = task.load(place.folder)
    remove_leftovers(place)
    how = "was ended by Ctrl-C" if stored.run.stopped == "interrupted" else "is finished"
    tell(f"{place.folder} {how}: there is nothing to continue")
    if as_json:
        print_json(plain_results(task, stored, place.folder))


def _train(order: Order, place: RunFolder | None, listeners: Sequence[Listener]) -> tuple[TaskRun, RunFolder]:
    """Train and write the run folder."""
    with claimed(place, order.file or "") as claim:
        opened = order.open("train")
        check_subject(claim, opened)
        settled = replace(order, settings=order.task.settle(opened, order.settings, narrate))
        going_on = f"chainrule train --out {quote(str(claim.folder))} --resume"
        try:
            task_run = order.task.train(
                opened,
                settled.settings,
                progress=True,
                checkpoint=claim.state,
                listeners=[_keep_order(claim, settled), *listeners],
                say=narrate,
            )
            with deferred_interrupt():  # a second Ctrl-C, while the folder is written, must not lose it
                task_run.save(claim.folder)
        except KeyboardInterrupt:
            kept = f"continue with it: {going_on}"
            tell(f"interrupted; {kept if claim.state.exists() else 'nothing was kept'}")
            raise
        except OSError:
            if claim.state.exists():
                tell(f"what was learned is kept; continue with it: {going_on}")
            raise
    return task_run, claim


def _add_landscape(stored: TaskRun, place: RunFolder, path: TrainingPath) -> None:
    """Write the report of a stored run anew, with the loss around its weights."""
    if stored.run.stopped == "interrupted":
        tell("training was interrupted: its loss landscape is left out")
        return
    try:
        write_landscape(place.folder, loss_landscape(stored.run, path=path))
    except ChainruleError as error:
        tell(f"the report has no loss landscape: {error}")
        return
    write_report_of(place.folder)


def _keep_order(place: RunFolder, order: Order) -> Listener:
    """A listener that notes beside the checkpoint what --resume needs to know."""

    def keep(event: Event) -> None:
        if isinstance(event, Started):
            import tomli_w

            file = None if order.file is None else text_of_path(order.file)
            subject = {"task": order.task.name, "file": file, "target": order.target}
            content = {name: value for name, value in subject.items() if value is not None}
            content |= plain_settings(order.settings)
            write_aside(place.config, tomli_w.dumps(content).encode())

    return keep


def _print_results(task: Task, stored: TaskRun, place: RunFolder, as_json: bool) -> None:
    report = place.folder / REPORT
    for line in diagnosis_lines(stored.run.diagnosis, place.folder):
        narrate(line)
    if as_json:
        print_json(plain_results(task, stored, place.folder))
        return
    print_results(task, stored)
    print(f" report   {report}")
    print(f" predict  chainrule predict {quote(str(place.folder))} FILE")
