"""The network and the recipe for tables where nobody named another: pure functions of what a table holds."""

from collections.abc import Sequence

import numpy as np

from chainrule.data import Feature
from chainrule.nn import (
    Dense,
    Dropout,
    EnsembleDense,
    Layer,
    Members,
    Residual,
    Sequential,
    TableFeatures,
)

PIECES = 32
MEMBERS = 16


def table_network(
    features: Sequence[Feature],
    matrix: np.ndarray,
    outputs: int,
    *,
    rows: int,
    width=128,
    blocks=2,
    dropout=0.1,
    members=MEMBERS,
    pieces=PIECES,
    full=False,
    emb=8,
    numbers="piecewise",
    act="relu",
) -> Layer:
    first = _features(features, matrix, pieces, emb, numbers)
    dense = (lambda u, a=None: EnsembleDense(u, a)) if full else (lambda u, a=None: Dense(u, a))
    body = [dense(width, act)] + ([Dropout(dropout)] if dropout else [])
    for _ in range(blocks - 1):
        body.append(Residual([dense(width, act)] + ([Dropout(dropout)] if dropout else [])))
    return Sequential([first, Members(members), *body, EnsembleDense(outputs, weights="own")])


def _features(
    features: Sequence[Feature], matrix: np.ndarray, pieces: int, emb: int, numbers: str
) -> TableFeatures:
    codes = [feature.size if feature.kind == "code" else 0 for feature in features]
    edges = {}
    for column, feature in enumerate(features):
        if feature.kind == "number" and numbers != "plain":
            found = np.unique(
                np.quantile(
                    matrix[:, column].astype(np.float64), np.linspace(0, 1, pieces + 1), method="inverted_cdf"
                )
            )
            if len(found) > 2:
                edges[column] = tuple(found.tolist())
    if not edges:
        return TableFeatures(codes)
    return TableFeatures(
        codes, numbers, tuple(edges), tuple(edges.values()) if numbers == "piecewise" else (), emb
    )
