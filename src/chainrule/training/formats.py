"""What earlier formats of run folders and checkpoints said in other words."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from chainrule.nn.optimizers import Accumulate, Chain, Partition, Transform

Array = TypeVar("Array")
Plain = Any  # as of nn.tree: None, bool, int, float, str, or a list or dict of these

CLASSES_OF_1: Mapping[str, str] = {
    "AddDecay": "AddWeightDecay",
    "ByName": "Partition",
    "Descend": "ScaleByLearningRate",
    "GlobalAvgPool": "GlobalAvgPool2D",
    "GlobalMaxPool": "GlobalMaxPool2D",
    "MeanOverTime": "GlobalAvgPool1D",
    "Recomputed": "Remat",
}
"""Classes of format 1 -> what they are called since."""

SETTINGS_OF_1: Mapping[tuple[str, str], str] = {
    ("AddWeightDecay", "decay"): "weight_decay",
    ("Momentum", "decay"): "momentum",
    ("ScaleByAdadelta", "decay"): "rho",
    ("ScaleByRms", "decay"): "rho",
} | {
    (layer, "kernel"): "weight"
    for layer in (
        *("Conv1D", "Conv2D", "ConvTranspose2D", "Dense", "DepthwiseConv2D", "Embedding", "EnsembleDense"),
        *("GRU", "LSTM", "MultiHeadAttention", "PositionalEncoding", "SimpleRNN"),
    )
}
"""(class as it is called now, setting of format 1) -> what the setting is called since."""

_OF_OBJECTIVE = ("model", "loss", "mixing")
"""Settings of recipes of format 1 that are the objective's since."""

_OF_SEQUENCES = {
    "AvgPool1D",
    "Conv1D",
    "Embedding",
    "GRU",
    "LSTM",
    "MaxPool1D",
    "SimpleRNN",
    "TransformerBlock",
}
"""Layers of format 1 beside which GlobalAvgPool and GlobalMaxPool pooled over one axis."""


def upgraded(recipe: Plain, number: int) -> Plain:
    """A recipe as plain data of this format number, in today's words."""
    for later, upgrade in sorted(_UPGRADES.items()):
        if number < later:
            recipe = upgrade(recipe)
    return recipe


def _from_1(plain: Plain) -> Plain:
    if isinstance(plain, Mapping) and plain.get("type") == "Recipe":
        objective = {"type": "Supervised"} | {key: plain[key] for key in _OF_OBJECTIVE if key in plain}
        rest = {key: each for key, each in plain.items() if key not in _OF_OBJECTIVE}
        plain = rest | {"objective": objective}
    classes = dict(CLASSES_OF_1)
    if _OF_SEQUENCES & set(_types_in(plain)):
        classes |= {"GlobalAvgPool": "GlobalAvgPool1D", "GlobalMaxPool": "GlobalMaxPool1D"}
    return _renamed(plain, classes)


def _renamed(plain: Plain, classes: Mapping[str, str]) -> Plain:
    if isinstance(plain, list):
        return [_renamed(each, classes) for each in plain]
    if not isinstance(plain, Mapping):
        return plain
    kind = str(plain.get("type"))
    name = classes.get(kind, kind)
    settings = {SETTINGS_OF_1.get((name, key), key): _renamed(value, classes) for key, value in plain.items()}
    return settings | {"type": name} if "type" in plain else settings


def _types_in(plain: Plain) -> Iterator[str]:
    if isinstance(plain, list | Mapping):
        for each in plain.values() if isinstance(plain, Mapping) else plain:
            yield from _types_in(each)
    if isinstance(plain, Mapping) and isinstance(plain.get("type"), str):
        yield plain["type"]


def upgraded_tree(tree: Mapping[str, Array], number: int, optimizer: Transform) -> dict[str, Array]:
    """The arrays of a training state of this format number, by today's names."""
    if number > 1:
        return dict(tree)
    own = "optimizer."
    return {
        own + _state_name(name.removeprefix(own), optimizer) if name.startswith(own) else name: array
        for name, array in tree.items()
    }


def _state_name(name: str, optimizer: Transform) -> str:
    """What an array of an optimizer's state is called since format 1, which named links by their places."""
    match optimizer:
        case Accumulate() if name.startswith("optimizer."):
            return f"optimizer.{_state_name(name.removeprefix('optimizer.'), optimizer.optimizer)}"
        case Chain():
            places = list(optimizer.links().items())
        case Partition():
            places = [(f"[{pattern}]", each) for pattern, each in optimizer.groups]
            places += [] if optimizer.otherwise is None else [("otherwise", optimizer.otherwise)]
        case _:
            return name
    place, _, rest = name.partition(".")
    link, transform = places[int(place)]
    return f"{link}.{_state_name(rest, transform)}"


_UPGRADES: Mapping[int, Callable[[Plain], Plain]] = {2: _from_1}
"""Format number -> what makes a recipe of the format before into one of it."""
