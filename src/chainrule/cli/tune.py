"""chainrule tune: a search for the settings that suit what is to be learned."""

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from chainrule.cli.folders import RUNS, run_name
from chainrule.cli.output import narrate, print_json, tell
from chainrule.cli.results import plain_results, print_results
from chainrule.cli.settings import Order, read_assignment, read_order
from chainrule.errors import ConfigError, did_you_mean
from chainrule.report.numbers import number
from chainrule.starting import INTERRUPTED
from chainrule.tasks import TASKS, Task
from chainrule.tasks.tuning import BEST, REPORT, TaskStudy, find_study, searched, space_of, tune_task
from chainrule.tune import Asha, Hyperband, Pruning, Space, StudyProgress

PRUNING = ("asha", "hyperband", "none")
NO_OPTIONS = ("doctor",)
"""Settings that a search does not have: a doctor would change what is compared."""
_SPACES = {task.name: tuple(task.search.spaces) for task in TASKS.values() if task.search is not None}
_MANY = "; ".join(f"of {task}: {' or '.join(spaces)}" for task, spaces in _SPACES.items() if len(spaces) > 1)


def tune(
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE|FOLDER|NAME",
            help="A file, a folder of images or sounds, or a named data set such as 'digits', as for train.",
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
    space: Annotated[
        str | None,
        typer.Option(
            "--space",
            metavar="NAME",
            help=f"The search space, {_MANY}.",
            show_default="by the settings",
        ),
    ] = None,
    trials: Annotated[
        int,
        typer.Option(
            "--trials",
            "-n",
            metavar="N",
            help="The total number of trials, including earlier ones and those of other processes.",
        ),
    ] = 50,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            "-s",
            metavar="KEY=VALUE",
            help="A setting of train to fix instead of searching it; may be given many times.",
            show_default=False,
        ),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option(
            "--study",
            metavar="URL",
            help="A database, for a study that machines share: postgresql://user@host/database.",
            show_default="study.db in the study's folder",
        ),
    ] = None,
    pruning: Annotated[
        str,
        typer.Option(
            "--pruning",
            metavar="|".join(PRUNING),
            help="How trials are stopped early: asha, the worse ones soon; hyperband, fewer; or none.",
        ),
    ] = PRUNING[0],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER",
            help="The folder of the study; an existing study is continued.",
            show_default="runs/FILE-tune-001, 002, …",
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the results as one JSON object on standard output.")
    ] = False,
    *,
    options: Mapping[str, str],
) -> None:
    """Search for the settings with the lowest validation loss.

    Each trial trains with other settings, such as learning rate, batch size, weight decay, schedule or
    augmentation. The first trial has the defaults; Optuna draws the others, based on earlier results (TPE).
    Trials are compared by their validation loss; only the best run is evaluated on the held-out examples, at
    the end. For a table, the training of the default ensemble is searched; with --space layers, plain
    networks with their depth and width.

    The study's folder gets best/, an ordinary run folder, and report.html: the course of the search, and
    which settings mattered. [bold]The same command continues[/bold] a study that was interrupted or killed,
    and with more --trials extends it. Several processes at once share the trials; machines share them with
    the same --study.

    Ctrl-C ends the search: the best run so far is written, and the exit code is 130.

    [bold]Examples[/bold]

      chainrule tune digits --trials 30
      chainrule tune sales.csv --target price --set optimizer=adam --set epochs=50
      chainrule tune sales.csv -t price --space layers
      chainrule tune flowers --trials 20
      chainrule tune sales.csv --task forecast -t sold --time day --series shop --horizon 14
      chainrule tune sales.csv -t price --study postgresql://me@host/studies
      chainrule predict runs/sales-tune-001/best new.csv
    """
    if trials < 1:
        raise ConfigError(f"--trials is {trials}", remedy="it must be a whole number, at least 1")
    if study is not None and "://" not in study:
        raise ConfigError(
            f"--study {study} is not a URL",
            remedy="write postgresql://user@host/database, or use --out FOLDER",
        )
    order = read_order(file, target, [], assignments or [], task, options)
    fixed = {*options, *(read_assignment(text)[0] for text in assignments or [])}
    progress = StudyProgress()
    try:
        chosen = space_of(order.task, order.settings, fixed, space)
        way = _pruning(pruning, order, chosen)
        found = _tune(order, chosen, trials, study, way, out, progress)
    except KeyboardInterrupt:
        tell("interrupted; the same command continues")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        progress.close()
    _print(order.task, found, json)
    if found.result.interrupted or found.best is None:
        tell("interrupted; the same command continues")
        raise typer.Exit(INTERRUPTED)


def _tune(
    order: Order,
    space: Space,
    trials: int,
    study: str | None,
    pruning: Pruning | None,
    out: Path | None,
    progress: StudyProgress,
) -> TaskStudy:
    opened = order.open("tune")
    settings = order.task.settle(opened, order.settings, narrate)
    if out is None:
        stem = f"{run_name(opened.source)}-tune"
        shared = study is not None
        out = find_study(RUNS, stem, order.task, opened, settings, space, pruning, shared=shared)
    return tune_task(
        order.task,
        opened,
        settings,
        trials=trials,
        folder=out,
        study=study,
        space=space,
        pruning=pruning,
        listeners=[progress],
        say=narrate,
    )


def _pruning(name: str, order: Order, space: Space) -> Pruning | None:
    if name not in PRUNING:
        raise ConfigError(
            f"--pruning is {name!r}{did_you_mean(name, PRUNING)}",
            remedy=f"it must be one of {', '.join(PRUNING)}",
        )
    if name == "hyperband":
        of_task = searched(order.task)
        epochs = of_task.most_epochs(of_task.trial(space, order.settings))
        return Hyperband(max(epochs, Hyperband.first))
    return Asha() if name == "asha" else None


def _print(task: Task, found: TaskStudy, as_json: bool) -> None:
    trials, best = found.result.trials, found.result.best
    place = found.folder / BEST
    counts = {state: sum(each.state == state for each in trials) for state in ("complete", "pruned")}
    if best is None or found.best is None:
        return
    if as_json:
        facts = {
            "study": str(found.folder),
            "study_report": str(found.folder / REPORT),
            "trials": counts,
            "best_trial": best.number,
            "validation_loss": best.score,
            "values": dict(best.values),
            "importances": dict(found.result.importances),
        }
        print_json(plain_results(task, found.best, place) | facts)
        return
    print_results(task, found.best)
    print(
        f" the best of {sum(counts.values())} trials ({counts['pruned']} pruned) is trial {best.number}: "
        f"validation loss {number(best.score or 0.0)}"
    )
    print(f" report   {found.folder / REPORT}")
    print(f" predict  chainrule predict {quote(str(place))} FILE")
