"""The command line: `chainrule --help`. One file a command."""

import io
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from chainrule.cli import data, doctor, explain, play, predict, report, show, train, tune
from chainrule.cli.errors import guarded
from chainrule.cli.help import flowing
from chainrule.cli.options import with_options
from chainrule.cli.verbs import add_verbs
from chainrule.streams import standard_streams
from chainrule.tasks import TASKS

app = typer.Typer(
    rich_markup_mode="rich",
    add_completion=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
train_command = with_options(train.train)
app.command("train", help=flowing(train.train.__doc__), epilog=train.settings_help())(train_command)
app.command("tune", help=flowing(tune.tune.__doc__))(with_options(tune.tune, without=tune.NO_OPTIONS))
app.command("play", help=flowing(play.play.__doc__), epilog=play.settings_help())(play.play)
for each in (predict.predict, doctor.doctor, explain.explain, show.show, report.report):
    app.command(each.__name__, help=flowing(each.__doc__))(each)
app.add_typer(data.app, name="data")
add_verbs(app, TASKS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (without the program's name; None: the process's own) and return the exit code."""
    with standard_streams():
        for stream in (sys.stdout, sys.stderr):
            # A terminal without σ shows \u03c3 rather than a traceback.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        return guarded(lambda: _run(arguments))


def command() -> int:
    """The command line of this process, which ends after it."""
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: there is nothing to interrupt
    # Where Ctrl-C came amid the code of a text, as dataclasses run it, Python ends by the signal itself,
    # though somebody caught it; running another such text makes it forget that.
    exec("")
    return code


def _run(arguments: Sequence[str] | None) -> int | None:
    return typer.main.get_command(app).main(arguments, prog_name="chainrule", standalone_mode=False)


def _version(asked: bool) -> None:
    if asked:
        from chainrule import __version__

        print(f"chainrule {__version__}")
        raise typer.Exit


def overview(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Train neural networks by backpropagation, and see every step of it.

    [bold]Start[/bold] with the handwritten digits, which need no file:

      chainrule train digits

    This holds out some rows, trains, compares the network with a constant prediction on the held-out rows,
    and writes a run folder such as runs/digits-001. Then your own table (CSV, Excel, JSON or Parquet) with
    the column to predict, or a folder of images:

      chainrule train sales.csv --target price
      chainrule predict runs/sales-001 new.csv --out predictions.csv
      chainrule train photos --minutes 10

    Or real data sets by name, which are downloaded once:

      chainrule data list
      chainrule train churn

    [bold]Look inside[/bold]: the numbers of one step, the whole step as a program, the report of a run:

      chainrule explain xor
      chainrule show runs/digits-001
      chainrule report runs/digits-001

    [bold]Change something[/bold]: `chainrule train --help` lists every setting. The config.toml in a run
    folder repeats the run.

      chainrule train digits --set layers=256,128 --set dropout=0.2
      chainrule train --config runs/digits-001/config.toml

    [bold]Check[/bold] a training before it begins:

      chainrule doctor --check runs/digits-001/config.toml

    [bold]Search[/bold] for better settings:

      chainrule tune sales.csv --target price --trials 50

    Results go to standard output, everything else to standard error; --json is for scripts. Exit codes:
    0 for success, 2 for wrong input (one line says what is wrong and what to do), 130 after Ctrl-C.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


app.callback(invoke_without_command=True, help=flowing(overview.__doc__))(overview)
