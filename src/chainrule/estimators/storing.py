"""A fitted estimator as a folder: safetensors and JSON, never pickle."""

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar

import numpy as np
from sklearn.base import BaseEstimator

from chainrule.data import Preparation
from chainrule.data.plain_json import json_text
from chainrule.errors import ChainruleError, DataError
from chainrule.estimators.fitting import Fitted, Targets
from chainrule.estimators.inputs import AsGiven, Columns, Inputs, Numbers
from chainrule.estimators.settings import Settings
from chainrule.estimators.targets import ClassTargets, NumberTargets
from chainrule.nn import KINDS
from chainrule.nn.part import class_name, names_class, short_name
from chainrule.nn.tree import from_plain, to_plain
from chainrule.training import Programs, RunState, folder_aside, load_run
from chainrule.training.folder import check_kind, read_safetensors, safetensors_bytes
from chainrule.training.formats import upgraded, upgraded_tree

ESTIMATOR = "estimator.json"
TRAINING = "training.safetensors"
KIND = "estimator"
_LOST = ("listeners",)

Saved = TypeVar("Saved", bound=BaseEstimator)


def save(estimator: BaseEstimator, fitted: Fitted[Any], folder: Path) -> Path:
    """Write a fitted network estimator into a new folder, whole or not at all."""
    attributes = vars(estimator)
    names = attributes.get("feature_names_in_")
    parameters = estimator.get_params(deep=False)
    content = {
        "estimator": class_name(type(estimator)),
        "parameters": {name: _plain(value) for name, value in parameters.items() if name not in _LOST},
        "inputs": _plain_inputs(fitted.inputs),
        "targets": _plain_targets(fitted.targets),
        "n_features_in": attributes["n_features_in_"],
        "feature_names_in": None if names is None else names.tolist(),
        "n_iter": attributes["n_iter_"],
        "repaired": list(fitted.repaired),
        "state": {name: getattr(fitted.state, name) for name in ("epoch", "step", "seconds")},
    }
    with folder_aside(folder) as aside:
        fitted.run.write(aside, fitted.run.recipe.to_plain(), KIND)
        text = json_text(content, indent=1) + "\n"
        (aside / ESTIMATOR).write_text(text, encoding="utf-8")
        # The end of training, of which the kept weights may be no part: those of the best epoch, or averages.
        (aside / TRAINING).write_bytes(safetensors_bytes(fitted.state.tree, {}))
    return folder


def load(kind: type[Saved], folder: Path, classes: tuple[type | FunctionType, ...]) -> Saved:
    """The estimator of this class that `save` wrote."""
    number = check_kind(folder, KIND, "give a folder that save() wrote").format
    run = load_run(folder, classes)
    tree, _ = read_safetensors(folder / TRAINING)
    try:
        content = json.loads((folder / ESTIMATOR).read_text(encoding="utf-8"))
        if not names_class(content["estimator"], kind):
            name = short_name(content["estimator"])
            raise DataError(f"{folder} holds a {name}, no {kind.__name__}", remedy=f"load it by {name}.load")
        content = upgraded(content, number)
        kinds = (*KINDS, *classes)
        estimator = kind(**{name: _restored(value, kinds) for name, value in content["parameters"].items()})
        best = run.parameters if run.best_epoch else {}
        tree = upgraded_tree(tree, number, run.recipe.optimizer)
        state = RunState(tree, **content["state"], history=run.history, best=best)
        inputs, targets = _restored_inputs(content["inputs"]), _restored_targets(content["targets"], kinds)
        attributes = vars(estimator)
        programs, settings = Programs(run.recipe, run.executor), Settings.of(estimator)
        repaired = tuple(content.get("repaired", ()))  # which folders of before the doctor lack
        attributes["_fitted"] = Fitted(run, state, programs, inputs, targets, settings, repaired)
        attributes["n_iter_"], attributes["n_outputs_"] = content["n_iter"], targets.outputs
        attributes["n_features_in_"] = content["n_features_in"]
        if content["feature_names_in"] is not None:
            attributes["feature_names_in_"] = np.array(content["feature_names_in"], dtype=object)
    except ChainruleError:
        raise
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise DataError(f"{folder} is damaged: {missing} is missing", remedy="fit and save again") from None
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
    if is_dataclass(value) or isinstance(value, float):
        return to_plain(value)
    return value if value is None or isinstance(value, bool | int | float | str) else None


def _restored(value: Any, kinds: tuple[Any, ...]) -> Any:
    if isinstance(value, list):
        return tuple(_restored(each, kinds) for each in value)
    if isinstance(value, dict) and value.get("type") == "dict":
        return {key: _restored(each, kinds) for key, each in value["items"]}
    return from_plain(value, kinds, "parameters") if isinstance(value, dict) else value


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


def _plain_targets(targets: Targets) -> dict[str, Any]:
    if isinstance(targets, ClassTargets):
        dtype = targets.classes.dtype
        return {
            "kind": "classes",
            "classes": targets.classes.tolist(),
            "dtype": "object" if dtype.hasobject else dtype.str,
            "multilabel": targets.multilabel,
        }
    return {
        "kind": "numbers",
        "mean": targets.mean.tolist(),
        "scale": targets.scale.tolist(),
        "loss": to_plain(targets.loss),
        "single": targets.single,
    }


def _restored_targets(plain: dict[str, Any], kinds: tuple[Any, ...]) -> Targets:
    if plain["kind"] == "classes":
        return ClassTargets(np.array(plain["classes"], dtype=plain["dtype"]), plain["multilabel"])
    loss = from_plain(plain["loss"], kinds, "targets")
    return NumberTargets(np.array(plain["mean"]), np.array(plain["scale"]), loss, plain["single"])
