"""What earlier formats of run folders and checkpoints said in other words."""

from collections.abc import Callable, Mapping
from typing import Any

Plain = Any  # as of nn.tree: None, bool, int, float, str, or a list or dict of these

CLASSES_OF_1: Mapping[str, str] = {}
"""Classes of format 1 -> what they are called since."""

SETTINGS_OF_1: Mapping[tuple[str, str], str] = {}
"""(class as it is called now, setting of format 1) -> what the setting is called since."""


def upgraded(recipe: Plain, number: int) -> Plain:
    """A recipe as plain data of this format number, in today's words."""
    for later, upgrade in sorted(_UPGRADES.items()):
        if number < later:
            recipe = upgrade(recipe)
    return recipe


def _from_1(plain: Plain) -> Plain:
    if isinstance(plain, list):
        return [_from_1(each) for each in plain]
    if not isinstance(plain, Mapping):
        return plain
    kind = plain.get("type")
    name = CLASSES_OF_1.get(kind, kind) if isinstance(kind, str) else kind
    settings = {SETTINGS_OF_1.get((name, key), key): _from_1(value) for key, value in plain.items()}
    return settings | {"type": name} if "type" in plain else settings


_UPGRADES: Mapping[int, Callable[[Plain], Plain]] = {2: _from_1}
"""Format number -> what makes a recipe of the format before into one of it."""
