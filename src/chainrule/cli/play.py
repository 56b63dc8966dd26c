"""chainrule play: from the name of an environment to a policy that was learned."""

from collections.abc import Callable, Mapping
from pathlib import Path
from shlex import quote
from textwrap import TextWrapper
from typing import Annotated, Any

import typer

from chainrule import control
from chainrule.cli.folders import RunFolder, claimed, place_at, remove_leftovers
from chainrule.cli.output import narrate, print_json, print_table, tell
from chainrule.cli.settings import read_assignment, read_config
from chainrule.control import ALGORITHMS, PlayRun, load_play, usual_settings, watch, write_video
from chainrule.control.environments import Environment, environment_of
from chainrule.errors import ConfigError
from chainrule.report.numbers import duration, number
from chainrule.starting import INTERRUPTED
from chainrule.streams import error_console
from chainrule.tasks import plain_settings, settings_of
from chainrule.training import write_aside
from chainrule.training.interrupt import deferred_interrupt

_DEFAULT = next(iter(ALGORITHMS))


def settings_help() -> str:
    """Every setting of every algorithm with its default and what it means, for a terminal of 80 columns."""
    head = "Settings, for --set and the file of --config, with their defaults."
    parts = [
        f"[bold]For --algorithm {each.name}[/bold], {each.meaning}:\n\n{_settings_of(each.settings)}"
        for each in ALGORITHMS.values()
    ]
    return "\n\n".join([head, *parts])


def _settings_of(kind: Any) -> str:
    width = max(len(name) for name in kind.HELP) + 2
    lines = []
    known = vars(kind())
    for name in kind.HELP:
        value = list(known[name]) if isinstance(known[name], tuple) else known[name]
        wrapper = TextWrapper(78, initial_indent=f"  {name:<{width}}", subsequent_indent=" " * (width + 2))
        lines += wrapper.wrap(f"{kind.HELP[name]} ({'none' if value is None else value})")
    return "\n".join(lines).replace("[", r"\[")


def play(
    environment: Annotated[
        str | None,
        typer.Argument(
            metavar="ENVIRONMENT",
            help="An environment of gymnasium, such as CartPole-v1, or a class of your own, as game.py:Game.",
            show_default=False,
        ),
    ] = None,
    algorithm: Annotated[
        str | None,
        typer.Option(
            "--algorithm", "-a", metavar="|".join(ALGORITHMS), help="How it learns.", show_default=_DEFAULT
        ),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", metavar="N", help="Steps to learn from.", show_default="by the environment"),
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Seed of all chance.", show_default="0")
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
            show_default="runs/ENVIRONMENT-001, 002, …",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Continue the unfinished run at --out, with its settings; a finished run is left unchanged.",
        ),
    ] = False,
    watched: Annotated[
        Path | None,
        typer.Option("--watch", metavar="RUN", help="Show what a run learned.", show_default=False),
    ] = None,
    episodes: Annotated[
        int, typer.Option("--episodes", metavar="N", help="Episodes to show with --watch.", min=1)
    ] = 3,
    video: Annotated[
        Path | None,
        typer.Option(
            "--video",
            metavar="FILE",
            help="With --watch: write an episode as .gif or .mp4, without a window.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the results as one JSON object on standard output.")
    ] = False,
) -> None:
    """Learn to act in an environment of gymnasium, by trial and error.

    Several copies of the environment are stepped side by side. The policy is evaluated on whole episodes,
    acting without chance, beside random actions. The run folder gets weights, history, settings, frames of an
    episode and a report. It needs: pip install 'chainrule\\[control]'

    Ctrl-C ends learning: what was learned so far is evaluated and written, and the exit code is 130.

    [bold]Examples[/bold]

      chainrule play CartPole-v1
      chainrule play HalfCheetah-v5 --steps 300000 --seed 1
      chainrule play HalfCheetah-v5 --algorithm sac
      chainrule play game.py:Game --set hidden=128,128 --set discount=0.95
      chainrule play --watch runs/CartPole-v1-001
      chainrule play --watch runs/CartPole-v1-001 --video episode.gif

    Repeat a run, and continue one that was killed:

      chainrule play --config runs/CartPole-v1-001/config.toml
      chainrule play --out runs/CartPole-v1-001 --resume
    """
    if watched is not None:
        _watch(watched, video, episodes, json)
        return
    if video is not None:
        raise ConfigError("--video shows no run", remedy="name one with --watch RUN")
    if resume and out is None:
        raise ConfigError(
            "--resume does not say which run", remedy="name it with --out FOLDER, as when it was started"
        )
    place = None if out is None else place_at(out, resume=resume)
    if place is not None and place.finished:
        remove_leftovers(place)
        tell(f"{place.folder} is finished: there is nothing to continue")
        _print(load_play(place.folder), place.folder, json)
        return
    files = [] if config is None else [config]
    if resume and place is not None and place.config.is_file():
        files.insert(0, place.config)
    given = {"environment": environment, "algorithm": algorithm, "steps": steps, "seed": seed}
    subject, name, settings = _order(files, assignments or [], given)
    try:
        played, place = _play(subject, name, settings, place)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    _print(played, place.folder, json)
    if played.run.stopped == "interrupted":
        raise typer.Exit(INTERRUPTED)


