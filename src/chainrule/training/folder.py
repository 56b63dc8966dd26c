"""The run folder: its kind, its format and its files. No other module knows them.

`folder.json` has kind and format. `weights.safetensors` holds the arrays that the model predicts with, and in
its metadata the recipe. `metrics.jsonl` has one line per epoch; `config.toml` has the settings that repeat
the run. Tasks and estimators add files of their own. Equal runs have equal bytes, except measured times.

Format 1 had no folder.json. It can still be read: `upgraded` gives its recipes the present names.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data.plain_json import json_text, numbers_again
from chainrule.errors import DataError, nearest
from chainrule.training.formats import upgraded
from chainrule.training.state import Record

FOLDER = "folder.json"
WEIGHTS = "weights.safetensors"
METRICS = "metrics.jsonl"
CONFIG = "config.toml"

FORMAT = 2
RUN = "run"
"""The kind of a run of plain arrays; tasks and estimators have kinds of their own."""

_FORMAT_1 = {
    "estimator.json": "estimator",
    "forecaster.json": "forecaster",
    "study.toml": "study",
    "preprocessing.json": "table",
    WEIGHTS: RUN,
}
"""The kind of a folder of format 1, by the first of these files in it."""


@dataclass(frozen=True)
class Kind:
    """The kind of a folder, such as 'table', and the number of its format."""

    name: str
    format: int


def write_kind(folder: Path, name: str) -> None:
    """Write folder.json into a new folder."""
    (folder / FOLDER).write_text(json_text({"kind": name, "format": FORMAT}) + "\n", encoding="utf-8")


def kind_of(folder: Path) -> Kind:
    """The kind of a folder.

    Raises DataError if it is missing, is not a folder of chainrule, or was written by a later version.
    """
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else f"does not exist{_near_folder(folder)}"
        raise DataError(f"{folder} {what}", remedy="give the folder of a run")
    if not (folder / FOLDER).is_file():
        found = [name for file, name in _FORMAT_1.items() if (folder / file).is_file()]
        if not found:
            missing = f"it has neither {FOLDER} nor {WEIGHTS}"
            within = min(_runs_in(folder), default=None)
            raise DataError(
                f"{folder} is not a run folder: {missing}",
                remedy=f"give a folder in it, such as {within}" if within else "give the folder of a run",
            )
        return Kind(found[0], 1)
    try:
        content = json.loads((folder / FOLDER).read_text(encoding="utf-8"))
        kind = Kind(str(content["kind"]), int(content["format"]))
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(f"{folder / FOLDER} is damaged ({error!r})", remedy="use another copy") from None
    _check_format(folder, kind.format)
    return kind


def _near_folder(folder: Path) -> str:
    """ " (did you mean 'runs/digits-001'?)", or "" where no run has a similar name, beside it or in runs/."""
    names = {each.name: each for each in (*_runs_in(folder.parent / "runs"), *_runs_in(folder.parent))}
    match = nearest(folder.name, names)
    return f" (did you mean '{names[match]}'?)" if match is not None else ""


def _runs_in(parent: Path) -> list[Path]:
    """The run folders in a folder; none if it is missing."""
    return [path.parent for path in parent.glob(f"*/{FOLDER}")]


def check_kind(folder: Path, name: str, remedy: str) -> Kind:
    """The kind of a folder, which must have this name. Raises DataError, with the remedy, for another."""
    kind = kind_of(folder)
    if kind.name != name:
        raise DataError(f"{folder} is the folder of a {kind.name}, not of a {name}", remedy=remedy)
    return kind


@dataclass(frozen=True)
class Contents:
    """The contents of a run folder, as plain data.

    recipe: as `Recipe.to_plain` writes it. parameters: name -> array. history: one record per epoch. batch:
    name -> [shape, dtype] of the training batches. stopped, best_epoch, columns: see `Run`.
    """

    recipe: dict[str, Any]
    parameters: dict[str, np.ndarray]
    history: list[Record]
    batch: dict[str, Any]
    stopped: str
    best_epoch: int
    columns: Mapping[str, tuple[str, ...]]


def write_contents(folder: Path, contents: Contents, config: Mapping[str, Any]) -> None:
    """Write the contents of a run into an existing folder. config: the content of config.toml."""
    import tomli_w

    (folder / CONFIG).write_text(tomli_w.dumps(config), encoding="utf-8")
    lines = [json_text(record) + "\n" for record in contents.history]
    (folder / METRICS).write_text("".join(lines), encoding="utf-8")
    metadata = {
        "format": str(FORMAT),
        "recipe": json_text(contents.recipe),
        "run": json_text({"stopped": contents.stopped, "best_epoch": contents.best_epoch}),
        "batch": json_text(contents.batch),
    }
    if contents.columns:
        metadata["columns"] = json_text(contents.columns)
    (folder / WEIGHTS).write_bytes(safetensors_bytes(contents.parameters, metadata))


def read_contents(folder: Path) -> Contents:
    """The contents of a run folder of this format or an earlier one.

    Raises DataError if the folder is missing, holds no run, or is damaged.
    """
    kind = kind_of(folder)
    if not (folder / WEIGHTS).is_file():
        what = f"{folder}, the folder of a {kind.name}, has no {WEIGHTS}"
        raise DataError(what, remedy="give the folder of a whole run")
    parameters, metadata = read_safetensors(folder / WEIGHTS)
    try:
        number = int(metadata.get("format", 1))
        _check_format(folder / WEIGHTS, number)
        facts = json.loads(metadata["run"])
        columns = json.loads(metadata.get("columns", "{}"))
        if isinstance(columns, list):  # as format 1 has them, of its one input
            columns = {"x": columns}
        return Contents(
            upgraded(json.loads(metadata["recipe"]), number),
            parameters,
            read_history(folder),
            json.loads(metadata["batch"]),
            facts["stopped"],
            facts["best_epoch"],
            {name: tuple(each) for name, each in columns.items()},
        )
    except (KeyError, ValueError, TypeError) as error:
        what = f"{folder / WEIGHTS} was not written by chainrule ({error!r})"
        raise DataError(what, remedy="train again") from None


def read_history(folder: Path) -> list[Record]:
    """The records in a run folder's metrics.jsonl, with NaN for null.

    Raises DataError if it is missing or damaged.
    """
    path = folder / METRICS
    try:
        return [numbers_again(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    except FileNotFoundError:
        raise DataError(f"{path} does not exist", remedy="give the folder of a whole run") from None
    except ValueError as error:
        raise DataError(f"{path} is damaged ({error})", remedy="train again") from None


def safetensors_bytes(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> bytes:
    """A safetensors file; the same bytes for the same arrays and metadata.

    The library writes metadata in an order that changes from call to call, so its header is written anew:
    eight bytes of its length, little-endian, then JSON, padded with spaces so that the arrays behind it are
    aligned (https://github.com/huggingface/safetensors, "Format").
    """
    from safetensors.numpy import save

    saved = save({name: np.asarray(array, order="C") for name, array in arrays.items()}, dict(metadata))
    end = 8 + int.from_bytes(saved[:8], "little")
    header = json.dumps(json.loads(saved[8:end]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return b"".join((len(header).to_bytes(8, "little"), header, memoryview(saved)[end:]))


def read_safetensors(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Arrays and metadata of a safetensors file. Raises DataError if it is missing or damaged."""
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


def _check_format(path: Path, number: int) -> None:
    if number > FORMAT:
        raise DataError(
            f"{path} has format {number}, and this chainrule reads formats up to {FORMAT}",
            remedy="install the chainrule that wrote it, or a later one",
        )
