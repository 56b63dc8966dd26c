"""JSON as every reader knows it: infinity and NaN, which it has no words for, are null."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """A value as JSON knows it: NumPy's numbers as Python's, what is not finite as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(inner) for inner in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def json_text(content: Any, *, indent: int | None = None) -> str:
    """Content as JSON, of which everyone else's reader can read every line."""
    return json.dumps(plain(content), indent=indent, ensure_ascii=False, allow_nan=False)


def numbers_again(value: Any) -> Any:
    """What was read back of numbers, with NaN where null stood for one that was not finite."""
    if isinstance(value, dict):
        return {key: numbers_again(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [numbers_again(inner) for inner in value]
    return math.nan if value is None else value
