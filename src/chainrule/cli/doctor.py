"""chainrule doctor: what is wrong with a training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli.output import narrate, print_json
from chainrule.cli.settings import read_order
from chainrule.errors import ConfigError
from chainrule.training.findings import Finding


def doctor(
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
    """Check a training before it begins: data, network, loss and learning rate.

    Looks at inputs, targets and the split; at signal and deltas from layer to layer; and lets the network
    learn for a moment, by its own learning rate and others. Nothing is stored. 'problem' is what training is
    sure to suffer from, 'note' what is worth knowing. The exit code is 0 whatever is found.

    [bold]Examples[/bold]

      chainrule doctor --check settings.toml
      chainrule doctor --check runs/sales-001/config.toml --set learning_rate=0.5
    """
    if check is None:
        raise ConfigError("nothing to check was named", remedy="name settings with --check FILE.toml")
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


def _print(found: Sequence[Finding]) -> None:
    for each in found:
        print(each)
    problems = sum(each.severity == "problem" for each in found)
    if not problems:
        print("no problem was found" if found else "nothing was found")