def _order(
    files: list[Path], assignments: list[str], given: Mapping[str, Any]
) -> tuple[Environment, str, Any]:
    """Environment, algorithm and settings: the usual ones, then the files, then the options."""
    merged: dict[str, Any] = {}
    for file in files:
        merged |= read_config(file, "--config")
    merged |= {name: value for name, value in given.items() if value is not None}
    merged |= dict(read_assignment(text) for text in assignments)
    named = merged.pop("environment", None)
    if not isinstance(named, str):
        raise ConfigError("no environment was named", remedy="name one, as in: chainrule play CartPole-v1")
    algorithm = str(merged.pop("algorithm", _DEFAULT))
    subject = environment_of(named)
    usual = usual_settings(algorithm, subject)
    settings = settings_of(ALGORITHMS[algorithm].settings, usual | merged)
    return subject, algorithm, settings


def _play(
    subject: Environment, algorithm: str, settings: Any, place: RunFolder | None
) -> tuple[PlayRun, RunFolder]:
    """Learn, and write the run folder."""
    name = subject.name.replace("/", "-").replace(":", "-")
    with claimed(place, name) as claim:
        import tomli_w

        content = {"environment": subject.name, "algorithm": algorithm} | plain_settings(settings)
        write_aside(claim.config, tomli_w.dumps(content).encode())
        _tell_settings(algorithm, settings)
        going_on = f"chainrule play --out {quote(str(claim.folder))} --resume"
        progress = PlayProgress(settings.steps)
        try:
            played = control.play(
                subject,
                settings,
                algorithm=algorithm,
                checkpoint=claim.state,
                listeners=[progress],
                say=narrate,
            )
            progress.close()
            with deferred_interrupt():  # a second Ctrl-C, while the folder is written, must not lose it
                played.save(claim.folder)
        except BaseException:
            progress.close()
            if claim.state.exists():
                tell(f"what was learned is kept; continue with it: {going_on}")
            raise
    return played, claim


def _tell_settings(algorithm: str, settings: Any) -> None:
    values = ", ".join(f"{name} {_plainly(value)}" for name, value in plain_settings(settings).items())
    narrate(f"{algorithm}: {values}")


def _plainly(value: Any) -> str:
    if isinstance(value, list):
        return "×".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


class PlayProgress:
    """A listener that shows steps, the mean return and the speed while they move; on standard error.

    Where standard error is no terminal it prints about ten lines over the run.
    """

    def __init__(self, steps: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.table import Column

        self._console = error_console()
        self._progress = Progress(
            TextColumn("steps"),
            MofNCompleteColumn(),
            BarColumn(table_column=Column(no_wrap=False)),  # the column that gives way where it is narrow
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task("", total=steps, figures="")
        self._steps = steps
        self._told = 0  # tenths of the run
        self._progress.start()

    def __call__(self, record: Mapping[str, Any]) -> None:
        """Move."""
        step, seconds = record["step"], record["seconds"]
        mean = f"return {record['return']:.1f}  " if "return" in record else ""
        figures = f"{mean}{step / seconds:,.0f} steps/s" if seconds > 0 else mean
        self._progress.update(self._task, completed=min(step, self._steps), figures=figures)
        if not self._console.is_terminal and 10 * step // self._steps > self._told:
            self._told = 10 * step // self._steps
            self._console.print(f"step {step:,}/{self._steps:,}  {figures}", highlight=False)

    def close(self) -> None:
        """Give the terminal back."""
        self._progress.stop()


def _watch(folder: Path, video: Path | None, episodes: int, as_json: bool) -> None:
    played = load_play(folder)
    decide: Callable[..., Any] = played.player()
    seed = played.settings.seed + episodes
    if video is not None:
        reward = write_video(played.environment, decide, seed, video)
        tell(f"an episode of return {number(reward)} written to {video}")
        rewards = [reward]
    else:
        rewards = []
        for reward in watch(played.environment, decide, seed, episodes):
            tell(f"return {number(reward)}")
            rewards.append(reward)
    if as_json:
        print_json({"run": str(folder), "returns": rewards})


def _print(played: PlayRun, folder: Path, as_json: bool) -> None:
    """The results."""
    evaluation = played.evaluation
    if as_json:
        kept = {name: evaluation[name] for name in ("metrics", "baseline", "rows", "seconds")}
        facts = {"run": str(folder), "report": str(folder / "report.html"), "stopped": played.run.stopped}
        print_json({"environment": played.environment.name, "algorithm": played.algorithm, **kept, **facts})
        return
    count = evaluation["rows"]["evaluated episodes"]
    rows = [
        (name, number(value), number(evaluation["baseline"][name]))
        for name, value in evaluation["metrics"].items()
    ]
    print_table((f"{count:,} episodes", "without chance", "random\nactions"), rows)
    ended = ", interrupted" if played.run.stopped == "interrupted" else ""
    print(f" {evaluation['rows']['steps']:,} steps in {duration(evaluation['seconds'])}{ended}")
    print(f" report   {folder / 'report.html'}")
    print(f" watch    chainrule play --watch {quote(str(folder))}")
