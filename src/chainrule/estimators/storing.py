"""A fitted estimator as a folder: safetensors and JSON, never pickle."""

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.data import Preparation
from chainrule.errors import ChainruleError, DataError
from chainrule.estimators.inputs import AsGiven, Columns, Inputs, Numbers
from chainrule.estimators.targets import ClassTargets, NumberTargets
from chainrule.nn import KINDS, Layer
from chainrule.nn.tree import from_plain, to_plain
from chainrule.train import Programs, RunState, folder_aside, load_run
from chainrule.train.checkpoint import read_safetensors

ESTIMATOR = "estimator.json"
TRAINING = "training.safetensors"
FORMAT = 1
_LOST = ("listeners",)


def save(estimator: Any, folder: Path) -> Path:
    """Write a fitted network estimator into a new folder, whole or not at all."""
    from safetensors.numpy import save as tensors

    run, state = estimator.run_, estimator._state
    names = estimator.feature_names_in_.tolist() if "feature_names_in_" in vars(estimator) else None
    content = {
        "format": FORMAT,
        "estimator": type(estimator).__name__,
        "parameters": {
            name: _plain(value)
            for name, value in estimator.get_params(deep=False).items()
            if name not in _LOST
        },
        "inputs": _plain_inputs(estimator._inputs),
        "targets": _plain_targets(estimator._targets),
        "n_features_in": estimator.n_features_in_,
        "feature_names_in": names,
        "n_iter": estimator.n_iter_,
        "state": {name: getattr(state, name) for name in ("epoch", "step", "seconds")},
    }
    with folder_aside(folder) as aside:
        run.write(aside, run.recipe.to_plain())
        (aside / ESTIMATOR).write_text(
            json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        # The end of training, of which the kept weights may be no part: those of the best epoch, or averages.
        (aside / TRAINING).write_bytes(tensors({n: np.asarray(a, order="C") for n, a in state.tree.items()}))
    return folder


def load(kind: type, folder: Path, layers: tuple[type[Layer], ...]) -> Any:
    """The estimator of this class that `save` wrote."""
    run = load_run(folder, layers)
    tree, _ = read_safetensors(folder / TRAINING)
    try:
        content = json.loads((folder / ESTIMATOR).read_text(encoding="utf-8"))
        if content["format"] != FORMAT or content["estimator"] != kind.__name__:
            raise DataError(
                f"{folder} holds a {content['estimator']} of format {content['format']}",
                remedy=f"load it by its own class; {kind.__name__} reads its own of format {FORMAT}",
            )
        parameters = {name: _restored(value, layers) for name, value in content["parameters"].items()}
        estimator = kind(**parameters)
        estimator._inputs = _restored_inputs(content["inputs"])
        estimator._targets = _restored_targets(content["targets"], run.recipe.loss)
        estimator.n_features_in_ = content["n_features_in"]
        if content["feature_names_in"] is not None:
            estimator.feature_names_in_ = np.array(content["feature_names_in"], dtype=object)
        best = run.parameters if run.best_epoch else {}
        estimator._state = RunState(tree, **content["state"], history=run.history, best=best)
        estimator._programs = Programs(run.recipe, run.executor)
        estimator.run_, estimator.n_iter_ = run, content["n_iter"]
        estimator.n_outputs_ = estimator._targets.outputs
    except FileNotFoundError:
        raise DataError(
            f"{folder} holds no estimator: it has no {ESTIMATOR}", remedy="give a folder that save() wrote"
        ) from None
    except ChainruleError:
        raise
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(f"{folder} is damaged ({error!r})", remedy="fit and save again") from None
    return estimator


def _plain(value: Any) -> Any:
    """A parameter as JSON has it; None for a generator of random numbers, which no text can hold."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {"type": "dict", "items": [[_plain(k), _plain(v)] for k, v in value.items()]}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(each) for each in value]
    if is_dataclass(value):
        return to_plain(value)
    return value if value is None or isinstance(value, bool | int | float | str) else None


def _restored(value: Any, layers: tuple[type[Layer], ...]) -> Any:
    if isinstance(value, list):
        return tuple(_restored(each, layers) for each in value)
    if isinstance(value, dict) and value.get("type") == "dict":
        return {key: _restored(each, layers) for key, each in value["items"]}
    return from_plain(value, (*KINDS, *layers), "parameters") if isinstance(value, dict) else value


def _plain_inputs(learned: Inputs) -> dict[str, Any]:
    if isinstance(learned, Columns):
        return {"kind": "columns", "preparation": learned.preparation.to_json()}
    if isinstance(learned, Numbers):
        return {"kind": "numbers", "mean": learned.mean.tolist(), "scale": learned.scale.tolist()}
    return {"kind": "as given", **asdict(learned)}


def _restored_inputs(plain: dict[str, Any]) -> Inputs:
    if plain["kind"] == "columns":
        return Columns(Preparation.from_json(plain["preparation"]))
    if plain["kind"] == "numbers":
        return Numbers(np.array(plain["mean"], np.float64), np.array(plain["scale"], np.float64))
    return AsGiven(plain["whole"])


def _plain_targets(targets: ClassTargets | NumberTargets) -> dict[str, Any]:
    if isinstance(targets, ClassTargets):
        classes = targets.classes
        return {
            "kind": "classes",
            "classes": classes.tolist(),
            "dtype": classes.dtype.str if classes.dtype != object else "object",
            "multilabel": targets.multilabel,
        }
    return {
        "kind": "numbers",
        "mean": targets.mean.tolist(),
        "scale": targets.scale.tolist(),
        "single": targets.single,
    }


def _restored_targets(plain: dict[str, Any], loss: Any) -> ClassTargets | NumberTargets:
    if plain["kind"] == "classes":
        return ClassTargets(np.array(plain["classes"], dtype=plain["dtype"]), plain["multilabel"])
    return NumberTargets(np.array(plain["mean"]), np.array(plain["scale"]), loss, plain["single"])
