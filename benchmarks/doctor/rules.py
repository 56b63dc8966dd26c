"""Rivals that diagnose by thresholds, as the literature has them, from what our probes measure.

AutoTrainer (Zhang et al. 2021, ICSE, with the constants of its published code) asks first whether training
goes badly: accuracy stays low, or gains little. DeepDiagnosis (Wardat et al. 2022, ICSE) asks nothing first.
Both look at the last full batch of every epoch here. For numbers to predict R² takes the place of accuracy.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, inf, isfinite, sqrt

from benchmarks.doctor.network import RECURRENT, Network
from benchmarks.doctor.outcome import Found
from chainrule import Probe, Run

WATCHED = ("gradient", "update_per_value", "activation", "activation_zeros", Probe("gradient", "zeros"))
"""What a run must watch for `seen`, with activations as layers of their own."""
AUTOTRAINER, DEEP_DIAGNOSIS = "autotrainer", "deep_diagnosis"

_LOW_RATIO, _LOW_NORM, _HIGH_RATIO, _ZEROS = 1e-3, 1e-4, 70.0, 0.7
_LOW_ACCURACY, _LEAST_GAIN, _JUDGED_FROM = 0.7, 0.01, 0.3
_SWING, _SWINGS = 0.03, 0.2
_DEAD, _LEAST_GRADIENT, _LEAST_UPDATE, _LARGEST_UPDATE = 0.7, 1e-7, 1e-5, 0.1
_SATURATED_AT, _MEDIAN = 5.0, 0.6745  # half of a normal distribution lies beyond 0.6745 of its deviations
_SATURATING = ("sigmoid", "tanh")


@dataclass(frozen=True)
class Seen:
    """What a run measured of itself, a number for each epoch.

    finite: whether all losses and weights were. epochs: planned.
    accuracies: on the held-out examples. gradients: root mean squares, by weight, from the first layer to the
    last; sizes: how many numbers each weight has. gradient_zeros: the share of zeros in all gradients.
    updates: their size, as a share of the weight's. dead: the share of ReLU outputs that are 0, by layer.
    entering: the root mean square of what enters a sigmoid or tanh, by layer.
    """

    finite: bool
    epochs: int
    accuracies: Sequence[float]
    gradients: Mapping[str, Sequence[float]]
    sizes: Mapping[str, int]
    gradient_zeros: Sequence[float]
    updates: Mapping[str, Sequence[float]]
    dead: Mapping[str, Sequence[float]]
    entering: Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Rule:
    """A threshold. of: AUTOTRAINER or DEEP_DIAGNOSIS. causes: the likeliest first. fires: if it is passed."""

    of: str
    causes: tuple[str, ...]
    fires: Callable[[Seen], bool]


def found_by_rules(seen: Seen) -> tuple[Found, ...]:
    """All that fire, such as 'autotrainer.dying_relu'; of AutoTrainer's the first, at which it stops."""
    fired = [name for name, rule in RULES.items() if rule.fires(seen)]
    first = [name for name in fired if RULES[name].of == AUTOTRAINER][:1]
    others = [name for name in fired if RULES[name].of != AUTOTRAINER]
    return tuple(Found(f"{RULES[name].of}.{name}", causes=RULES[name].causes) for name in (*first, *others))


def found_by(of: str, findings: Sequence[Found]) -> tuple[Found, ...]:
    """Those of one rival."""
    return tuple(found for found in findings if found.symptom.startswith(f"{of}."))


def seen(run: Run | None, network: Network, epochs: int, *, broken: bool) -> Seen:
    """What a run measured that watched WATCHED."""
    history = [] if run is None else run.history
    places = list(history[0].get("watch", {})) if history else []
    weights = [place for place in places if place.rpartition(".")[2].endswith("weight")]

    def series(place: str, probe: str) -> list[float]:
        return [record["watch"].get(place, {}).get(probe, inf) for record in history]

    names = ("validation_accuracy", "validation_binary_accuracy", "validation_r2")
    known = {} if run is None else run.parameters
    sizes = {place: known[place].size for place in weights}
    zeros = [[share * sizes[place] for share in series(place, "gradient_zeros")] for place in weights]
    return Seen(
        finite=not broken,
        epochs=epochs,
        accuracies=[next((record[name] for name in names if name in record), 0.0) for record in history],
        gradients={place: series(place, "gradient") for place in weights},
        sizes=sizes,
        gradient_zeros=[sum(each) / sum(sizes.values()) for each in zip(*zeros, strict=True)],
        updates={place: series(place, "update_per_value") for place in weights},
        dead={
            place: series(place, "activation_zeros") for place, _ in _activations(places, network, ("relu",))
        },
        entering={
            place: series(before, "activation")
            for place, before in _activations(places, network, _SATURATING)
        },
    )


def _activations(places: list[str], network: Network, kinds: Sequence[str]) -> list[tuple[str, str]]:
    """Layers that are activations of these kinds, each with the layer before it."""
    if network.kind == RECURRENT or not places:
        return []
    layers = [place for place in places if place.rpartition(".")[2].startswith("activation_")]
    names = [*network.activations, *(network.activations[-1] for _ in network.head)]
    return [
        (place, places[places.index(place) - 1])
        for place, name in zip(layers, names, strict=True)
        if name in kinds
    ]


