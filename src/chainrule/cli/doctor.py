"""chainrule doctor: what is wrong with a training, before it or after."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from chainrule.cli.output import narrate, print_json
from chainrule.cli.settings import read_config, read_order
from chainrule.errors import ConfigError
from chainrule.tasks import TASKS
from chainrule.training.attending import OFF
from chainrule.training.findings import Finding, read_findings
from chainrule.training.folder import CONFIG, kind_of


def doctor(
    run: Annotated[
        Path | None,
        typer.Argument(
            metavar="RUN", help="The folder of a run: what was found while it trained.", show_default=False
        ),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(
            "--check",
            metavar="FILE.toml",
            help="Settings as of `train --config`, with file and target in them, such as the config.toml of "
            "a run: what they would train is checked.",
            show_default=False,
        ),
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            "-s",
            metavar="KEY=VALUE",
            help="One setting; may be given many times, and wins over the file.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the findings as one JSON object on standard output.")
    ] = False,
) -> None:
    """Show what was found while a run was trained, or check a training before it begins.

    Of a RUN it shows the findings, unless that was trained with --doctor none: what was seen, the repairs
    that were tried, what each of them did to the held-out error, and which one was applied.

    With --check it looks at a training before its first step: at inputs, targets and the split; at signal and
    deltas from layer to layer; and it lets the network learn for a moment, by its own learning rate and
    others. Nothing is stored. 'problem' is what training is sure to suffer from, 'note' what is worth noting.
    The exit code is 0 whatever is found.

    [bold]Examples[/bold]

      chainrule train sales.csv --target price --doctor repair
      chainrule doctor runs/sales-001
      chainrule doctor --check settings.toml
      chainrule doctor --check runs/sales-001/config.toml --set learning_rate=0.5
    """
    if (run is None) == (check is None):
        named = "both a run and --check were named" if run else "neither a run nor --check was named"
        raise ConfigError(named, remedy="name the folder of a run, or settings with --check FILE.toml")
    if run is not None:
        kind_of(run)
        from chainrule.doctor.case import told

        diagnosis = read_findings(run)
        if json:
            print_json({"findings": [each.to_plain() for each in diagnosis]})
        elif diagnosis or _was_attended(run):
            print(told(diagnosis))
        else:
            print(
                "No doctor attended this training. Its settings can be looked at: "
                f"chainrule doctor --check {quote(str(run / CONFIG))}"
            )
        return
    assert check is not None
    order = read_order(None, None, [check], assignments or [], flag="--check")
    opened = order.open("doctor")
    settings = order.task.settle(opened, order.settings, narrate)
    planned = order.task.plan(opened, settings)
    for sentence in planned.found:
        narrate(sentence)
    from chainrule.doctor import check_recipe

    found = check_recipe(planned.recipe, planned.training, planned.validation, initial=planned.initial)
    if json:
        print_json({"findings": [each.to_plain() for each in found]})
    else:
        _print(found)


def _was_attended(run: Path) -> bool:
    """Whether a doctor attended a run of a task; of other runs, whose settings do not say it, True."""
    if kind_of(run).name not in TASKS or not (run / CONFIG).is_file():
        return True
    return read_config(run / CONFIG, "RUN").get("doctor", OFF) != OFF


def _print(found: Sequence[Finding]) -> None:
    for each in found:
        print(each)
    problems = sum(each.severity == "problem" for each in found)
    if not problems:
        print("no problem was found" if found else "nothing was found")
