"""Saving the whole state of a run, so that it continues with the same bits."""

import json
import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from chainrule.data.files import write_aside
from chainrule.data.locks import locked
from chainrule.data.plain_json import json_text, numbers_again
from chainrule.errors import DataError
from chainrule.training.fingerprint import differing_data
from chainrule.training.folder import FORMAT, read_safetensors, safetensors_bytes
from chainrule.training.formats import upgraded, upgraded_tree
from chainrule.training.recipe import Recipe, differing_settings
from chainrule.training.state import RunState

_META = (
    "epoch",
    "step",
    "seconds",
    "history",
    "best_epoch",
    "best_loss",
    "patience_since",
    "batch",
    "loss_sum",
    "position",
    "watched",
    "data",
    "recipe",
    "journal",
)
_ARRAYS = ("tree", "best", "kept")
_START_AFRESH = "or remove it to start afresh"


@contextmanager
def owned(path: Path | str | None) -> Iterator[None]:
    """Within this context no other run may use this checkpoint. path: None for no checkpoint.

    Raises ConfigError, naming the process, if another run uses it, and OSError if its folder can't be
    written.
    """
    with ExitStack() as held:
        if path is not None:
            path = Path(path)
            what = f"{path} is in use: the run whose state it keeps is being trained"
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                lock = path.with_name(f".{path.name}.lock")
                held.enter_context(
                    locked(lock, what, "wait until that run has ended, or choose another file")
                )
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(path)) from error
        yield


def save_state(path: Path, state: RunState, recipe: Recipe) -> None:
    """Write a state and the recipe that the run began with, whole or not at all."""
    tensors = {f"{kind}/{name}": a for kind in _ARRAYS for name, a in getattr(state, kind).items()}
    meta = {name: getattr(state, name) for name in _META}
    metadata = {"format": str(FORMAT), "state": json_text(meta), "recipe": json_text(recipe.to_plain())}
    write_aside(path, safetensors_bytes(tensors, metadata))


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
        number = int(metadata.get("format", 1))
        stored = upgraded(json.loads(metadata["recipe"]), number)
        meta = json.loads(metadata["state"])
        state = RunState(tree={}, **meta)
        # Before there were chunks, the place was the number of batches alone.
        chunk, row, batch = meta.get("position", (0, 0, state.batch))
        state.position = (chunk, row, batch)
        state.history = [numbers_again(record) for record in state.history]
        state.watched = numbers_again(state.watched)
        if state.best_loss is None:  # infinity, which JSON does not have
            state.best_loss = math.inf
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(f"{path} was not written by chainrule ({error!r})", remedy="remove it") from None
    current = json.loads(json_text(recipe.to_plain()))
    if differing := differing_settings(stored, current):
        raise DataError(
            f"{path} belongs to a run with another {' and '.join(differing)}",
            remedy=f"resume with the settings it was started with, {_START_AFRESH}",
        )
    for name, array in tensors.items():
        kind, _, key = name.partition("/")
        getattr(state, kind)[key] = array
    state.tree = upgraded_tree(state.tree, number, recipe.optimizer)
    return state


def check_same_data(path: Path | str, state: RunState, data: dict[str, str]) -> None:
    """Raises DataError, naming the differences, if a state was not trained on these data.

    path: of the state, for the error. data: the `fingerprint` of the data. A state without one fits any data.
    """
    differing = differing_data(state.data, data) if state.data else []
    if differing:
        raise DataError(
            f"{path} belongs to a run on other data: with other {' and '.join(differing)}",
            remedy=f"resume with the data it was started with, {_START_AFRESH}",
        )