def _bad_until(seen: Seen) -> int:
    """The last epoch, after 30 % of all, until which accuracy was low or gained little; or 0."""
    first = max(1, ceil(_JUDGED_FROM * seen.epochs))
    ends = range(first, len(seen.accuracies) + 1)
    bad = [end for end in ends if max(seen.accuracies[:end]) < _LOW_ACCURACY or _slow(seen.accuracies[:end])]
    return max(bad, default=0)


def _slow(accuracies: Sequence[float]) -> bool:
    gains = [after - before for before, after in pairwise(accuracies)]
    return max(gains, default=0.0) < _LEAST_GAIN


def _norms(seen: Seen) -> list[tuple[float, float]]:
    """Of every epoch: the norm of the first weight's gradient, and its ratio to that of the last."""
    if not seen.gradients:
        return []
    first, last = next(iter(seen.gradients)), list(seen.gradients)[-1]
    pairs = zip(seen.gradients[first], seen.gradients[last], strict=True)
    sized = [(one * sqrt(seen.sizes[first]), other * sqrt(seen.sizes[last])) for one, other in pairs]
    return [(one, one / other if other else (inf if one else 1.0)) for one, other in sized]


def _not_finite(seen: Seen) -> bool:
    return not seen.finite


def _dying(seen: Seen) -> bool:
    return any(share >= _ZEROS for share in seen.gradient_zeros[: _bad_until(seen)])


def _exploding(seen: Seen) -> bool:
    return not seen.finite or any(ratio > _HIGH_RATIO for _, ratio in _norms(seen)[: _bad_until(seen)])


def _vanishing(seen: Seen) -> bool:
    return any(ratio < _LOW_RATIO and norm < _LOW_NORM for norm, ratio in _norms(seen)[: _bad_until(seen)])


def _gaining_little(seen: Seen) -> bool:
    return _bad_until(seen) > 0 and _slow(seen.accuracies[: max(1, ceil(_JUDGED_FROM * seen.epochs))])


def _oscillating(seen: Seen) -> bool:
    """Accuracy falls far behind its peaks, in a fifth of the epochs, of a training that else goes well."""
    triples = list(zip(seen.accuracies, seen.accuracies[1:], seen.accuracies[2:], strict=False))
    peaks = [now for before, now, after in triples if before <= now >= after]
    valleys = [now for before, now, after in triples if before >= now <= after]
    swings = sum(high - low >= _SWING for high, low in zip(peaks, valleys, strict=False))
    return not _bad_until(seen) and swings >= max(1, _SWINGS * len(seen.accuracies))


def _dead(seen: Seen) -> bool:
    return any(share >= _DEAD for shares in seen.dead.values() for share in shares)


def _saturated(seen: Seen) -> bool:
    """More than half beyond ±5. The probe gives a root mean square: as of a normal distribution around 0."""
    return any(_MEDIAN * size > _SATURATED_AT for sizes in seen.entering.values() for size in sizes)


def _no_gradient(seen: Seen) -> bool:
    """The root mean square takes the place of the mean of absolute numbers, which is a little smaller."""
    return any(size < _LEAST_GRADIENT for sizes in seen.gradients.values() for size in sizes)


def _small_updates(seen: Seen) -> bool:
    return any(ratio < _LEAST_UPDATE for ratios in seen.updates.values() for ratio in ratios)


def _large_updates(seen: Seen) -> bool:
    return any(
        isfinite(ratio) and ratio > _LARGEST_UPDATE for ratios in seen.updates.values() for ratio in ratios
    )


RULES: Mapping[str, Rule] = {
    "dying_relu": Rule(AUTOTRAINER, ("dead_units", "learning_rate_too_high"), _dying),
    "exploding_gradient": Rule(
        AUTOTRAINER, ("learning_rate_too_high", "initial_weights_too_large"), _exploding
    ),
    "vanishing_gradient": Rule(
        AUTOTRAINER, ("saturating_activation", "initial_weights_too_small"), _vanishing
    ),
    "slow_convergence": Rule(AUTOTRAINER, ("learning_rate_too_low", "too_few_epochs"), _gaining_little),
    "oscillating_loss": Rule(AUTOTRAINER, ("learning_rate_too_high", "momentum_too_high"), _oscillating),
    "not_finite": Rule(DEEP_DIAGNOSIS, ("learning_rate_too_high", "unscaled_inputs"), _not_finite),
    "dead_node": Rule(DEEP_DIAGNOSIS, ("dead_units", "learning_rate_too_high"), _dead),
    "saturated_activation": Rule(DEEP_DIAGNOSIS, ("saturating_activation", "unscaled_inputs"), _saturated),
    "no_gradient": Rule(DEEP_DIAGNOSIS, ("saturating_activation", "initial_weights_too_small"), _no_gradient),
    "small_updates": Rule(DEEP_DIAGNOSIS, ("learning_rate_too_low",), _small_updates),
    "large_updates": Rule(DEEP_DIAGNOSIS, ("learning_rate_too_high",), _large_updates),
}
"""By name, AutoTrainer's in the order in which it looks."""
