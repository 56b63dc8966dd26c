"""What a run says of itself in a few lines, as text and for notebooks."""

from collections.abc import Mapping
from dataclasses import fields
from html import escape
from typing import Any

import numpy as np

from chainrule.training.recipe import Recipe
from chainrule.training.state import Record

_WIDTH = 88
_NO_MEASURES = ("epoch", "step", "seconds", "learning_rate", "watch", "watch_steps", "executor")
_ENDS = {"epochs": "all were done", "early stopping": "stopped early", "interrupted": "interrupted"}


def summary(
    recipe: Recipe, parameters: Mapping[str, np.ndarray], history: list[Record], stopped: str, best_epoch: int
) -> list[tuple[str, str]]:
    """Of a run: each line's name and what it says. See `Run` for what is given."""
    settings = {each.name: getattr(recipe.objective, each.name) for each in fields(recipe.objective)}
    lines = [
        *((name, _short(value)) for name, value in settings.items() if value is not None),
        ("optimizer", _short(recipe.optimizer)),
        ("parameters", f"{sum(array.size for array in parameters.values()):,} ({recipe.dtype})"),
    ]
    done = history[-1]["epoch"] if history else 0
    ended = f"{done:,} of {recipe.epochs:,}, {_ENDS.get(stopped, stopped)}"
    lines.append(("epochs", f"{ended}; best: {best_epoch:,}" if best_epoch else ended))
    of_best = [record for record in history if record["epoch"] == best_epoch] if recipe.keep == "best" else []
    for record in of_best or history[-1:]:
        measured = [_measure(name, value) for name, value in record.items() if name not in _NO_MEASURES]
        lines.append((f"epoch {record['epoch']:,}", ", ".join(measured)))
    return lines


def as_text(lines: list[tuple[str, str]]) -> str:
    """Below each other, the names in a column."""
    width = max(len(name) for name, _ in lines)
    return "\n".join(["Run", *(f"  {name:{width}}  {said}" for name, said in lines)])


def as_html(lines: list[tuple[str, str]]) -> str:
    """A small table."""
    rows = "".join(
        f"<tr><th style='text-align:left'>{escape(name)}</th>"
        f"<td style='text-align:left'>{escape(said)}</td></tr>"
        for name, said in lines
    )
    return f"<table><caption>Run</caption>{rows}</table>"


def _measure(name: str, value: Any) -> str:
    said = f"{value:.4g}" if isinstance(value, int | float | np.number) else str(value)
    return f"{name.replace('_', ' ')} {said}"


def _short(part: object) -> str:
    line = " ".join(repr(part).split())
    line = line.replace("[ ", "[").replace(", ]", "]")  # of what stood below each other
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 1]}…"
