"""Cases of attention and its adjoints."""

from typing import Any

import numpy as np
from tests.contracts.cases.case import add, spread

HELD = {"attention": (), "query": (), "key": (), "value": (2,)}
"""Arguments without a slope: what the values are weighted by does not depend on them."""


def _add(label: str, *arguments: Any, one_key: bool = False, sloped: bool = True, **attributes: Any) -> None:
    """The operation on queries, keys, values (and a mask), and its adjoints from some delta.

    one_key: a query sees one key at most. Then its weight is 1 whatever the score, so only the values have a
    slope, and the adjoints by queries and keys are 0.
    """
    queries, keys, values, *mask = arguments
    delta = spread(*queries.shape[:-1], values.shape[-1], seed=4)
    held = (0, 1) if one_key else HELD["attention"]
    add("attention", label, *arguments, held=held, sloped=sloped, **attributes)
    for of in ("query", "key", "value"):
        given = (queries, keys, values, delta, *mask)
        held = (0, 1, 2) if one_key else HELD[of]
        without = one_key and of != "value"
        name = f"attention_{of}_adjoint"
        add(name, label, *given, held=held, sloped=sloped and not without, **attributes)


def _plain() -> None:
    for label, outer, queries, keys, width, outputs in (
        ("plain", (), 3, 4, 2, 3),
        ("heads", (2, 2), 3, 3, 2, 2),
        ("one_key", (2,), 3, 1, 2, 2),
        ("one_query", (1,), 1, 4, 3, 2),
        ("empty", (0,), 2, 3, 2, 2),
        ("no_query", (2,), 0, 3, 2, 2),
    ):
        of = spread(*outer, queries, width, seed=1), spread(*outer, keys, width, seed=2)
        values = spread(*outer, keys, outputs, seed=3)
        _add(label, *of, values, causal=False, scale=0.7, one_key=keys == 1)
        _add(f"{label}_causal", *of, values, causal=True, scale=1.3, one_key=min(queries, keys) == 1)


def _masked() -> None:
    of = [spread(2, 2, 3, 2, seed=seed) for seed in (1, 2, 3)]
    padded = np.array([[True, True, False], [True, False, False]])[:, None, None, :]
    _add("padded_keys", *of, padded, causal=False, scale=0.5)
    _add("padded_keys_causal", *of, padded, causal=True, scale=0.5)
    some = np.array([[True, False, True], [False, False, False], [False, True, True]])
    _add("no_key_allowed", *of, some, causal=False, scale=0.5)


def _large() -> None:
    large = [500 * spread(3, 2, seed=seed) for seed in (1, 2, 3)]
    _add("large_scores", *large, causal=False, scale=1.0, sloped=False)
    long = [spread(2, n, 5, seed=n) for n in (70, 37, 37)]  # several blocks of rows
    _add("long", *long, causal=False, scale=0.4)
    _add("long_causal", *long, causal=True, scale=0.4)


FAMILIES = (_plain, _masked, _large)
