"""The meaning of attention and its adjoints, query by query and key by key."""

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np

Place = tuple[int, ...]


def _weights(
    queries: np.ndarray, keys: np.ndarray, masks: tuple[np.ndarray, ...], causal: bool, scale: float
) -> Iterator[tuple[Place, int, dict[int, float]]]:
    """(outer place, query, key -> weight) for every query that may see a key."""
    shape = (*queries.shape[:-1], keys.shape[-2])
    allowed = np.broadcast_to(masks[0] if masks else np.array(True), shape)
    for *outer, i in np.ndindex(*queries.shape[:-1]):
        at = tuple(outer)
        seen = [j for j in range(shape[-1]) if allowed[(*at, i, j)] and not (causal and j > i)]
        if seen:
            scores = [scale * math.fsum(queries[(*at, i)] * keys[(*at, j)]) for j in seen]
            top = max(scores)
            total = math.fsum(math.exp(score - top) for score in scores)
            weights = {j: math.exp(score - top) / total for j, score in zip(seen, scores, strict=True)}
            yield at, i, weights


def _attention(
    queries: np.ndarray, keys: np.ndarray, values: np.ndarray, *masks: np.ndarray, causal: bool, scale: float
) -> np.ndarray:
    y = np.zeros((*queries.shape[:-1], values.shape[-1]))
    for at, i, weights in _weights(queries, keys, masks, causal, scale):
        for j, weight in weights.items():
            y[(*at, i)] += weight * values[(*at, j)]
    return y


def _adjoint(of: int) -> Callable[..., np.ndarray]:
    """By the queries (0), keys (1) or values (2)."""

    def adjoint(
        queries: np.ndarray,
        keys: np.ndarray,
        values: np.ndarray,
        d_y: np.ndarray,
        *masks: np.ndarray,
        causal: bool,
        scale: float,
    ) -> np.ndarray:
        results = [np.zeros(x.shape) for x in (queries, keys, values)]
        for at, i, weights in _weights(queries, keys, masks, causal, scale):
            deltas = {j: math.fsum(d_y[(*at, i)] * values[(*at, j)]) for j in weights}
            mean = math.fsum(weights[j] * deltas[j] for j in weights)
            for j, weight in weights.items():
                d_score = scale * weight * (deltas[j] - mean)
                results[0][(*at, i)] += d_score * keys[(*at, j)]
                results[1][(*at, j)] += d_score * queries[(*at, i)]
                results[2][(*at, j)] += weight * d_y[(*at, i)]
        return results[of]

    return adjoint


ATTENTION: Mapping[str, Callable[..., np.ndarray]] = {
    "attention": _attention,
    "attention_query_adjoint": _adjoint(0),
    "attention_key_adjoint": _adjoint(1),
    "attention_value_adjoint": _adjoint(2),
}
