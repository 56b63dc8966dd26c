"""chainrule show: the training step of a run as a program, and what it costs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from textwrap import fill
from typing import Annotated

import typer

from chainrule.cli.output import print_json, print_table
from chainrule.control.algorithms import CLASSES
from chainrule.executors.native import describe_plan
from chainrule.program import Program, Step, bytes_text, count, step_flops
from chainrule.tasks import TASKS
from chainrule.training import load_run, training_step
from chainrule.training.folder import kind_of


def show(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.", show_default=False)],
    json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print the program and its counts as one JSON object on standard output."
        ),
    ] = False,
    plan: Annotated[
        bool,
        typer.Option("--plan", help="Print the instructions that the compiled core runs for it instead."),
    ] = False,
) -> None:
    """Show the training step of a run as a program, and what it costs.

    Every operation of one step, typed, in order: forward pass, backward pass with the delta of every value,
    and the update of the weights. Below it, counts of operations, parameters, floating-point operations and
    bytes.

    [bold]Examples[/bold]

      chainrule show runs/sales-001
      chainrule show runs/sales-001 | less
      chainrule show runs/sales-001 --plan
      chainrule show runs/sales-001 --json
    """
    name = kind_of(run).name
    trained = TASKS[name].load(run).run if name in TASKS else load_run(run, CLASSES)
    program = training_step(trained.recipe, trained.batch).program
    if plan:
        print_json({"plan": describe_plan(program).splitlines()}) if json else print(describe_plan(program))
        return
    parts = {
        name: [step for step in program.part(name) if step.operation != "constant"]
        for name in dict.fromkeys(step.part for step in program.steps)
    }
    if json:
        counts = asdict(count(program))
        print_json({"program": str(program), "counts": counts, "operations": _operations(program.steps)})
        return
    print(program)
    print()
    _print_costs(program, {name: steps for name, steps in parts.items() if steps})


def _operations(steps: Sequence[Step]) -> dict[str, int]:
    """How often each operation occurs, the most frequent first."""
    return dict(Counter(step.operation for step in steps if step.operation != "constant").most_common())


def _print_costs(program: Program, parts: dict[str, list[Step]]) -> None:
    total = count(program)
    rows = [(name, *_costs(steps)) for name, steps in parts.items()]
    rows.append(("one step", f"{total.steps:,}", f"{total.flops:,}", bytes_text(total.value_bytes)))
    print_table(("", "operations", "floating-point\noperations", "bytes of\nvalues"), rows)
    used = ", ".join(f"{number:,} {name}" for name, number in _operations(program.steps).items())
    print(fill(used, 78, initial_indent="  operations       ", subsequent_indent=" " * 19))
    print(f"  parameters       {total.parameters:,} ({bytes_text(total.parameter_bytes)})")
    print(f"  state            {bytes_text(total.state_bytes)} (of optimizer and layers)")


def _costs(steps: Sequence[Step]) -> tuple[str, str, str]:
    flops, made = sum(map(step_flops, steps)), sum(step.output.nbytes for step in steps)
    return f"{len(steps):,}", f"{flops:,}", bytes_text(made)
