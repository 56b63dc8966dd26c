"""Saving the whole state of a run, so that it goes on from there to the same bits."""

import json
import math
import time
from dataclasses import fields
from pathlib import Path

import numpy as np

from chainrule.data.files import write_aside
from chainrule.data.plain_json import json_text, numbers_again
from chainrule.errors import DataError
from chainrule.train.events import Ended, EpochDone, Event, RunState
from chainrule.train.recipe import Recipe

_META = ("epoch", "step", "seconds", "history", "best_epoch", "best_loss", "batch", "loss_sum")


class Checkpoint:
    """A listener that saves the state after an epoch, at most every `every_seconds`, and at a good end.

    Where an error ends training, what was saved last stays.

    path: a safetensors file; it is written aside and renamed, so it is always whole.
    """

    def __init__(self, path: Path | str, recipe: Recipe, every_seconds: float = 10.0) -> None:
        self.path = Path(path)
        self._recipe = recipe
        self._every = every_seconds
        self._saved = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Save when it is time."""
        if isinstance(event, EpochDone):
            due = time.monotonic() - self._saved >= self._every
        elif isinstance(event, Ended):
            due = event.error is None
        else:
            return
        if due:
            save_state(self.path, event.state, self._recipe)
            self._saved = time.monotonic()


def save_state(path: Path, state: RunState, recipe: Recipe) -> None:
    """Write a state and the recipe it belongs to, whole or not at all."""
    from safetensors.numpy import save

    tensors = {f"tree/{name}": np.asarray(array, order="C") for name, array in state.tree.items()}
    tensors |= {f"best/{name}": np.asarray(array, order="C") for name, array in state.best.items()}
    meta = {name: getattr(state, name) for name in _META}
    metadata = {"state": json_text(meta), "recipe": json_text(recipe.to_plain())}
    write_aside(path, save(tensors, metadata))


def load_state(path: Path | str, recipe: Recipe) -> RunState:
    """The state that `save_state` wrote.

    Raises DataError if there is none, if it is damaged, or if it belongs to another recipe (epochs and
    patience may differ: a run can be made longer).
    """
    path = Path(path)
    tensors, metadata = read_safetensors(path)
    if "state" not in metadata:
        raise DataError(f"{path} holds no training state", remedy="give the checkpoint of an unfinished run")
    try:
        stored = json.loads(metadata["recipe"])
        state = RunState(tree={}, **json.loads(metadata["state"]))
        state.history = [numbers_again(record) for record in state.history]
        if state.best_loss is None:  # infinity, which JSON does not have
            state.best_loss = math.inf
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(f"{path} was not written by chainrule ({error!r})", remedy="remove it") from None
    current = json.loads(json_text(recipe.to_plain()))
    # Recipes written before a setting existed had its default.
    usual = {each.name: each.default for each in fields(Recipe) if isinstance(each.default, bool | str)}
    stored = usual | stored
    differing = [
        key
        for key in sorted({*stored, *current} - {"epochs", "patience"})
        if stored.get(key) != current.get(key)
    ]
    if differing:
        raise DataError(
            f"{path} belongs to a run with another {' and '.join(differing)}",
            remedy="resume with the settings it was started with, or remove it to start afresh",
        )
    for name, array in tensors.items():
        kind, _, key = name.partition("/")
        (state.tree if kind == "tree" else state.best)[key] = array
    return state


def read_safetensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Arrays and metadata of a safetensors file; DataError if it is missing or damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: np.array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118 (not a dict)
            return arrays, file.metadata() or {}
    except FileNotFoundError:
        raise DataError(f"{path} does not exist", remedy="check the path") from None
    except (SafetensorError, OSError) as error:
        raise DataError(
            f"{path} is not a whole safetensors file ({error})", remedy="use another copy"
        ) from None
